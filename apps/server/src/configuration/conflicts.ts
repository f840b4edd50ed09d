import { isIP } from 'node:net';
import type { Finding, Path } from '@roundhouse/config';
import { isLoopback } from '../http/clientAddress.ts';
import type { ConfigurationValue } from './definition.ts';
import { conflict } from './conflict.ts';
import { maskingConflicts } from './maskingConflicts.ts';
import { refusals } from './refusals.ts';
import { roleNames } from './roleNames.ts';
import { workerConflicts } from './workers.ts';

type Check = (value: ConfigurationValue) => Iterable<Finding> | Promise<Iterable<Finding>>;

/** Contradictions that no schema sees. */
export const conflicts: readonly Check[] = [
  exposure,
  sharedPorts,
  mailReceiver,
  doorInFrontOfItself,
  clientAuthorities,
  roleNames,
  fallbacks,
  warmPools,
  probes,
  repeatedEndpoints,
  workerConflicts,
  webhooks,
  limits,
  compliance,
  maskingConflicts,
  auditIndex,
  overwriting,
  refusals,
];

/** Rules and the language of their expressions take a while to load: only where there is something to check. */
async function compliance(value: ConfigurationValue): Promise<Iterable<Finding>> {
  if (value.compliance === undefined) return [];
  const { complianceConflicts } = await import('../compliance/conflicts.ts');
  return complianceConflicts(value);
}

/** Nothing listens beyond this machine, and nothing listens there in the clear, unless it is said. */
function* exposure({ server = {}, front_door: door }: ConfigurationValue): Iterable<Finding> {
  const { host, allow_remote, allow_plain, tls } = server;
  if (host !== undefined && !isLocal(host)) {
    if (allow_remote !== true) yield remote(['server', 'host'], host);
    else if (tls === undefined && allow_plain !== true) {
      yield conflict(
        ['server', 'host'],
        `${host} can be reached from other machines, where tokens and screens would pass in the clear`,
        'add `tls`, or say `allow_plain: true`',
      );
    }
  }
  if (door?.host !== undefined && !isLocal(door.host) && door.allow_remote !== true) {
    yield remote(['front_door', 'host'], door.host);
  }
}

/** It follows the store where it has no database of its own. */
function* auditIndex({ audit, store }: ConfigurationValue): Iterable<Finding> {
  const { index } = audit ?? {};
  if (index?.type !== 'postgres' || index.url !== undefined || /^postgres(?:ql)?:/.test(store?.url ?? '')) return;
  yield conflict(
    ['audit', 'index', 'type'],
    'the index has no database: `store.url` is not PostgreSQL',
    'name one in `audit.index.url`',
  );
}

/** What nobody can change cannot be overwritten. */
function* overwriting({ audit }: ConfigurationValue): Iterable<Finding> {
  const { overwrite, attributes } = audit?.retention ?? {};
  if (overwrite === undefined || attributes !== true) return;
  yield conflict(
    ['audit', 'retention', 'overwrite'],
    'segments that are locked with chattr cannot be overwritten',
    'take out `overwrite`, or `attributes`',
  );
}

function remote(path: Path, host: string): Finding {
  return conflict(path, `${host} can be reached from other machines`, 'say `allow_remote: true` beside it');
}

function* sharedPorts({ server = {}, front_door: door }: ConfigurationValue): Iterable<Finding> {
  const { host = '127.0.0.1', port = 7070 } = server;
  if (door === undefined || port === 0 || door.port !== port) return;
  const doorHost = door.host ?? '127.0.0.1';
  const isShared = host === doorHost || isEverywhere(host) || isEverywhere(doorHost);
  if (!isShared) return;
  yield {
    ...conflict(
      ['front_door', 'port'],
      `the API and the front door both want port ${port}`,
      'give one of them another',
    ),
    related: server.port === undefined ? [] : [{ path: ['server', 'port'], message: 'the API has it here' }],
  };
}

function* mailReceiver({ server = {}, front_door: door, mail, store }: ConfigurationValue): Iterable<Finding> {
  if (mail === undefined) return;
  const { host = '127.0.0.1', port, tls, start_tls: startTls } = mail;
  if (!isLocal(host)) {
    if (mail.allow_remote !== true) yield remote(['mail', 'host'], host);
    else if (tls === undefined && startTls === undefined && mail.allow_plain !== true) {
      yield conflict(
        ['mail', 'host'],
        `${host} can be reached from other machines, where mail would pass in the clear`,
        'add `start_tls` or `tls`, or say `allow_plain: true`',
      );
    }
  }
  if (mail.require_tls === true && tls === undefined && startTls === undefined) {
    yield conflict(['mail', 'require_tls'], 'no mail could be taken without a certificate', 'add `start_tls` or `tls`');
  }
  if (mail.keep === 'store' && mail.directory !== undefined) {
    yield conflict(['mail', 'directory'], 'mail that the store keeps has no Maildir', 'leave it out');
  }
  if (mail.keep === 'store' && /^memory:$|:memory:/.test(store?.url ?? '')) {
    yield conflict(
      ['mail', 'keep'],
      'a store in memory forgets mail that was taken',
      'give the store a database, or keep mail in a Maildir',
    );
  }
  if (mail.keep !== 'store' && mail.max_age_days !== undefined) {
    yield conflict(
      ['mail', 'max_age_days'],
      'only the store forgets mail by its age',
      'say `keep: store`, or leave it out',
    );
  }
  const others = [
    { path: ['server', 'port'], what: 'the API', host: server.host ?? '127.0.0.1', port: server.port ?? 7070 },
    ...(door === undefined
      ? []
      : [{ path: ['front_door', 'port'], what: 'the front door', host: door.host ?? '127.0.0.1', port: door.port }]),
  ];
  for (const other of others) {
    if (port === 0 || other.port !== port) continue;
    if (host !== other.host && !isEverywhere(host) && !isEverywhere(other.host)) continue;
    yield {
      ...conflict(['mail', 'port'], `${other.what} wants port ${port} too`, 'give one of them another'),
      related:
        other.what === 'the API' && server.port === undefined ? [] : [{ path: other.path, message: 'it is here' }],
    };
  }
}

function* doorInFrontOfItself({ front_door: door, endpoints = [] }: ConfigurationValue): Iterable<Finding> {
  if (door === undefined || door.port === 0) return;
  for (const [index, { host, port }] of endpoints.entries()) {
    if (port !== door.port || !isLocal(host)) continue;
    yield {
      ...conflict(
        ['endpoints', index, 'port'],
        'this endpoint is our own front door: sessions would go round in circles',
        'name the host behind it',
      ),
      related: [{ path: ['front_door', 'port'], message: 'the front door listens here' }],
    };
  }
}

function* clientAuthorities({ server, front_door: door, mail }: ConfigurationValue): Iterable<Finding> {
  const listeners = [
    [['server', 'tls'], server?.tls],
    [['front_door', 'tls'], door?.tls],
    [['front_door', 'start_tls'], door?.start_tls],
    [['mail', 'tls'], mail?.tls],
    [['mail', 'start_tls'], mail?.start_tls],
  ] as const;
  for (const [path, tls] of listeners) {
    const wants = tls?.client_certificates === 'request' || tls?.client_certificates === 'require';
    if (!wants || tls.client_ca_file !== undefined) continue;
    yield conflict(
      [...path, 'client_certificates'],
      'client certificates are wanted, but nobody is trusted to sign them',
      'add `client_ca_file`',
    );
  }
}

function* fallbacks({ endpoint_groups: groups = [] }: ConfigurationValue): Iterable<Finding> {
  const indices = new Map(groups.map(({ id }, index) => [id, index]));
  const told = new Set<string>();
  for (const [index, { id }] of groups.entries()) {
    if (told.has(id)) continue;
    const way = wayBack(id, groups);
    if (way === undefined) continue;
    const item = groups[index]?.fallback?.indexOf(way[1] as string) ?? 0;
    yield {
      ...conflict(
        ['endpoint_groups', index, 'fallback', item],
        `the group ${id} falls back to itself: ${way.join(' → ')}`,
        'leave one of these steps out',
      ),
      related: way.slice(1, -1).map((each) => ({
        path: ['endpoint_groups', indices.get(each) as number, 'fallback'],
        message: `${each} goes on here`,
      })),
    };
    for (const each of way) told.add(each);
  }
}

/** From a group over those that take over for it back to itself; undefined where no way leads there. */
function wayBack(id: string, groups: NonNullable<ConfigurationValue['endpoint_groups']>): string[] | undefined {
  const byId = new Map(groups.map((group) => [group.id, group.fallback ?? []]));
  const seen = new Set<string>();
  const search = (way: readonly string[]): string[] | undefined => {
    for (const next of byId.get(way.at(-1) as string) ?? []) {
      if (next === id) return [...way, next];
      if (seen.has(next)) continue;
      seen.add(next);
      const found = search([...way, next]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return search([id]);
}

function* warmPools({ endpoint_groups: groups = [] }: ConfigurationValue): Iterable<Finding> {
  for (const [index, { warm, navigation }] of groups.entries()) {
    if (warm === undefined || warm === null || (navigation !== undefined && navigation !== null)) continue;
    yield conflict(
      ['endpoint_groups', index, 'warm'],
      'sessions cannot be kept ready without a script that says where',
      'add `navigation`',
    );
  }
}

function* probes({ endpoints = [] }: ConfigurationValue): Iterable<Finding> {
  for (const [index, { probe, tls }] of endpoints.entries()) {
    const { kind, timeout_ms: timeout = 5_000, interval_ms: interval = 10_000 } = probe ?? {};
    if (timeout > interval) {
      const field = probe?.timeout_ms === undefined ? 'interval_ms' : 'timeout_ms';
      yield conflict(
        ['endpoints', index, 'probe', field],
        `a probe may take ${timeout} ms, but the next one is due after ${interval} ms`,
        'make `timeout_ms` smaller than `interval_ms`',
      );
    }
    if (kind === 'tls' && (tls === undefined || tls === false)) {
      yield conflict(
        ['endpoints', index, 'probe', 'kind'],
        'the probe wants TLS, but the endpoint has none',
        'add `tls: true`',
      );
    }
  }
}

function* repeatedEndpoints({ endpoints = [] }: ConfigurationValue): Iterable<Finding> {
  const first = new Map<string, number>();
  for (const [index, { host, port, group = null }] of endpoints.entries()) {
    const key = `${host.toLowerCase()} ${port} ${group ?? ''}`;
    const before = first.get(key);
    if (before === undefined) first.set(key, index);
    else {
      yield {
        ...conflict(['endpoints', index, 'host'], `${host}:${port} is in this group twice`, 'leave one of the two out'),
        severity: 'warning',
        related: [{ path: ['endpoints', before, 'host'], message: 'it is here already' }],
      };
    }
  }
}

function* webhooks({ webhooks: hooks = [] }: ConfigurationValue): Iterable<Finding> {
  for (const [index, { url, allow_private, secret }] of hooks.entries()) {
    if (url.startsWith('http:') && allow_private !== true) {
      yield conflict(
        ['webhooks', index, 'url'],
        'events would pass in the clear',
        'use https, or say `allow_private: true`',
      );
    }
    if (secret === undefined) {
      yield conflict(
        ['webhooks', index],
        'nobody could check what this webhook sends',
        'add `secret: secret://env/NAME`, and give NAME `whsec_` and 32 random bytes as base64',
      );
    }
  }
}

function* limits({ limits: of = {} }: ConfigurationValue): Iterable<Finding> {
  const pairs = [
    ['max_sessions_per_user', 'max_sessions'],
    ['max_connections_per_address', 'max_connections'],
  ] as const;
  for (const [part, whole] of pairs) {
    const [least, most] = [of[part], of[whole]];
    if (least === undefined || most === undefined || least <= most) continue;
    yield {
      ...conflict(
        ['limits', part],
        `\`${part}\` is ${least}, but \`${whole}\` is ${most}: it is never reached`,
        'make it smaller, or leave it out',
      ),
      severity: 'warning',
      related: [{ path: ['limits', whole], message: 'the limit of all' }],
    };
  }
}

function isLocal(host: string): boolean {
  return host === 'localhost' || (isIP(host) !== 0 && isLoopback(host));
}

function isEverywhere(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
