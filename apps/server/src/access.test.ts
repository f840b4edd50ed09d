import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Route, type RouteName, ROUTES, type Rule, type Verb } from '@roundhouse/api';
import { type AuditJournal, openIndex, openJournal, type SearchIndex } from '@roundhouse/audit';
import { Secret, silentLogger, systemClock } from '@roundhouse/core';
import { FakeSession } from '@roundhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from './log/silentLog.fixture.ts';
import { type Answer, EXPECTED, ROLES } from './policy/builtIn.fixture.ts';
import { FakeSupervisor } from './worker/supervisor.fixture.ts';
import { createServer, type Server } from './server.ts';
import { basic, bearer, call, type WireAnswer, type WireRequest, watchEvents } from './wire.fixture.ts';
import { hashPassword } from './identity/password.ts';

const TOKEN = 'a-token-of-this-test';
const ROOT = bearer(TOKEN);
const SESSIONS = '/api/v1/sessions';
const BY = { by: 'test' };
const PASSWORD = 'a password that nobody guesses';

/** What the custom role of this file may do: whatever is of the development hosts, but for two things. */
const DEV_RULES: Rule[] = [
  { verbs: ['*'], kinds: ['endpoint', 'endpoint_group', 'webhook', 'session', 'event'], labels: { env: 'dev' } },
  { effect: 'deny', verbs: ['delete'], kinds: ['endpoint'], labels: { tier: 'core' } },
  { verbs: ['get', 'list'], kinds: ['operation'], labels: { env: 'dev' } },
];

let server: Server;
let url = '';
let folder = '';
let audit: AuditJournal;
let auditIndex: SearchIndex;
let counter = 0;
/** Header of each principal, by its id: one of each built-in role, of the name of the role, and some more. */
const keys = new Map<string, string>();

const ask = (as: string, method: string, path: string, body?: unknown, more: WireRequest = {}): Promise<WireAnswer> =>
  call(url, method, path, { authorization: authorizationOf(as), ...(body === undefined ? {} : { body }), ...more });
const next = (what: string): string => `${what}-${++counter}`;

function authorizationOf(as: string): string {
  return as === 'root' ? ROOT : (keys.get(as) as string);
}

async function addPrincipal(id: string, roles: string[]): Promise<void> {
  await server.resources.create('principal', { id, roles }, BY);
  keys.set(id, bearer(await newKey(id)));
}

async function newKey(principal: string, more: object = {}, id = next('key')): Promise<string> {
  const { status, json } = await ask('root', 'POST', '/api/v1/api-keys', { id, principal, ...more });
  expect(status).toBe(201);
  return json?.['key'] as string;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'access-'));
  const auditDeps = { clock: systemClock, log: silentLogger };
  audit = await openJournal({ directory: join(folder, 'audit') }, auditDeps);
  auditIndex = openIndex({ directory: join(folder, 'index') }, { ...auditDeps, journal: audit });
  const plenty = { perSecond: 100_000, burst: 100_000 };
  server = await createServer(
    {
      port: 0,
      token: TOKEN,
      version: '1.2.3',
      maxSessions: 10_000,
      rateLimits: { anonymous: plenty, principal: plenty },
      authentication: { lockout: { max_failures_per_address: 10_000, delay_ms: 0 } },
    },
    {
      log: silentLog(),
      supervisor: new FakeSupervisor(),
      audit,
      auditIndex,
      auditPlace: { directory: join(folder, 'audit'), offHostSinks: [] },
      openSession: async (options, scope) => {
        const session = new FakeSession(options);
        scope.onEnd((reason) => session.destroy(reason));
        queueMicrotask(() => session.hostUnlocks());
        return session;
      },
    },
  );
  ({ url } = await server.start());
  const { resources } = server;
  for (const role of ROLES) await addPrincipal(role, [role]);
  await resources.create('role', { id: 'dev', rules: DEV_RULES }, BY);
  for (const id of ['dee', 'dan']) await addPrincipal(id, ['dev']);
  await addPrincipal('nobody', []);
  for (const env of ['dev', 'prod']) {
    await resources.create('endpoint_group', { id: env, labels: { env } }, BY);
    await resources.create('endpoint', endpoint(`${env}1`, { group: env, labels: { env } }), BY);
    await resources.create('webhook', webhook(`${env}-hook`, { env }), BY);
  }
  await resources.create('endpoint', endpoint('core', { group: 'dev', labels: { env: 'dev', tier: 'core' } }), BY);
  await resources.create('endpoint', endpoint('bare'), BY);
});
afterAll(async () => {
  await server.stop();
  await auditIndex.close();
  await audit.close();
  await rm(folder, { recursive: true, force: true });
});

function endpoint(id: string, more: object = {}) {
  return { id, host: '127.0.0.1', port: 23, probe: { kind: 'none' as const }, ...more };
}

function webhook(id: string, labels: Record<string, string> = {}) {
  // Nobody listens there: an attempt fails at once.
  const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
  return { id, url: 'http://127.0.0.1:9/hook', allow_private: true, events: ['webhook.test'], secret, labels };
}

async function openSession(as: string, body: object = { host: '127.0.0.1', port: 23 }): Promise<string> {
  const { status, json, text } = await ask(as, 'POST', SESSIONS, body);
  expect(status, text).toBe(201);
  return json?.['id'] as string;
}

/** A thing for a route to act upon, of the caller where it can be. */
async function thingFor({ permission }: Route, owner: string): Promise<string> {
  if (typeof permission !== 'object') return '';
  const { kind } = permission;
  switch (kind) {
    case 'session':
      return await openSession(owner);
    case 'operation': {
      const { json } = await ask(owner, 'POST', `${SESSIONS}/${await openSession(owner)}/suspend`);
      return json?.['id'] as string;
    }
    case 'endpoint':
      return (await server.resources.create('endpoint', endpoint(next('e')), BY)).id;
    case 'endpoint_group':
      return (await server.resources.create('endpoint_group', { id: next('g') }, BY)).id;
    case 'webhook':
      return (await server.resources.create('webhook', webhook(next('w')), BY)).id;
    case 'worker': {
      const id = next('w');
      return (await server.resources.create('worker', { id, command: ['true'], group: id }, BY)).id;
    }
    case 'role':
      return (await server.resources.create('role', { id: next('r'), rules: [] }, BY)).id;
    case 'principal':
      return (await server.resources.create('principal', { id: next('p'), roles: [] }, BY)).id;
    case 'api_key':
      return (
        await server.resources.create('api_key', { id: next('k'), principal: 'nobody', hash: 'a'.repeat(64) }, BY)
      ).id;
    default:
      return '';
  }
}

/** Bodies that the routes carry out. */
function bodyFor(name: string, id: string): unknown {
  const bodies: Readonly<Record<string, unknown>> = {
    createSession: { host: '127.0.0.1', port: 23 },
    sendInput: { actions: [] },
    migrateSession: { host: '127.0.0.1', port: 24 },
    createEndpoint: endpoint(next('made')),
    putEndpoint: endpoint(id, { weight: 2 }),
    createEndpointGroup: { id: next('made') },
    putEndpointGroup: { id, queue: { max: 7 } },
    createWorker: { id: next('made'), command: ['true'] },
    putWorker: { id, command: ['false'] },
    scaleWorker: { replicas: 2 },
    scaleWorkerGroup: { replicas: 2 },
    signalWorker: { signal: 'HUP' },
    execWorker: { command: ['true'] },
    createRole: { id: next('made'), rules: [] },
    putRole: { id, rules: [] },
    createPrincipal: { id: next('made'), roles: [] },
    putPrincipal: { id, roles: [], disabled: true },
    createApiKey: { id: next('made'), principal: 'nobody' },
    putApiKey: { id, principal: 'nobody', description: 'changed' },
    createWebhook: webhook(next('made')),
    putWebhook: webhook(id),
    putLogLevel: { level: 'silent' },
    putOverride: { path: 'limits.max_sessions', value: 5 },
    unlock: { principal: 'nobody' },
    replayDeliveries: {},
  };
  return bodies[name];
}

async function perform(
  name: string,
  route: Route,
  as: string,
  owner: string,
): Promise<{ id: string; answer: WireAnswer }> {
  const id = await thingFor(route, owner);
  const path = route.path
    .replace('{id}', id)
    .replace('{group}', id)
    .replace('{delivery}', '1')
    .replace('{module}', 'api')
    .replace('{seq}', '0');
  const query = QUERIES[name]?.(id) ?? '';
  return { id, answer: await ask(as, route.method, path + query, bodyFor(name, id)) };
}

const QUERIES: Readonly<Record<string, (id: string) => string>> = {
  canI: () => '?verb=get&kind=usage',
  deleteOverride: () => '?path=limits.max_sessions',
  getAuditConsistency: () => '?from=1&to=1',
  getWorkersLogs: (id) => `?worker=${id}`,
};

const TABLE = Object.entries<Route>(ROUTES);
const CELLS = TABLE.flatMap(([name, route]) =>
  ROLES.map((role, column) => {
    const row = EXPECTED[name as RouteName];
    return { name, route, role, answer: row === 'open' ? ('y' as Answer) : (row[column] as Answer) };
  }),
);

function expectForbidden({ status, json }: WireAnswer, what: string): void {
  expect({ what, status, code: json?.['code'] }).toEqual({ what, status: 403, code: 'FORBIDDEN' });
}

function expectServed({ status, text }: WireAnswer, what: string): void {
  // The receiver of the webhook is away, there is no configuration file, no delivery 1, nothing to take over.
  expect([200, 201, 202, 204, 404, 409], `${what}: ${status} ${text}`).toContain(status);
}

describe('each route and built-in role', () => {
  it.each(CELLS)('$name by $role: $answer', async ({ name, route, role, answer }) => {
    const isOwned = typeof route.permission === 'object' && /^(session|operation)$/.test(route.permission.kind);
    const foreign = await perform(name, route, role, 'root');
    const isCollection = !route.path.includes('{id}');
    if (answer === '-' || (answer === 'own' && !isCollection)) expectForbidden(foreign.answer, 'foreign');
    else expectServed(foreign.answer, 'foreign');
    if (answer === 'own' && isOwned) expectServed((await perform(name, route, role, role)).answer, 'own');
    if (typeof route.permission !== 'object') return;
    // What the caller is told beforehand is what happens.
    const { verb, kind } = route.permission;
    const one = route.path.includes('{id}') && !GONE_AFTER.has(name) ? `&id=${foreign.id}` : '';
    const { json } = await ask(role, 'GET', `/api/v1/can-i?verb=${verb}&kind=${kind}${one}`);
    expect({ allowed: json?.['allowed'] }).toEqual({ allowed: foreign.answer.status !== 403 });
    if (route.method !== 'GET') return;
    const head = await ask(
      role,
      'HEAD',
      route.path.replace('{id}', foreign.id).replace('{delivery}', '1').replace('{seq}', '0') +
        (QUERIES[name]?.(foreign.id) ?? ''),
    );
    expect(head.status).toBe(foreign.answer.status);
  });

  it.each(TABLE.filter(([name]) => EXPECTED[name as RouteName] !== 'open'))(
    '%s is for nobody without a role',
    async (name, route) => {
      expectForbidden((await perform(name, route, 'nobody', 'root')).answer, name);
    },
  );

  it('tells callers who they are', async () => {
    expect((await ask('root', 'GET', '/api/v1/whoami')).json).toEqual({
      principal: 'root',
      type: 'root',
      method: 'token',
      credential: null,
      roles: ['admin'],
    });
    expect((await ask('viewer', 'GET', '/api/v1/whoami')).json).toMatchObject({
      principal: 'viewer',
      type: 'person',
      method: 'api_key',
      roles: ['viewer'],
    });
  });
});

/** Routes after which the thing is not what it was. */
const GONE_AFTER: ReadonlySet<string> = new Set(['deleteSession', 'deleteEndpoint']);

const idsIn = ({ json = {} }: WireAnswer): string[] =>
  (json['items'] as { id: string }[]).map(({ id }) => id).toSorted();

describe('a session', () => {
  it('belongs to the principal that has made it, whichever key it used and whatever user it named', async () => {
    await addPrincipal('ann', ['user']);
    await addPrincipal('bob', ['user']);
    const other = bearer(await newKey('ann'));
    const id = await openSession('ann', { host: '127.0.0.1', port: 23, user: 'bob' });
    expect(idsIn(await ask('ann', 'GET', SESSIONS))).toEqual([id]);
    expect(idsIn(await call(url, 'GET', SESSIONS, { authorization: other }))).toEqual([id]);
    expect(idsIn(await ask('bob', 'GET', SESSIONS))).toEqual([]);
    for (const path of ['', '/screen', '/snapshot', '/explain']) {
      expectForbidden(await ask('bob', 'GET', `${SESSIONS}/${id}${path}`), path);
      expect((await ask('ann', 'GET', `${SESSIONS}/${id}${path}`)).status).toBe(200);
    }
    expectForbidden(await ask('bob', 'DELETE', `${SESSIONS}/${id}`), 'delete');
    expect((await ask('ann', 'DELETE', `${SESSIONS}/${id}`)).status).toBe(204);
    expect((await ask('bob', 'DELETE', `${SESSIONS}/${id}`)).json).toMatchObject({ code: 'SESSION_NOT_FOUND' });
  });

  it('has operations that its owner alone follows', async () => {
    const id = await openSession('user');
    const { json } = await ask('user', 'POST', `${SESSIONS}/${id}/suspend`);
    const operation = json?.['id'] as string;
    expect((await ask('user', 'GET', `/api/v1/operations/${operation}`)).status).toBe(200);
    expect(idsIn(await ask('user', 'GET', '/api/v1/operations'))).toContain(operation);
    expectForbidden(await ask('bob', 'GET', `/api/v1/operations/${operation}`), 'get');
    expect(idsIn(await ask('bob', 'GET', '/api/v1/operations'))).toEqual([]);
  });
});

describe('a role that asks for labels', () => {
  const list = (path: string) => ask('dee', 'GET', path).then(idsIn);

  it('shows those alone that have them, page by page', async () => {
    expect(await list('/api/v1/endpoints')).toEqual(['core', 'dev1']);
    expect(await list('/api/v1/endpoint-groups')).toEqual(['dev']);
    expect(await list('/api/v1/webhooks')).toEqual(['dev-hook']);
    const first = await ask('dee', 'GET', '/api/v1/endpoints?limit=1');
    const cursor = encodeURIComponent(String(first.json?.['next_cursor']));
    const second = await ask('dee', 'GET', `/api/v1/endpoints?limit=1&cursor=${cursor}`);
    expect([...idsIn(first), ...idsIn(second)]).toEqual(['core', 'dev1']);
    expect(second.json?.['next_cursor']).toBeNull();
    for (const id of ['prod1', 'bare']) expectForbidden(await ask('dee', 'GET', `/api/v1/endpoints/${id}`), id);
    for (const part of ['', '/deliveries', '/deliveries/1']) {
      expectForbidden(await ask('dee', 'GET', `/api/v1/webhooks/prod-hook${part}`), part);
    }
  });

  it('shows sessions by the labels of their group, whoever has made them', async () => {
    const dev = await openSession('dan', { group: 'dev' });
    await openSession('root', { group: 'prod' });
    await openSession('root');
    expect(await list(SESSIONS)).toEqual([dev]);
    expect((await ask('dee', 'GET', `${SESSIONS}/${dev}/screen`)).status).toBe(200);
    await ask('root', 'DELETE', `${SESSIONS}/${dev}`);
  });

  it('is minded by each of several rules: one that denies wins', async () => {
    expectForbidden(await ask('dee', 'DELETE', '/api/v1/endpoints/core'), 'core');
    expect((await ask('dee', 'POST', '/api/v1/endpoints/core/drain', { undo: true })).status).toBe(202);
  });

  const can = async (verb: Verb, kind: string, id?: string): Promise<unknown> =>
    (await ask('dee', 'GET', `/api/v1/can-i?verb=${verb}&kind=${kind}${id === undefined ? '' : `&id=${id}`}`)).json;

  it('is what can-i answers by', async () => {
    expect(await can('get', 'endpoint', 'dev1')).toMatchObject({ allowed: true, role: 'dev', rule: 1 });
    expect(await can('delete', 'endpoint', 'core')).toMatchObject({ allowed: false, role: 'dev', rule: 2 });
    expect(await can('list', 'endpoint')).toEqual({
      allowed: true,
      reason: 'allowed for some, by their labels, ids or owner',
      role: null,
      rule: null,
    });
    // One that may not be seen answers like one that there is not.
    expect(await can('get', 'endpoint', 'prod1')).toEqual(await can('get', 'endpoint', 'none'));
    expect(await can('list', 'principal')).toMatchObject({ allowed: false, reason: 'no rule allows' });
  });
});

describe('nobody gets out of labels by', () => {
  const dev = { env: 'dev' };

  it.each<[string, string, string, () => unknown]>([
    ['making a thing without them', 'POST', '/api/v1/endpoints', () => endpoint(next('x'))],
    ['making one with others', 'POST', '/api/v1/endpoints', () => endpoint(next('x'), { labels: { env: 'prod' } })],
    ['giving a thing others', 'PUT', '/api/v1/endpoints/dev1', () => endpoint('dev1', { labels: { env: 'prod' } })],
    ['taking those of a thing away', 'PUT', '/api/v1/endpoints/dev1', () => endpoint('dev1')],
    ['giving them to a thing of others', 'PUT', '/api/v1/endpoints/prod1', () => endpoint('prod1', { labels: dev })],
    ['giving them to a thing without', 'PUT', '/api/v1/endpoints/bare', () => endpoint('bare', { labels: dev })],
    ['putting a new thing without them', 'PUT', '/api/v1/endpoints/new', () => endpoint('new')],
    ['making a group of others', 'PUT', '/api/v1/endpoint-groups/prod', () => ({ id: 'prod', labels: dev })],
    [
      'putting an endpoint of theirs into the group of others',
      'POST',
      '/api/v1/endpoints',
      () => endpoint(next('x'), { labels: dev, group: 'prod' }),
    ],
    ['moving one there', 'PUT', '/api/v1/endpoints/dev1', () => endpoint('dev1', { labels: dev, group: 'prod' })],
    [
      'falling back on the group of others',
      'PUT',
      '/api/v1/endpoint-groups/dev',
      () => ({ id: 'dev', labels: dev, fallback: ['prod'] }),
    ],
    ['a session in the group of others', 'POST', SESSIONS, () => ({ group: 'prod' })],
    ['a session at an endpoint of others', 'POST', SESSIONS, () => ({ group: 'dev', endpoint: 'prod1' })],
    ['a session at an address', 'POST', SESSIONS, () => ({ host: '127.0.0.1', port: 23 })],
    ['a webhook that gets what they may not watch', 'POST', '/api/v1/webhooks', () => webhook(next('x'), dev)],
    ['a webhook that is sent elsewhere', 'PUT', '/api/v1/webhooks/dev-hook', () => webhook('dev-hook', dev)],
  ])('%s', async (_title, method, path, body) => {
    expectForbidden(await ask('dee', method, path, body()), path);
  });

  it('moving a session of theirs to others', async () => {
    const id = await openSession('dee', { group: 'dev' });
    for (const to of [{ endpoint: 'prod1' }, { endpoint: 'bare' }, { host: '127.0.0.1', port: 24 }]) {
      expectForbidden(await ask('dee', 'PUT', `${SESSIONS}/${id}/migrate`, to), JSON.stringify(to));
    }
    expect((await ask('dee', 'PUT', `${SESSIONS}/${id}/migrate`, { endpoint: 'core' })).status).not.toBe(403);
    await ask('root', 'DELETE', `${SESSIONS}/${id}`);
  });

  it('what they may do within them', async () => {
    const id = next('own');
    expect((await ask('dee', 'POST', '/api/v1/endpoints', endpoint(id, { labels: dev, group: 'dev' }))).status).toBe(
      201,
    );
    const path = `/api/v1/endpoints/${id}`;
    expect((await ask('dee', 'PUT', path, endpoint(id, { labels: { env: 'dev', tier: 'edge' } }))).status).toBe(200);
    expect((await ask('dee', 'DELETE', path)).status).toBe(204);
    const put = `/api/v1/endpoints/${next('put')}`;
    expect((await ask('dee', 'PUT', put, { host: '127.0.0.1', port: 23, labels: dev })).status).toBe(200);
    expect((await ask('dee', 'DELETE', put)).status).toBe(204);
    expect((await ask('dee', 'POST', '/api/v1/webhooks/dev-hook/replay', {})).json).toEqual({ replayed: 0 });
  });
});

describe('nobody gives away a right that is not theirs', () => {
  beforeAll(async () => {
    const kinds = ['principal', 'api_key'] as const;
    await server.resources.create('role', { id: 'helpdesk', rules: [{ verbs: ['*'], kinds: [...kinds] }] }, BY);
    await addPrincipal('hal', ['helpdesk', 'viewer']);
    await addPrincipal('boss', ['admin']);
  });

  it.each<[string, string, string, unknown]>([
    ['to a new principal', 'POST', '/api/v1/principals', { id: 'evil', roles: ['admin'] }],
    ['by a key of one who has it', 'POST', '/api/v1/api-keys', { id: 'boss-1', principal: 'boss' }],
    ['to themselves', 'PUT', '/api/v1/principals/hal', { roles: ['helpdesk', 'operator'] }],
    ['by a password of one who has it', 'PUT', '/api/v1/principals/boss', { roles: ['admin'], description: 'mine' }],
  ])('%s', async (_title, method, path, body) => {
    expectForbidden(await ask('hal', method, path, body), path);
  });

  it('but may give what they have', async () => {
    expect((await ask('hal', 'POST', '/api/v1/principals', { id: 'vic', roles: ['viewer'] })).status).toBe(201);
    expect((await ask('hal', 'POST', '/api/v1/api-keys', { id: 'vic-1', principal: 'vic' })).status).toBe(201);
  });
});

describe('an API key', () => {
  const who = (key: string): Promise<WireAnswer> => call(url, 'GET', '/api/v1/whoami', { authorization: bearer(key) });
  const code = async (key: string): Promise<unknown> => (await who(key)).json?.['code'];

  it('has fewer roles where it is narrowed, and never more', async () => {
    await addPrincipal('two', ['operator', 'viewer']);
    const narrow = await newKey('two', { roles: ['viewer', 'admin'] });
    expect((await who(narrow)).json?.['roles']).toEqual(['viewer']);
    const authorization = bearer(narrow);
    expect((await call(url, 'GET', '/api/v1/endpoints', { authorization })).status).toBe(200);
    expectForbidden(await call(url, 'POST', '/api/v1/endpoints', { authorization, body: endpoint(next('x')) }), 'post');
    expect((await ask('two', 'POST', '/api/v1/endpoints', endpoint(next('x')))).status).toBe(201);
  });

  it('is over with its time, gone when it is deleted, and bound to its addresses', async () => {
    await addPrincipal('keyed', ['viewer']);
    const past = await newKey('keyed', { expires_at: '2020-01-01T00:00:00Z' });
    expect(await code(past)).toBe('CREDENTIALS_EXPIRED');
    const elsewhere = await newKey('keyed', { addresses: ['192.0.2.0/24'] });
    expect(await who(elsewhere)).toMatchObject({ status: 403, json: { code: 'ADDRESS_NOT_ALLOWED' } });
    const gone = await newKey('keyed', {}, 'gone-key');
    expect((await who(gone)).status).toBe(200);
    await ask('root', 'DELETE', '/api/v1/api-keys/gone-key');
    expect(await who(gone)).toMatchObject({ status: 401, json: { code: 'CREDENTIALS_REVOKED' } });
    // Another of the same name does not bring it back.
    await newKey('keyed', {}, 'gone-key');
    expect(await code(gone)).toBe('CREDENTIALS_INVALID');
    expect(await code(`${gone.slice(0, -1)}${gone.endsWith('x') ? 'y' : 'x'}`)).toBe('CREDENTIALS_INVALID');
  });

  it('is shown once, and tells of its last use', async () => {
    await addPrincipal('seen', ['viewer']);
    const key = await newKey('seen', {}, 'seen-key');
    const first = await ask('root', 'GET', '/api/v1/api-keys/seen-key');
    expect(first.json).toMatchObject({ id: 'seen-key', last_used_at: null });
    expect(Object.keys(first.json ?? {})).not.toContain('key');
    await who(key);
    const second = await ask('root', 'GET', '/api/v1/api-keys/seen-key');
    expect(second.json?.['last_used_at']).toMatch(/^20\d\d-/);
    expect(first.text + second.text).not.toContain(key);
  });
});

describe('what is changed about a principal or a role holds from the next request on', () => {
  it('when the principal is disabled, enabled again, and gone', async () => {
    await addPrincipal('eve', ['viewer']);
    await server.resources.put('principal', { id: 'eve', roles: ['viewer'], disabled: true }, BY);
    expect(await ask('eve', 'GET', '/api/v1/endpoints')).toMatchObject({
      status: 403,
      json: { code: 'PRINCIPAL_DISABLED' },
    });
    await ask('root', 'PUT', '/api/v1/principals/eve', { roles: ['viewer'] });
    expect((await ask('eve', 'GET', '/api/v1/endpoints')).status).toBe(200);
    await ask('root', 'PUT', '/api/v1/principals/eve', { roles: [] });
    expectForbidden(await ask('eve', 'GET', '/api/v1/endpoints'), 'without a role');
    // A principal stays as long as there are keys for it.
    expect((await ask('root', 'DELETE', '/api/v1/principals/eve')).json).toMatchObject({ code: 'RESOURCE_IN_USE' });
  });

  it('when a password is remembered, too', async () => {
    const hash = await hashPassword(new Secret(PASSWORD), { randomBytes });
    await server.resources.create('principal', { id: 'pat', roles: ['viewer'], password_hash: hash }, BY);
    const look = () => call(url, 'GET', '/api/v1/usage', { authorization: basic('pat', PASSWORD) });
    expect((await look()).status).toBe(200);
    await ask('root', 'PUT', '/api/v1/principals/pat', { roles: ['viewer'], disabled: true });
    expect((await look()).json).toMatchObject({ code: 'PRINCIPAL_DISABLED' });
  });

  it('when a role gets other rules', async () => {
    await ask('root', 'POST', '/api/v1/roles', { id: 'fresh', rules: [] });
    await addPrincipal('fay', ['fresh']);
    expectForbidden(await ask('fay', 'GET', '/api/v1/usage'), 'no rule');
    await ask('root', 'PUT', '/api/v1/roles/fresh', { rules: [{ verbs: ['get'], kinds: ['usage'] }] });
    expect((await ask('fay', 'GET', '/api/v1/usage')).status).toBe(200);
    await ask('root', 'PUT', '/api/v1/roles/fresh', {
      rules: [
        { verbs: ['get'], kinds: ['usage'] },
        { effect: 'deny', verbs: ['*'], kinds: ['*'] },
      ],
    });
    expectForbidden(await ask('fay', 'GET', '/api/v1/usage'), 'denied');
  });
});

describe('a stream of events', () => {
  const isMark =
    (subject: string) =>
    (event: { readonly subject: string }): boolean =>
      event.subject === subject;

  it('has the events alone whose labels the watcher may see, old ones and new', async () => {
    const { journal } = server;
    const behind = journal.lastId;
    const tell = (subject: string, labels?: Record<string, string>) =>
      journal.publish('limit.recovered', subject, { used: 1, capacity: 2 }, labels === undefined ? {} : { labels });
    tell('old-prod', { env: 'prod' });
    tell('old-bare');
    tell('old-dev', { env: 'dev' });
    await journal.settled();
    using watcher = await watchEvents(url, { authorization: authorizationOf('dee'), lastEventId: behind });
    using all = await watchEvents(url, { authorization: authorizationOf('viewer'), lastEventId: behind });
    await watcher.until(isMark('old-dev'));
    const made = next('seen');
    await ask('dee', 'POST', '/api/v1/endpoints', endpoint(made, { labels: { env: 'dev' } }));
    await ask('root', 'POST', '/api/v1/endpoints', endpoint(next('unseen'), { labels: { env: 'prod' } }));
    tell('new-prod', { env: 'prod' });
    tell('new-dev', { env: 'dev' });
    await watcher.until(isMark('new-dev'));
    expect(watcher.events.map(({ subject }) => subject)).toEqual(['old-dev', made, 'new-dev']);
    await all.until(isMark('new-dev'));
    expect(all.events.length).toBeGreaterThan(watcher.events.length + 3);
  });

  it('has what happens to sessions and operations by the labels of where they are, to their end', async () => {
    using watcher = await watchEvents(url, { authorization: authorizationOf('dee') });
    for (const group of ['prod', 'dev']) {
      await ask('root', 'DELETE', `${SESSIONS}/${await openSession('root', { group })}`);
    }
    await ask('root', 'POST', '/api/v1/endpoints/prod1/drain', { undo: true });
    const { json } = await ask('root', 'POST', '/api/v1/endpoints/dev1/drain', { undo: true });
    const drained = json?.['id'] as string;
    await watcher.until(({ type, subject }) => type === 'roundhouse.operation.completed' && subject === drained);
    const types = watcher.events.map(({ type }) => type.replace('roundhouse.', ''));
    expect(types).toEqual(expect.arrayContaining(['session.created', 'session.closed', 'operation.completed']));
    expect(types.filter((type) => type === 'session.created')).toHaveLength(1);
    expect(watcher.events.map(({ data }) => (data['labels'] as { env?: string }).env)).toEqual(types.map(() => 'dev'));
    expect(idsIn(await ask('dee', 'GET', '/api/v1/operations'))).toContain(drained);
  });

  it('follows a change of the role while it is open', async () => {
    await ask('root', 'POST', '/api/v1/roles', { id: 'narrowing', rules: [{ verbs: ['watch'], kinds: ['event'] }] });
    await addPrincipal('wil', ['narrowing']);
    using watcher = await watchEvents(url, { authorization: authorizationOf('wil') });
    server.journal.publish('limit.recovered', 'before', { used: 1, capacity: 2 });
    await watcher.until(isMark('before'));
    const rules = [{ verbs: ['watch'], kinds: ['event'], labels: { env: 'dev' } }];
    await ask('root', 'PUT', '/api/v1/roles/narrowing', { rules });
    server.journal.publish('limit.recovered', 'hidden', { used: 1, capacity: 2 });
    server.journal.publish('limit.recovered', 'shown', { used: 1, capacity: 2 }, { labels: { env: 'dev' } });
    await watcher.until(isMark('shown'));
    expect(watcher.events.map(({ subject }) => subject)).not.toContain('hidden');
  });

  it.each<[string, () => Promise<unknown>]>([
    [
      'the principal changes',
      () => ask('root', 'PUT', '/api/v1/principals/sue', { roles: ['viewer'], disabled: true }),
    ],
    ['the key is revoked', () => ask('root', 'DELETE', '/api/v1/api-keys/sue-key')],
  ])('ends when %s that opened it', async (_title, change) => {
    if (server.resources.find('principal', 'sue') === undefined) await addPrincipal('sue', ['viewer']);
    await ask('root', 'PUT', '/api/v1/principals/sue', { roles: ['viewer'] });
    const authorization = bearer(await newKey('sue', {}, 'sue-key'));
    using watcher = await watchEvents(url, { authorization });
    await change();
    await watcher.ended;
    await expect(watchEvents(url, { authorization })).rejects.toThrow(/refused with 40[13]/);
    await server.resources.remove('api_key', 'sue-key', BY).catch(() => {});
  });
});
