import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret, systemClock } from '@roundhouse/core';
import { createCertificateAuthority, SLAPD_BASE_DN, type Slapd, slapdAvailable, startSlapd } from '@roundhouse/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AuthenticationOptions } from './identity/options.ts';
import { hashPassword } from './identity/password.ts';
import { AUDIENCE, startProvider } from './identity/provider.fixture.ts';
import { silentLog } from './log/silentLog.fixture.ts';
import { createServer, type Server, type ServerOptions } from './server.ts';
import { basic, bearer, call, type WireAnswer, type WireRequest } from './wire.fixture.ts';

const TOKEN = 'a-token-of-this-test';
const PASSWORD = 'five words that nobody guesses';
const BY = { by: 'test' };
const PLENTY = { perSecond: 10_000, burst: 10_000 };
const WHO = '/api/v1/whoami';

/** The clock of the servers: that of the system, and ahead of it when a test says so. */
let aheadMs = 0;
const clock = {
  ...systemClock,
  now: () => systemClock.now() + aheadMs,
  monotonic: () => systemClock.monotonic() + aheadMs,
};
beforeEach(() => {
  aheadMs = 0;
});

interface Running extends AsyncDisposable {
  readonly server: Server;
  readonly url: string;
  who(authorization: string | undefined, more?: WireRequest): Promise<WireAnswer>;
}

async function run(authentication: AuthenticationOptions = {}, more: Partial<ServerOptions> = {}): Promise<Running> {
  const server = await createServer(
    {
      port: 0,
      token: TOKEN,
      version: '1.2.3',
      authentication,
      rateLimits: { anonymous: PLENTY, principal: PLENTY },
      ...more,
    },
    { log: silentLog(), openSession: () => Promise.reject(new Error('no hosts here')), clock },
  );
  const { url } = await server.start();
  return {
    server,
    url,
    who: (authorization, request = {}) => call(url, 'GET', WHO, { authorization, ...request }),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** What a refusal is, apart from what is new with each request. */
function refusal({ status, json = {}, headers }: WireAnswer) {
  const { instance: _, ...rest } = json;
  return { status, problem: rest, challenge: headers['www-authenticate'], retryAfter: headers['retry-after'] };
}

function expectRefused(answer: WireAnswer, status: number, code: string): void {
  expect(refusal(answer)).toMatchObject({ status, problem: { code } });
  if (status !== 401) return;
  // RFC 9110 §11.6.1: each way to get in.
  expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm="[^"]+", Basic realm="[^"]+", charset="UTF-8"$/);
}

describe('the fixed token', () => {
  it('is the root principal, and any other is nobody', async () => {
    await using running = await run();
    expect((await running.who(bearer(TOKEN))).json).toMatchObject({ principal: 'root', method: 'token' });
    expect((await running.who(`bearer  ${TOKEN}`)).json).toMatchObject({ principal: 'root' });
    expectRefused(await running.who(undefined), 401, 'UNAUTHENTICATED');
    for (const wrong of [`${TOKEN}x`, TOKEN.slice(1), TOKEN.toUpperCase(), 'x']) {
      expectRefused(await running.who(bearer(wrong)), 401, 'CREDENTIALS_INVALID');
    }
    for (const strange of ['', 'Bearer', TOKEN, `Digest ${TOKEN}`, `Bearer\t${TOKEN}`]) {
      expect((await running.who(strange)).status, strange).toBe(401);
    }
  });

  it('is not guessed by the time or the text of the answer: all that is wrong looks the same', async () => {
    await using running = await run();
    const answers = await Promise.all(
      ['x', `${TOKEN}x`, `rh_nobody_${'A'.repeat(43)}`].map((each) => running.who(bearer(each))),
    );
    const [first, ...others] = answers.map(refusal);
    for (const other of others) expect(other).toEqual(first);
  });
});

describe('Basic', () => {
  it('is the principal with the password, and says nothing of whether a name or a password was wrong', async () => {
    await using running = await run({ lockout: { delay_ms: 0 } });
    const { resources } = running.server;
    const password_hash = await hashPassword(new Secret(PASSWORD), { randomBytes });
    await resources.create('principal', { id: 'joe', roles: ['viewer'], password_hash }, BY);
    await resources.create('principal', { id: 'bot', roles: ['viewer'], type: 'service' }, BY);
    expect((await running.who(basic('joe', PASSWORD))).json).toEqual({
      principal: 'joe',
      type: 'person',
      method: 'basic',
      credential: null,
      roles: ['viewer'],
    });
    const wrong = [basic('joe', `${PASSWORD}!`), basic('nobody', PASSWORD), basic('bot', PASSWORD), basic('joe', '')];
    const [first, ...others] = await Promise.all(wrong.map(async (each) => refusal(await running.who(each))));
    expect(first).toMatchObject({ status: 401, problem: { code: 'CREDENTIALS_INVALID' } });
    for (const other of others) expect(other).toEqual(first);
    for (const broken of ['Basic', 'Basic ***', `Basic ${Buffer.from('joe').toString('base64')}`]) {
      expect((await running.who(broken)).status, broken).toBe(401);
    }
    expectRefused(await running.who(basic('root', TOKEN)), 401, 'CREDENTIALS_INVALID');
  });

  it('locks a name out after some failures, right or wrong, and says when to come back', async () => {
    await using running = await run({ lockout: { max_failures: 5, lock_ms: 60_000, delay_ms: 0 } });
    const { resources, journal } = running.server;
    const password_hash = await hashPassword(new Secret(PASSWORD), { randomBytes });
    for (const id of ['joe', 'ann']) await resources.create('principal', { id, roles: [], password_hash }, BY);
    const behind = Number(journal.lastId);
    for (let failure = 0; failure < 5; failure++) {
      expectRefused(await running.who(basic('joe', 'wrong')), 401, 'CREDENTIALS_INVALID');
    }
    const locked = await running.who(basic('joe', PASSWORD));
    expectRefused(locked, 429, 'LOCKED_OUT');
    expect(Number(locked.headers['retry-after'])).toBeGreaterThan(50);
    expect(Number(locked.headers['retry-after'])).toBeLessThanOrEqual(60);
    // A name that nobody has is locked out as well, and others are not.
    for (let failure = 0; failure < 5; failure++) await running.who(basic('nobody', 'wrong'));
    expect(refusal(await running.who(basic('nobody', 'wrong'))).problem).toMatchObject({ code: 'LOCKED_OUT' });
    expect((await running.who(basic('ann', PASSWORD))).status).toBe(200);
    expect((await running.who(bearer(TOKEN))).status).toBe(200);
    await journal.settled();
    const told = (await journal.read(behind)).filter(({ type }) => type.startsWith('roundhouse.authentication.'));
    expect(told.filter(({ type }) => type.endsWith('.failed'))).toHaveLength(10);
    expect(told.filter(({ type }) => type.endsWith('.locked_out')).map(({ data }) => data['principal'])).toEqual([
      'joe',
      null,
    ]);
    expect(JSON.stringify(told)).not.toContain('wrong');
    aheadMs = 61_000;
    expect((await running.who(basic('joe', PASSWORD))).status).toBe(200);
  });

  it('pauses longer and longer before it locks out', async () => {
    await using running = await run({ lockout: { delay_ms: 10_000 } });
    for (let failure = 0; failure < 4; failure++) await running.who(basic('joe', 'wrong'));
    const first = await running.who(basic('joe', 'wrong'));
    expectRefused(first, 429, 'LOCKED_OUT');
    aheadMs = 10_001;
    expectRefused(await running.who(basic('joe', 'wrong')), 401, 'CREDENTIALS_INVALID');
    const second = await running.who(basic('joe', 'wrong'));
    expect(Number(second.headers['retry-after'])).toBeGreaterThan(Number(first.headers['retry-after']));
  });
});

describe('an API key', () => {
  it('locks its principal out when it is guessed at, and ends with its time', async () => {
    await using running = await run({ lockout: { max_failures: 3, delay_ms: 0 } });
    await running.server.resources.create('principal', { id: 'bot', roles: ['viewer'] }, BY);
    const expires_at = new Date(Date.now() + 3_600_000).toISOString();
    const { json } = await call(running.url, 'POST', '/api/v1/api-keys', {
      authorization: bearer(TOKEN),
      body: { id: 'bot_1', principal: 'bot', expires_at },
    });
    const key = json?.['key'] as string;
    expect(key).toMatch(/^rh_bot_1_[\w-]{43}$/);
    expect((await running.who(bearer(key))).json).toMatchObject({
      principal: 'bot',
      method: 'api_key',
      credential: 'bot_1',
    });
    const guess = `${key.slice(0, -43)}${'A'.repeat(43)}`;
    for (let failure = 0; failure < 3; failure++) {
      expectRefused(await running.who(bearer(guess)), 401, 'CREDENTIALS_INVALID');
    }
    expectRefused(await running.who(bearer(key)), 429, 'LOCKED_OUT');
    // The lock-out is over by then, and so is the key.
    aheadMs = 3_600_001;
    expectRefused(await running.who(bearer(key)), 401, 'CREDENTIALS_EXPIRED');
  });
});

describe('a JWT of an OpenID provider (oidc-provider)', () => {
  beforeAll(() => {
    // The provider tells the console that its store is for tests.
    vi.spyOn(console, 'info').mockImplementation(() => {});
    vi.spyOn(console, 'warn').mockImplementation(() => {});
  });
  afterAll(() => {
    vi.restoreAllMocks();
  });

  it('is taken for its client until it expires, for this audience, of this issuer, unforged', async () => {
    await using provider = await startProvider();
    await using running = await run({
      lockout: { delay_ms: 0 },
      issuers: [
        {
          issuer: provider.issuer,
          audience: AUDIENCE,
          type: 'service',
          clock_skew_ms: 0,
          roles: { claim: 'realm.roles', map: { 'batch-operators': ['operator'] } },
        },
      ],
    });
    const token = await provider.token();
    expect((await running.who(bearer(token))).json).toMatchObject({
      principal: 'batch',
      type: 'service',
      method: 'jwt',
      roles: ['operator'],
    });
    const wire = { authorization: bearer(token) };
    expect((await call(running.url, 'GET', '/api/v1/endpoints', wire)).status).toBe(200);
    expect((await call(running.url, 'GET', '/api/v1/principals', wire)).json).toMatchObject({ code: 'FORBIDDEN' });
    const [header = '', payload = '', signature = ''] = token.split('.');
    const forged = Buffer.from(payload, 'base64url').toString().replace('batch-operators', 'admin');
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
    for (const bad of [
      await provider.token('https://other.example/api'),
      `${header}.${Buffer.from(forged).toString('base64url')}.${signature}`,
      `${none}.${payload}.`,
      `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
    ]) {
      expectRefused(await running.who(bearer(bad)), 401, 'CREDENTIALS_INVALID');
    }
    // What a record of that name forbids, holds.
    await running.server.resources.create('principal', { id: 'batch', roles: [], disabled: true }, BY);
    expectRefused(await running.who(bearer(token)), 403, 'PRINCIPAL_DISABLED');
    await running.server.resources.remove('principal', 'batch', BY);
    expect((await running.who(bearer(token))).status).toBe(200);
    aheadMs = 301_000;
    expectRefused(await running.who(bearer(token)), 401, 'CREDENTIALS_EXPIRED');
  });

  it('is good for one request where replays are refused', async () => {
    await using provider = await startProvider();
    await using running = await run({
      issuers: [{ issuer: provider.issuer, audience: AUDIENCE, refuse_replay: true }],
    });
    const token = await provider.token();
    expect((await running.who(bearer(token))).status).toBe(200);
    expectRefused(await running.who(bearer(token)), 401, 'TOKEN_REPLAYED');
    expect((await running.who(bearer(await provider.token()))).status).toBe(200);
  });

  it('is not the fault of the caller when the provider is away', async () => {
    const provider = await startProvider();
    const token = await provider.token();
    await provider[Symbol.asyncDispose]();
    await using running = await run({ issuers: [{ issuer: provider.issuer, audience: AUDIENCE }] });
    const answer = await running.who(bearer(token));
    expectRefused(answer, 503, 'IDENTITY_PROVIDER_UNAVAILABLE');
    expect(answer.headers['retry-after']).toBeDefined();
  });
});

const PEOPLE = `ou=people,${SLAPD_BASE_DN}`;
const ENTRIES = [
  `dn: ${PEOPLE}\nobjectClass: organizationalUnit\n`,
  `dn: cn=search,${SLAPD_BASE_DN}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\nuserPassword: search-password\n`,
  ...['joe', 'ann'].map(
    (uid) =>
      `dn: uid=${uid},${PEOPLE}\nobjectClass: inetOrgPerson\nuid: ${uid}\ncn: ${uid}\nsn: ${uid}\nuserPassword: password-of-${uid}\n`,
  ),
  `dn: cn=operators,${SLAPD_BASE_DN}\nobjectClass: groupOfNames\nmember: uid=joe,${PEOPLE}\n`,
].join('\n');

describe.skipIf(!slapdAvailable())("LDAP (OpenLDAP; skipped where Debian's slapd and ldap-utils are missing)", () => {
  let slapd: Slapd;
  beforeAll(async () => {
    slapd = await startSlapd({ entries: ENTRIES });
  });
  afterAll(() => slapd?.close());

  const options = (): AuthenticationOptions => ({
    lockout: { max_failures: 4, delay_ms: 0 },
    ldap: {
      url: slapd.tlsUrl,
      ca: slapd.ca,
      bind_dn: `cn=search,${SLAPD_BASE_DN}`,
      bind_password: 'search-password',
      base_dn: PEOPLE,
      cache_ms: 0,
      groups: { map: { [`cn=operators,${SLAPD_BASE_DN}`]: ['operator'] } },
    },
  });

  it('vouches for its users with the roles of their groups, and lets nobody else in', async () => {
    await using running = await run(options());
    const joe = { principal: 'joe', method: 'ldap', roles: ['operator'] };
    expect((await running.who(basic('joe', 'password-of-joe'))).json).toMatchObject(joe);
    expect((await running.who(basic('ann', 'password-of-ann'))).json).toMatchObject({ principal: 'ann', roles: [] });
    const wrong = [basic('joe', 'password-of-ann'), basic('nobody', 'x'), basic('*', 'password-of-joe')];
    const [first, ...others] = await Promise.all(wrong.map(async (each) => refusal(await running.who(each))));
    expect(first).toMatchObject({ status: 401, problem: { code: 'CREDENTIALS_INVALID' } });
    for (const other of others) expect(other).toEqual(first);
  });

  it('locks out like the others, without asking the server any more', async () => {
    await using running = await run(options());
    for (let failure = 0; failure < 4; failure++) await running.who(basic('joe', 'wrong'));
    const locked = await running.who(basic('JOE', 'password-of-joe'));
    expectRefused(locked, 429, 'LOCKED_OUT');
    expect(locked.headers['retry-after']).toBeDefined();
    expect((await running.who(basic('ann', 'password-of-ann'))).status).toBe(200);
  });

  it('that is away is no fault of the caller, and no failure that counts', async () => {
    const gone = await startSlapd({ entries: ENTRIES });
    const url = gone.url;
    await gone.close();
    await using running = await run({ lockout: { max_failures: 1 }, ldap: { url, base_dn: PEOPLE } });
    for (let attempt = 0; attempt < 3; attempt++) {
      expectRefused(await running.who(basic('joe', 'password-of-joe')), 503, 'IDENTITY_PROVIDER_UNAVAILABLE');
    }
  });
});

describe('a client certificate', () => {
  const folder = mkdtempSync(join(tmpdir(), 'roundhouse-mtls-'));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is its principal, by a name or its fingerprint, when the authority of clients has issued it', async () => {
    const authority = createCertificateAuthority();
    const clients = createCertificateAuthority('Clients');
    const pair = authority.issue();
    await using running = await run(
      {},
      {
        tls: {
          certFile: file('cert.pem', pair.cert),
          keyFile: file('key.pem', pair.key),
          caFile: file('clients.pem', clients.cert),
          options: { clientCertificate: 'requested' },
        },
      },
    );
    const { resources } = running.server;
    await resources.create('principal', { id: 'batch7', roles: ['viewer'], certificates: ['DNS:batch7.test'] }, BY);
    const server = { ca: authority.cert, servername: 'localhost' };
    const who = (certificate?: { cert: string; key: string }, authorization?: string) =>
      running.who(authorization, { tls: { ...server, ...certificate } });
    const client = (name: string, more = {}) => clients.issue({ use: 'client', names: [`DNS:${name}`], ...more });
    expect((await who(client('batch7.test'))).json).toMatchObject({
      principal: 'batch7',
      method: 'mtls',
      credential: expect.stringMatching(/^SHA256:([0-9A-F]{2}:){31}[0-9A-F]{2}$/) as string,
    });
    expectRefused(await who(), 401, 'UNAUTHENTICATED');
    expectRefused(await who(client('batch8.test')), 401, 'CREDENTIALS_INVALID');
    expectRefused(await who(client('batch7.test', { isExpired: true })), 401, 'CREDENTIALS_INVALID');
    const foreign = createCertificateAuthority('Strangers').issue({ use: 'client', names: ['DNS:batch7.test'] });
    expectRefused(await who(foreign), 401, 'CREDENTIALS_INVALID');
    // A header says more than a certificate.
    expect((await who(client('batch7.test'), bearer(TOKEN))).json).toMatchObject({ principal: 'root' });
    expectRefused(await who(client('batch7.test'), bearer('wrong')), 401, 'CREDENTIALS_INVALID');
    await resources.put('principal', { id: 'batch7', roles: ['viewer'], disabled: true }, BY);
    expectRefused(await who(client('batch7.test')), 401, 'CREDENTIALS_INVALID');
  });
});
