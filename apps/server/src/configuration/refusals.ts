import type { Finding, Path } from '@roundhouse/config';
import { isRoundhouseError, type RoundhouseError } from '@roundhouse/core';
import { parseScript, planGroup } from '@roundhouse/sessions';
import { checkWorker, resolveWorker } from '@roundhouse/workers';
import { parseLogFilter } from '../log/filter.ts';
import { LOG_MODULES } from '../log/modules.ts';
import { blockList } from '../webhook/addressRule.ts';
import { checkUrl } from '../webhook/guard.ts';
import { createSigner } from '../webhook/signature.ts';
import type { ConfigurationValue } from './definition.ts';

/** What the parts of the product would not take, asked before anything runs: a configuration that passes can be applied. */
export function* refusals(value: ConfigurationValue): Iterable<Finding> {
  const { log, endpoint_groups: groups = [], endpoints = [], workers = [] } = value;
  const { webhooks = [], webhook_receivers: receivers } = value;
  const { level } = log ?? {};
  if (level !== undefined) yield* refused(['log', 'level'], () => parseLogFilter(level, LOG_MODULES));
  for (const [index, group] of groups.entries()) {
    // Told by a check of its own.
    if (group.warm && !group.navigation) continue;
    yield* refused(['endpoint_groups', index], () => planGroup(group));
  }
  for (const [index, { probe }] of endpoints.entries()) {
    const transaction = probe?.transaction;
    if (transaction === undefined) continue;
    yield* refused(['endpoints', index], () => parseScript(transaction, 'probe.transaction'));
  }
  for (const [index, worker] of workers.entries())
    yield* refused(['workers', index], () => checkWorker(resolveWorker(worker)));
  const allowed = blockList(receivers?.allow ?? []);
  for (const [index, { id, url, secret, allow_private: allowPrivate = false }] of webhooks.entries()) {
    const isPlain = url.startsWith('http:');
    if (!isPlain || allowPrivate) {
      yield* refused(['webhooks', index, 'url'], () => checkUrl(url, { allowPrivate, allowed }));
    }
    for (const [at, text] of [secret ?? []].flat().entries()) {
      const path: Path = ['webhooks', index, 'secret', ...(Array.isArray(secret) ? [at] : [])];
      yield* refused(path, () => createSigner(id, [text]));
    }
  }
}

function* refused(path: Path, work: () => unknown): Iterable<Finding> {
  try {
    work();
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
    const at = [...path, ...inside(error)];
    const { reason = error.message } = error.details;
    // Its hint is about addresses.
    const isOfForm = error.code === 'WEBHOOK_URL_FORBIDDEN' && error.details['address'] === undefined;
    yield { path: at, code: 'CONFIG_VALUE', details: { reason }, ...(isOfForm ? {} : { hint: error.hint }) };
  }
}

/** The place within it: of a script `navigation.steps[0].expect`, of a worker `limits.memory`. */
function inside({ code, details }: RoundhouseError): Path {
  const place = details[PLACES[code] ?? ''];
  if (typeof place !== 'string') return [];
  return place
    .split(/[.[\]]+/)
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** Names of the details that have it, by code. */
const PLACES: Readonly<Record<string, string>> = {
  LOG_PATTERN_INVALID: 'field',
  NAVIGATION_INVALID: 'path',
  SCHEDULE_INVALID: 'field',
  WORKER_INVALID: 'field',
  WORKER_UNIT_CONFLICT: 'field',
};
