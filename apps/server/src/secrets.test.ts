import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { RESOURCE_KIND_NAMES, RESOURCE_KINDS, type Route, ROUTES } from '@roundhouse/api';
import { createScope, isRoundhouseError, Secret, systemClock } from '@roundhouse/core';
import { createCertificateAuthority, FakeSession } from '@roundhouse/testing';
import { FIELD_ATTRIBUTE } from '@roundhouse/tn3270';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examine } from './diagnosis/examine.ts';
import { supportBundle } from './diagnosis/supportBundle.ts';
import { hashPassword } from './identity/password.ts';
import { errorFields } from './log/errorFields.ts';
import { type RunningServer, type RunOptions, runServer } from './run/run.ts';
import { basic, bearer, call, type WireAnswer, type WireRequest, watchEvents } from './wire.fixture.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** What must be found nowhere, by what it is. What is made on the way is added. */
const planted = new Map<string, string>(
  Object.entries({
    'root token': 'planted-root-token-71c3',
    'wrong token': 'planted-wrong-token-90aa',
    'token in a query': 'planted-query-token-4411',
    password: 'planted password of joe 5520',
    'wrong password': 'planted-wrong-password-8d2e',
    'password for a directory': 'planted-ldap-password-63b1',
    'password without a hash': 'planted-plain-password-17d4',
    'bind password': 'planted-bind-password-ae01',
    'bind password of a bad file': 'planted-bad-bind-password-77f2',
    'password in a URL': 'planted-url-password-c0de',
    'password of a collector': 'planted-otlp-password-1e1e',
    'secret of an issuer': 'planted-issuer-secret-of-thirty-two-bytes-or-more-2b',
    'secret of a webhook': base64('planted-webhook-secret-bytes-0001'),
    'secret of a webhook that is no good': 'plantedbadwebhooksecret00',
    'secret of a webhook in the file': base64('planted-webhook-secret-bytes-0002'),
    cookie: 'planted-cookie-2f2f',
    'header with a key': 'planted-header-key-3e3e',
    'value of a variable': 'planted-variable-value-b7b7',
    'text in a hidden field': 'PLANTEDHIDDEN',
    'hash of a key': 'abad1dea'.repeat(8),
    'broken JSON': 'planted-in-broken-json-9f9f',
    'variable of a worker': 'planted-worker-variable-6a6a',
    'secret of a worker': 'planted-worker-secret-5c5c',
    'variable of a worker in the file': 'planted-filed-worker-variable-4d4d',
    'secret of a worker in the file': 'planted-filed-worker-secret-8e8e',
  }),
);
const secret = (what: string): string => planted.get(what) as string;
const ROOT = bearer(secret('root token'));

const folder = mkdtempSync(join(tmpdir(), 'roundhouse-secrets-'));
const home = join(folder, 'home');
const config = join(folder, 'roundhouse.yaml');
const logFile = join(folder, 'roundhouse.log');
const variables = { BIND_PASSWORD: secret('bind password'), OTHER_SECRET: secret('value of a variable') };
/** Everything that came back, headers and all. */
const answers: string[] = [];
let running: RunningServer;

beforeAll(async () => {
  const authority = createCertificateAuthority();
  const listener = authority.issue();
  const client = authority.issue({ use: 'client' });
  // A line of the base64 of each key, which is not in its certificate.
  planted.set('key of a listener', listener.key.split('\n')[2] as string);
  planted.set('key of an endpoint', client.key.split('\n')[2] as string);
  planted.set('password as Basic sends it', base64(`joe:${secret('password')}`));
  planted.set('wrong password as Basic sends it', base64(`joe:${secret('wrong password')}`));
  const hash = await hashPassword(new Secret(secret('password')), { randomBytes });
  planted.set('hash of a password', hash.split('$').at(-1) as string);
  writeFileSync(join(folder, 'cert.pem'), listener.cert);
  writeFileSync(join(folder, 'key.pem'), listener.key, { mode: 0o600 });
  writeFileSync(config, configuration({ hash, client }));
  running = await start();
});
afterAll(async () => {
  await running?.[Symbol.asyncDispose]();
  // Who keeps what workers have written lives on, until its directory is gone.
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
});

/** JSON is YAML. */
function configuration({
  hash,
  client,
}: {
  readonly hash: string;
  readonly client: { cert: string; key: string };
}): string {
  const tls = { cert_file: join(folder, 'cert.pem'), key_file: join(folder, 'key.pem') };
  return JSON.stringify(
    {
      server: { port: 0 },
      front_door: { port: 0, tls },
      log: { level: 'debug', file: { path: logFile } },
      tracing: { otlp_url: `http://user:${secret('password of a collector')}@127.0.0.1:9/`, sample_ratio: 0 },
      authentication: {
        lockout: { max_failures: 1_000, max_failures_per_address: 10_000, delay_ms: 0 },
        issuers: [{ issuer: 'urn:test', audience: 'test', secret: secret('secret of an issuer') }],
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration substitutes it
        ldap: { url: 'ldap://127.0.0.1:1', base_dn: 'dc=x', bind_dn: 'cn=x', bind_password: '${BIND_PASSWORD}' },
      },
      principals: [{ id: 'joe', roles: ['admin'], password_hash: hash }],
      api_keys: [{ id: 'filed', principal: 'joe', hash: secret('hash of a key') }],
      endpoints: [{ id: 'e1', host: '127.0.0.1', port: 9, probe: { kind: 'none' }, tls: client }],
      workers: [worker('filed', secret('variable of a worker in the file'), secret('secret of a worker in the file'))],
      webhooks: [
        { id: 'filed', url: 'https://localhost:9/', secret: `whsec_${secret('secret of a webhook in the file')}` },
      ],
    },
    null,
    2,
  );
}

/** It is never started: nobody else is told. */
function worker(id: string, variable: string, value: string) {
  return {
    id,
    enabled: false,
    command: ['true'],
    environment: { PASSWORD: variable },
    secrets: [{ name: 'key', value }],
  };
}

function options(more: Partial<RunOptions> = {}): RunOptions {
  return {
    version: '1.2.3',
    home,
    sources: { file: config },
    isWatched: false,
    variables,
    openSession: async (sessionOptions, scope) => {
      const session = new FakeSession(sessionOptions);
      scope.onEnd((reason) => session.destroy(reason));
      queueMicrotask(() => {
        session.hostSetsField(1, 1, FIELD_ATTRIBUTE.Nondisplay);
        session.hostSetsField(1, 40, FIELD_ATTRIBUTE.Protected);
        session.hostUnlocks();
      });
      return session;
    },
    defaults: { port: 0, frontPort: undefined, logFilter: 'debug', token: secret('root token') },
    ...more,
  };
}

const start = (): Promise<RunningServer> => runServer(options());

async function ask(method: string, path: string, more: WireRequest = {}, isSearched = true): Promise<WireAnswer> {
  const answer = await call(running.url, method, path, {
    authorization: ROOT,
    ...more,
    headers: { cookie: `session=${secret('cookie')}`, 'x-api-key': secret('header with a key'), ...more.headers },
  });
  if (isSearched) answers.push(`${JSON.stringify(answer.headers)}\n${answer.text}`);
  return answer;
}

function expectNoSecret(where: string, text: string): void {
  const found = [...planted].filter(([, value]) => text.includes(value)).map(([what]) => what);
  expect({ where, found }).toEqual({ where, found: [] });
}

/** Makes and uses every secret, rightly and wrongly. What shows a new secret is not searched; the secret is remembered. */
async function goThrough(): Promise<void> {
  const made = async (what: string, path: string, body: object, field: string): Promise<void> => {
    const { status, json = {}, text } = await ask('POST', path, { body }, false);
    expect(status, text).toBe(201);
    planted.set(what, (json[field] as string).replace(/^whsec_/, ''));
  };
  await made('API key', '/api/v1/api-keys', { id: 'k1', principal: 'joe' }, 'key');
  await made(
    'secret that was made',
    '/api/v1/webhooks',
    { id: 'w1', url: 'http://127.0.0.1:9/', allow_private: true },
    'secret',
  );

  const given = `whsec_${secret('secret of a webhook')}`;
  const hook = { url: 'http://127.0.0.1:9/', allow_private: true, secret: given, events: ['webhook.test'] };
  await ask('POST', '/api/v1/webhooks', { body: { id: 'w2', ...hook } });
  await ask('PUT', '/api/v1/webhooks/w2', { body: { ...hook, secret: [given], description: 'changed' } });
  await ask('POST', '/api/v1/webhooks/w2/test');
  await ask('POST', '/api/v1/webhooks', {
    body: { ...hook, secret: `whsec_${secret('secret of a webhook that is no good')}` },
  });
  const withPassword = `https://user:${secret('password in a URL')}@receiver.example/`;
  await ask('POST', '/api/v1/webhooks', { body: { url: withPassword } });

  for (const authorization of [
    basic('joe', secret('password')),
    basic('joe', secret('wrong password')),
    basic('nobody', secret('password for a directory')),
    `Basic ${secret('wrong token')}`,
    `Digest ${secret('wrong token')}`,
    bearer(secret('wrong token')),
    bearer(secret('API key')),
    bearer(`${secret('API key').slice(0, -1)}!`),
    bearer(jwt(secret('secret of an issuer'))),
    bearer(jwt(secret('wrong token').repeat(2))),
  ]) {
    await ask('GET', '/api/v1/whoami', { authorization });
  }

  for (const body of [
    { id: 'p1', roles: [], password: secret('password without a hash') },
    { id: 'p1', roles: [], password_hash: secret('password without a hash') },
    { id: 'root', roles: [], password_hash: secret('password without a hash') },
  ]) {
    await ask('POST', '/api/v1/principals', { body });
  }
  const supervised = worker('w', secret('variable of a worker'), secret('secret of a worker'));
  for (const body of [
    supervised,
    { ...supervised, id: 'x', attach: { port: 80 } },
    { ...supervised, id: 'x', enviroment: {} },
  ]) {
    await ask('POST', '/api/v1/workers', { body });
  }
  await ask('PUT', '/api/v1/workers/w', { body: { ...supervised, description: 'changed' } });
  await ask('POST', '/api/v1/api-keys', { body: { id: 'k2', principal: 'none', hash: secret('hash of a key') } });
  await ask('PUT', '/api/v1/api-keys/filed', { body: { principal: 'joe', hash: secret('hash of a key') } });
  await brokenBody();

  const { json: session } = await ask('POST', '/api/v1/sessions', {
    body: { host: '127.0.0.1', port: 23, user: 'JOE' },
  });
  const path = `/api/v1/sessions/${String(session?.['id'])}`;
  const typed = { type: 'text', text: secret('text in a hidden field') };
  await ask('POST', `${path}/input`, { body: { actions: [typed] } });
  await ask('POST', `${path}/input`, {
    body: {
      actions: [
        { ...typed, text: typed.text.repeat(9) },
        { type: 'key', key: 'Enter' },
      ],
    },
  });
  await ask('POST', `${path}/input`, { body: { actions: [{ type: 'field', row: 1, column: 50, value: typed.text }] } });
  for (const part of [
    '/screen',
    '/screen?format=text',
    '/screen?format=cells',
    '/screen?format=html',
    '/snapshot',
    '/explain',
  ]) {
    await ask('GET', path + part);
  }

  await reloads();
  for (const route of Object.values<Route>(ROUTES)) {
    if (route.method !== 'GET' || route.path === '/api/v1/events') continue;
    const one = idFor(route.path);
    const url = route.path.replace('{id}', one).replace('{delivery}', '1');
    await ask('GET', url);
    await ask('GET', `${url}?token=${secret('token in a query')}&access_token=${secret('token in a query')}`);
    await ask('GET', url, { authorization: undefined });
  }
  await ask('GET', '/api/v1/metrics?format=csv');
  await ask('DELETE', '/api/v1/api-keys/k1');
  await ask('GET', '/api/v1/whoami', { authorization: bearer(secret('API key')) });
}

function idFor(path: string): string {
  if (path.includes('/webhooks/')) return 'w2';
  if (path.includes('/workers/')) return 'w';
  if (path.includes('/api-keys/')) return 'filed';
  if (path.includes('/principals/')) return 'joe';
  return path.includes('/endpoints/') ? 'e1' : 'none';
}

function jwt(key: string): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: 'urn:test', aud: 'test', sub: 'bot', exp: Math.floor(Date.now() / 1_000) + 60 };
  const content = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  const token = `${content}.${createHmac('sha256', key).update(content).digest('base64url')}`;
  planted.set(`JWT signed with ${key.slice(0, 14)}`, token);
  return token;
}

async function brokenBody(): Promise<void> {
  const { body, statusCode } = await request(`${running.url}/api/v1/principals`, {
    method: 'POST',
    headers: { authorization: ROOT, 'content-type': 'application/json' },
    body: `{"id": "p", "password": "${secret('broken JSON')}`,
  });
  expect(statusCode).toBe(400);
  answers.push(await body.text());
}

/** Files whose faults lie where secrets are, or may be. */
async function reloads(): Promise<void> {
  const good = readFileSync(config, 'utf8');
  const bad = secret('bind password of a bad file');
  for (const text of [
    `authentication: {ldap: {url: "ldap://127.0.0.1:1", base_dn: x, bind_dn: x, bind_password: [${bad}]}}`,
    `authentication: {ldap: {url: "ldap://127.0.0.1:1", base_dn: x, bind_pasword: ${bad}}}`,
    `authentication: {lpad: {bind_password: ${bad}}}`,
    `authentication:\n  ldap:\n    bind_password: ${bad}\n   broken: {`,
    `store: {url: "postgres://user:${secret('password in a URL')}@127.0.0.1:1/x", urll: x}`,
    `principals: [{id: joe, roles: [], password_hash: ${secret('password without a hash')}}]`,
    `webhooks: [{id: w, url: "https://x.example", secret: ${secret('secret of a webhook that is no good')}}]`,
    `tracing: {otlp_url: "ftp://user:${secret('password in a URL')}@127.0.0.1"}`,
    `server: {port: "\${OTHER_SECRET}"}`,
    `workers: [{id: w, command: [x], enviroment: {A: ${secret('variable of a worker in the file')}}}]`,
    `workers: [{id: w, attach: {port: 1}, environment: {A: ${secret('variable of a worker in the file')}}}]`,
    `workers: [{id: w, command: [x], secrets: [{name: k, valu: ${secret('secret of a worker in the file')}}]}]`,
  ]) {
    writeFileSync(config, text);
    const { status } = await ask('POST', '/api/v1/configuration/reload', { body: {} });
    expect({ text, status }).toEqual({ text, status: 422 });
  }
  writeFileSync(config, good);
  expect((await ask('POST', '/api/v1/configuration/reload', { body: {} })).status).toBe(200);
}

/** Of the store, whatever file it is in, as they lie on the disk. */
function filesOf(directory: string): ReadonlyArray<readonly [name: string, text: string]> {
  return readdirSync(directory)
    .filter((name) => name.startsWith('roundhouse.db'))
    .map((name) => [name, readFileSync(join(directory, name), 'latin1')] as const);
}

async function bundle(): Promise<string> {
  using scope = createScope({ clock: systemClock });
  const examination = await examine({ home, sources: { file: config }, variables }, scope);
  const resources: Record<string, unknown[]> = {};
  for (const kind of RESOURCE_KIND_NAMES) {
    const { json } = await ask('GET', `/api/v1/${RESOURCE_KINDS[kind].path}`);
    resources[kind] = json?.['items'] as unknown[];
  }
  const content = await supportBundle(
    {
      version: '1.2.3',
      facts: examination.facts,
      findings: examination.findings,
      configuration: [examination.configuration, (await ask('GET', '/api/v1/configuration')).json],
      metrics: (await ask('GET', '/metrics')).text,
      slowest: [],
      logLines: readFileSync(logFile, 'utf8').split(/(?<=\n)/),
      environment: variables,
      resources,
      // Without what is known to be secret: what is left out is left out by its place.
      secrets: [],
    },
    systemClock.now(),
  );
  return gunzipSync(content).toString('latin1');
}

describe('no secret that the server was told', () => {
  beforeAll(goThrough, 60_000);

  it('is in any answer', () => {
    expect(answers.length).toBeGreaterThan(120);
    for (const answer of answers) expectNoSecret(answer.slice(0, 300), answer);
  });

  it('is in any event', async () => {
    using watcher = await watchEvents(running.url, { authorization: ROOT, lastEventId: '0' });
    await watcher.until(({ type, subject }) => type === 'roundhouse.api_key.removed' && subject === 'k1');
    const types = new Set(watcher.events.map(({ type }) => type.replace('roundhouse.', '')));
    for (const type of ['authentication.failed', 'configuration.rejected', 'webhook.created', 'principal.created']) {
      expect(types).toContain(type);
    }
    expectNoSecret('events', JSON.stringify(watcher.events));
  });

  it('is in the support bundle', async () => {
    const text = await bundle();
    for (const part of ['"e1"', 'doctor.json', 'roundhouse_', 'authentication refused']) expect(text).toContain(part);
    expectNoSecret('support bundle', text);
  });

  it('is in the log, nor readable in the store', async () => {
    for (const [name, text] of filesOf(home)) expectNoSecret(name, text);
    await running[Symbol.asyncDispose]();
    const log = readFileSync(logFile, 'utf8');
    expect(log).toContain('authentication refused');
    expect(log).toContain('configuration rejected');
    expectNoSecret('log', log);
    expect(filesOf(home).some(([, text]) => text.includes('$sealed'))).toBe(true);
    for (const [name, text] of filesOf(home)) expectNoSecret(name, text);
    // Sealed, not lost: the next life knows them.
    running = await start();
    expect((await ask('GET', '/api/v1/whoami', { authorization: basic('joe', secret('password')) })).status).toBe(200);
    expect((await ask('POST', '/api/v1/webhooks/w2/test')).json).toMatchObject({ last_error: 'RECEIVER_UNREACHABLE' });
  });
});

describe('a start that fails', () => {
  it.each<[string, string]>([
    ['a store that is away', `store: {url: "postgres://u:${secret('password in a URL')}@127.0.0.1:1/x"}`],
    ['a store of no kind', `store: {url: "postgress://u:${secret('password in a URL')}@127.0.0.1:1/x"}`],
    ['a bad line', `authentication: {ldap: {bind_password: ${secret('bind password of a bad file')}}}`],
    ['a text that is no YAML', `store: {url: "postgres://u:${secret('password in a URL')}@h/x"\n  - [`],
  ])('for %s says nothing of a secret', async (_title, text) => {
    const file = join(folder, 'broken.yaml');
    writeFileSync(file, `server: {port: 0}\nlog: {file: {path: ${logFile}}}\n${text}\n`);
    const failure: unknown = await runServer(options({ home: join(folder, 'other'), sources: { file } })).catch(
      (error: unknown) => error,
    );
    expect(isRoundhouseError(failure), String(failure)).toBe(true);
    if (!isRoundhouseError(failure)) return;
    expectNoSecret('error', `${JSON.stringify(failure)}${JSON.stringify(errorFields(failure))}${failure.stack ?? ''}`);
    expectNoSecret('log', readFileSync(logFile, 'utf8'));
  });
});
