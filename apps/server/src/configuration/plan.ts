import { type Change, diffConfig, type Plan, type PlanRules } from '@roundhouse/config';
import { type ConfigurationValue, KEYED_LISTS, SECRETS } from './definition.ts';

/** What a change of each part does to what runs. What is not named wants a restart. */
export const PLAN_RULES: PlanRules = {
  keyedLists: KEYED_LISTS,
  secrets: SECRETS,
  actions: [
    // Sessions on another host, or on one that goes, move first.
    ...['host', 'port', 'tls', 'start_tls', 'compat', 'group'].map(
      (field) => ({ path: `endpoints[].${field}`, action: 'drain' }) as const,
    ),
    { path: 'endpoints[]', action: { add: 'live', change: 'live', remove: 'drain' } },
    // A legal hold that waited for a restart would come too late.
    ...[
      'audit.retention.holds',
      'endpoint_groups[]',
      'roles[]',
      'principals[]',
      'api_keys[]',
      'workers[]',
      'webhooks[]',
    ].map((path) => ({ path, action: 'live' }) as const),
    ...['mail.accept', 'mail.allow_from', 'mail.max_kept', 'mail.max_kept_bytes', 'mail.max_age_days'].map(
      (path) => ({ path, action: 'live' }) as const,
    ),
    ...['limits.max_sessions', 'limits.max_sessions_per_user', 'sessions', 'shutdown', 'log.level', 'compliance'].map(
      (path) => ({ path, action: 'live' }) as const,
    ),
  ],
};

/**
 * What leads from the configuration before to the next, and what still waits for the restart that it wants since the
 * process started.
 */
export function planReload(started: ConfigurationValue, before: ConfigurationValue, next: ConfigurationValue): Plan {
  const { changes, action } = diffConfig(before, next, PLAN_RULES);
  const waiting = diffConfig(started, next, PLAN_RULES).changes.flatMap(restartOf);
  if (waiting.length === 0) return { changes, action };
  const known = new Set(changes.map(({ path }) => path));
  return {
    changes: [
      ...changes.map((change) =>
        joined(
          change,
          waiting.find(({ path }) => path === change.path),
        ),
      ),
      ...waiting.filter(({ path }) => !known.has(path)),
    ],
    action: 'restart',
  };
}

/** The part of a change that wants a restart. */
function restartOf(change: Change): Change[] {
  if (change.action !== 'restart') return [];
  return [{ ...change, fields: change.fields.filter(({ action }) => action === 'restart') }];
}

function joined(change: Change, waiting: Change | undefined): Change {
  if (waiting === undefined) return change;
  const named = new Set(change.fields.map(({ field }) => field));
  const fields = [...change.fields, ...waiting.fields.filter(({ field }) => !named.has(field))];
  return { ...change, fields: change.fields.length === 0 ? [] : fields, action: 'restart' };
}
