import crypto, { randomBytes } from 'node:crypto';
import { createScope, isRoundhouseError, Secret } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createApiKey } from './apiKey.ts';
import { type Authenticator, type AuthenticatorOptions, createAuthenticator } from './authenticator.ts';
import { MemoryDirectory } from './directory.ts';
import type { Credentials, Identity } from './identity.ts';
import { hashPassword } from './password.ts';
import { PasswordRules } from './passwordRules.ts';

const ROOT_TOKEN = 'root-token-root-token';
const PASSWORD = 'correct-horse-battery';
const HERE = '192.0.2.1';

const passwordHash = hashPassword(new Secret(PASSWORD), { randomBytes });

async function setUp(options: Partial<AuthenticatorOptions> = {}, passwordRules?: PasswordRules) {
  const clock = new FakeClock();
  const directory = new MemoryDirectory();
  const scope = createScope({ clock });
  const told: unknown[] = [];
  const authenticator = createAuthenticator(
    { rootTokens: [new Secret(ROOT_TOKEN)], ...options },
    { directory, clock, randomBytes, passwordRules },
  );
  for (const name of ['refused', 'lockedOut', 'keyUsed', 'issuerFailed'] as const) {
    authenticator.events.on(name, (fact) => told.push({ event: name, ...fact }));
  }
  directory.putPrincipal({ id: 'joe', roles: ['user', 'viewer'], password_hash: await passwordHash });
  directory.putPrincipal({ id: 'batch', type: 'service', roles: ['operator', 'viewer'] });
  const keyOf = (id: string, more: object = {}): string => {
    const { record, key } = createApiKey({ id, principal: 'batch', ...more }, { randomBytes });
    directory.putKey(record);
    return key.reveal();
  };
  return { clock, directory, scope, told, authenticator, keyOf, ask: asker(authenticator, scope) };
}

/** Asks, and tells the identity or the code. */
function asker(authenticator: Authenticator, scope: ReturnType<typeof createScope>) {
  return async (credentials: Partial<Credentials>): Promise<Identity | string> => {
    try {
      return await authenticator.authenticate({ address: HERE, isSecure: true, ...credentials }, scope);
    } catch (error) {
      if (!isRoundhouseError(error)) throw error;
      return error.code;
    }
  };
}

const bearer = (token: string): Partial<Credentials> => ({ authorization: `Bearer ${token}` });
const basic = (name: string, password: string): Partial<Credentials> => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a caller without credentials', () => {
  it.each([
    undefined,
    '',
    'Bearer',
    'Digest username="joe"',
    `Token ${ROOT_TOKEN}`,
    ROOT_TOKEN,
    `Bearer ${'x'.repeat(20_000)}`,
  ])('is asked for some: %j', async (authorization) => {
    const { ask, told } = await setUp();
    expect(await ask({ authorization })).toBe('UNAUTHENTICATED');
    expect(told).toEqual([]);
  });
});

describe('the fixed token', () => {
  it.each(['Bearer ', 'bearer ', 'BEARER   '])('is root, after %j', async (scheme) => {
    const { ask } = await setUp();
    expect(await ask({ authorization: `${scheme}${ROOT_TOKEN} ` })).toEqual({
      principal: 'root',
      type: 'root',
      method: 'token',
      roles: ['admin'],
      credential: null,
    });
  });

  it.each(['root-token-root-toke', 'root-token-root-tokenn', 'x', 'ROOT-TOKEN-ROOT-TOKEN'])(
    'is not %j',
    async (token) => {
      const { ask, told } = await setUp();
      expect(await ask(bearer(token))).toBe('CREDENTIALS_INVALID');
      expect(told).toEqual([
        {
          event: 'refused',
          method: 'token',
          principal: null,
          address: HERE,
          code: 'CREDENTIALS_INVALID',
          reason: 'the token is not known',
        },
      ]);
    },
  );

  it('is answered at once', async () => {
    const { authenticator, scope } = await setUp();
    const credentials = { authorization: `Bearer ${ROOT_TOKEN}`, address: HERE, isSecure: false };
    expect(authenticator.authenticate(credentials, scope)).not.toBeInstanceOf(Promise);
  });

  it('lets in from this machine whatever was tried from there, and from elsewhere does not', async () => {
    const { ask } = await setUp({ lockout: { max_failures_per_address: 2 } });
    for (const address of ['127.0.0.1', HERE]) {
      await ask({ ...bearer('wrong'), address });
      await ask({ ...bearer('wrong'), address });
      expect(await ask({ ...bearer('wrong'), address })).toBe('LOCKED_OUT');
    }
    expect(await ask({ ...bearer(ROOT_TOKEN), address: '127.0.0.1' })).toMatchObject({ principal: 'root' });
    expect(await ask({ ...bearer(ROOT_TOKEN), address: HERE })).toBe('LOCKED_OUT');
  });

  it('is the only one of its name', async () => {
    const { ask, directory } = await setUp();
    directory.putPrincipal({ id: 'root', roles: ['admin'], password_hash: await passwordHash });
    expect(await ask(basic('root', PASSWORD))).toBe('PRINCIPAL_DISABLED');
  });
});

describe('an API key', () => {
  it('is its principal', async () => {
    const { ask, keyOf } = await setUp();
    expect(await ask(bearer(keyOf('k1')))).toEqual({
      principal: 'batch',
      type: 'service',
      method: 'api_key',
      roles: ['operator', 'viewer'],
      credential: 'k1',
    });
  });

  it('narrows the roles, and gives none that the principal does not have', async () => {
    const { ask, keyOf } = await setUp();
    expect(await ask(bearer(keyOf('k1', { roles: ['viewer', 'admin'] })))).toMatchObject({ roles: ['viewer'] });
  });

  it('follows its principal', async () => {
    const { ask, keyOf, directory } = await setUp();
    const key = keyOf('k1');
    await ask(bearer(key));
    directory.putPrincipal({ id: 'batch', roles: ['auditor'] });
    expect(await ask(bearer(key))).toMatchObject({ roles: ['auditor'], type: 'person' });
    directory.putPrincipal({ id: 'batch', roles: [], disabled: true });
    expect(await ask(bearer(key))).toBe('PRINCIPAL_DISABLED');
    directory.deletePrincipal('batch');
    expect(await ask(bearer(key))).toBe('CREDENTIALS_REVOKED');
  });

  it('is not taken once it is revoked, and another of its id does not bring it back', async () => {
    const { ask, keyOf, directory } = await setUp();
    const key = keyOf('k1');
    directory.deleteKey('k1');
    expect(await ask(bearer(key))).toBe('CREDENTIALS_REVOKED');
    const next = keyOf('k1');
    expect(await ask(bearer(key))).toBe('CREDENTIALS_INVALID');
    expect(await ask(bearer(next))).toMatchObject({ credential: 'k1' });
  });

  it('is not taken from its last moment on', async () => {
    const { ask, keyOf, clock } = await setUp();
    const key = keyOf('k1', { expires_at: new Date(clock.now() + 10_000).toISOString() });
    await clock.advance(9_999);
    expect(await ask(bearer(key))).toMatchObject({ credential: 'k1' });
    await clock.advance(1);
    expect(await ask(bearer(key))).toBe('CREDENTIALS_EXPIRED');
  });

  it('is bound to addresses, and to those of its principal', async () => {
    const { ask, keyOf, directory } = await setUp();
    const key = keyOf('k1', { addresses: ['192.0.2.0/24'] });
    expect(await ask({ ...bearer(key), address: '::ffff:192.0.2.9' })).toMatchObject({ credential: 'k1' });
    expect(await ask({ ...bearer(key), address: '198.51.100.1' })).toBe('ADDRESS_NOT_ALLOWED');
    directory.putPrincipal({ id: 'batch', roles: [], addresses: ['192.0.2.7'] });
    expect(await ask({ ...bearer(key), address: '192.0.2.7' })).toMatchObject({ credential: 'k1' });
    expect(await ask({ ...bearer(key), address: '192.0.2.9' })).toBe('ADDRESS_NOT_ALLOWED');
  });

  it('tells nothing of itself to who has not got it', async () => {
    const { ask, keyOf, directory } = await setUp();
    keyOf('expired', { expires_at: '2020-01-01T00:00:00Z' });
    keyOf('bound', { addresses: ['203.0.113.1'] });
    keyOf('revoked');
    directory.deleteKey('revoked');
    for (const id of ['expired', 'bound', 'revoked', 'unknown']) {
      expect(await ask(bearer(`rh_${id}_${'A'.repeat(43)}`))).toBe('CREDENTIALS_INVALID');
    }
  });

  it('with a broken hash lets nobody in', async () => {
    const { ask, directory } = await setUp();
    directory.putKey({ id: 'k1', principal: 'batch', hash: 'zz' });
    expect(await ask(bearer(`rh_k1_${'A'.repeat(43)}`))).toBe('CREDENTIALS_INVALID');
  });

  it('tells of its use once a minute, whatever becomes of its record', async () => {
    const { ask, keyOf, told, clock, directory } = await setUp();
    const key = keyOf('k1');
    await ask(bearer(key));
    directory.putKey({ ...(directory.findKey('k1') as NonNullable<ReturnType<typeof directory.findKey>>) });
    await ask(bearer(key));
    await clock.advance(59_999);
    await ask(bearer(key));
    const use = { event: 'keyUsed', key: 'k1', principal: 'batch', address: HERE };
    expect(told).toEqual([use]);
    await clock.advance(1);
    await ask(bearer(key));
    expect(told).toEqual([use, use]);
  });
});

describe('the comparison of tokens and keys', () => {
  it('takes as long for all that is wrong: digests of one length, of what is not there too', async () => {
    const compare = vi.spyOn(crypto, 'timingSafeEqual');
    const { syncBuiltinESMExports } = await import('node:module');
    syncBuiltinESMExports();
    try {
      const { ask, keyOf } = await setUp();
      const key = keyOf('k1');
      const tokens = ['x', 'root-token-root-toke', `rh_none_${'A'.repeat(43)}`, `${key.slice(0, -1)}_`];
      const counts = new Map<string, number>();
      for (const token of tokens) {
        compare.mockClear();
        expect(await ask(bearer(token))).toBe('CREDENTIALS_INVALID');
        for (const [one, other] of compare.mock.calls) expect([one.byteLength, other.byteLength]).toEqual([32, 32]);
        counts.set(token, compare.mock.calls.length);
      }
      expect([...counts.values()]).toEqual([1, 1, 2, 2]);
    } finally {
      compare.mockRestore();
      syncBuiltinESMExports();
    }
  });
});

describe('Basic', () => {
  it('is the principal with that password', async () => {
    const { ask } = await setUp();
    expect(await ask(basic('joe', PASSWORD))).toEqual({
      principal: 'joe',
      type: 'person',
      method: 'basic',
      roles: ['user', 'viewer'],
      credential: null,
    });
  });

  it('looks the same with a wrong name, a wrong password, and a principal that has none', async () => {
    const { authenticator, scope, told } = await setUp();
    const seen = new Set<string>();
    for (const [name, password] of [
      ['joe', 'wrong'],
      ['nobody', PASSWORD],
      ['batch', PASSWORD],
    ] as const) {
      const credentials = { address: HERE, isSecure: true, ...basic(name, password) };
      const error: unknown = await Promise.resolve(authenticator.authenticate(credentials, scope)).catch(
        (each: unknown) => each,
      );
      seen.add(JSON.stringify(error));
    }
    expect(seen.size).toBe(1);
    expect(told).toMatchObject([
      { principal: 'joe', reason: 'the password is wrong' },
      { principal: null, reason: 'no such principal, or one without a password' },
      { principal: null, reason: 'no such principal, or one without a password' },
    ]);
  });

  it('computes a hash for every name, so that the time tells nothing', async () => {
    const derive = vi.spyOn(crypto, 'argon2');
    const { syncBuiltinESMExports } = await import('node:module');
    syncBuiltinESMExports();
    try {
      const { ask } = await setUp();
      for (const name of ['joe', 'nobody', 'batch']) await ask(basic(name, 'wrong'));
      expect(derive.mock.calls.map(([, parameters]) => [parameters.memory, parameters.passes])).toEqual([
        [19_456, 2],
        [19_456, 2],
        [19_456, 2],
      ]);
    } finally {
      derive.mockRestore();
      syncBuiltinESMExports();
    }
  });

  it('is remembered for a minute, and then checked again', async () => {
    const { authenticator, scope, ask, clock } = await setUp();
    const credentials = { address: HERE, isSecure: true, ...basic('joe', PASSWORD) };
    await ask(credentials);
    await clock.advance(59_999);
    expect(authenticator.authenticate(credentials, scope)).toMatchObject({ principal: 'joe', method: 'basic' });
    await clock.advance(1);
    const again = authenticator.authenticate(credentials, scope);
    expect(again).toBeInstanceOf(Promise);
    expect(await again).toMatchObject({ principal: 'joe' });
  });

  it('is not remembered when it was wrong, or when that is switched off', async () => {
    const { authenticator, scope, ask } = await setUp({ basic: { cache_ms: 0 } });
    const credentials = { address: HERE, isSecure: true, ...basic('joe', PASSWORD) };
    await ask(credentials);
    const again = authenticator.authenticate(credentials, scope);
    expect(again).toBeInstanceOf(Promise);
    await again;
  });

  it('is forgotten as soon as the principal changes', async () => {
    const { ask, directory } = await setUp();
    await ask(basic('joe', PASSWORD));
    const hash = await hashPassword(new Secret('another-password'), { randomBytes });
    directory.putPrincipal({ id: 'joe', roles: [], password_hash: hash });
    expect(await ask(basic('joe', PASSWORD))).toBe('CREDENTIALS_INVALID');
    directory.putPrincipal({ id: 'joe', roles: [], password_hash: await passwordHash, disabled: true });
    expect(await ask(basic('joe', PASSWORD))).toBe('PRINCIPAL_DISABLED');
    expect(await ask(basic('joe', 'wrong'))).toBe('CREDENTIALS_INVALID');
  });

  it('minds the address of each request, remembered or not', async () => {
    const { ask, directory } = await setUp();
    directory.putPrincipal({ id: 'joe', roles: [], password_hash: await passwordHash, addresses: [HERE] });
    expect(await ask(basic('joe', PASSWORD))).toMatchObject({ principal: 'joe' });
    expect(await ask({ ...basic('joe', PASSWORD), address: '198.51.100.1' })).toBe('ADDRESS_NOT_ALLOWED');
  });

  it('is not taken where others can read along, unless the configuration says so', async () => {
    const { ask } = await setUp();
    expect(await ask({ ...basic('joe', PASSWORD), isSecure: false })).toBe('BASIC_NEEDS_TLS');
    const lax = await setUp({ basic: { allow_insecure: true } });
    expect(await lax.ask({ ...basic('joe', PASSWORD), isSecure: false })).toMatchObject({ principal: 'joe' });
    const off = await setUp({ basic: { enabled: false } });
    expect(await off.ask(basic('joe', PASSWORD))).toBe('CREDENTIALS_INVALID');
  });

  it.each([
    'Basic',
    'Basic ',
    'Basic !!!',
    `Basic ${Buffer.from('joe').toString('base64')}`,
    `Basic ${Buffer.from('joe:').toString('base64')}`,
  ])('is not %j', async (authorization) => {
    const { ask } = await setUp();
    expect(['CREDENTIALS_INVALID', 'UNAUTHENTICATED']).toContain(await ask({ authorization }));
  });

  it('checks so many passwords at a time, lets so many wait, and refuses the rest', async () => {
    const { ask } = await setUp({ basic: { max_concurrent: 1, max_waiting: 1 } });
    const answers = await Promise.all([1, 2, 3].map(() => ask(basic('joe', PASSWORD))));
    expect(answers.map((answer) => (typeof answer === 'string' ? answer : answer.principal)).toSorted()).toEqual([
      'BULKHEAD_FULL',
      'joe',
      'joe',
    ]);
  });

  it('leaves a request whose caller has gone', async () => {
    const { authenticator, scope } = await setUp({ basic: { max_concurrent: 1 } });
    const credentials = { address: HERE, isSecure: true, ...basic('joe', 'wrong') };
    const gone = scope.child();
    const [first, second] = [
      authenticator.authenticate(credentials, scope),
      authenticator.authenticate(credentials, gone),
    ];
    gone.end();
    await expect(second).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(first).rejects.toMatchObject({ code: 'CREDENTIALS_INVALID' });
  });
});

describe('a policy for passwords', () => {
  const rules = new PasswordRules({ minLength: 12, needsLettersAndDigits: true, history: 0 }, undefined);

  it('refuses a password that is right, and tells nobody else of it', async () => {
    const { ask, told, authenticator, scope } = await setUp({}, rules);
    expect(await ask(basic('joe', 'wrong'))).toBe('CREDENTIALS_INVALID');
    expect(await ask(basic('joe', 'short'))).toBe('CREDENTIALS_INVALID');
    const right = { address: HERE, isSecure: true, ...basic('joe', PASSWORD) };
    await expect(authenticator.authenticate(right, scope)).rejects.toMatchObject({
      code: 'PASSWORD_BELOW_POLICY',
      status: 403,
      message: expect.stringContaining('it has no digit'),
    });
    expect(told.at(-1)).toMatchObject({
      event: 'refused',
      method: 'basic',
      principal: 'joe',
      address: HERE,
      code: 'PASSWORD_BELOW_POLICY',
    });
    expect(JSON.stringify(told)).not.toContain(PASSWORD);
  });

  it('counts none of them as a guess, and remembers none as right', async () => {
    const { ask, told } = await setUp({ lockout: { max_failures: 2, delay_ms: 0 } }, rules);
    for (let n = 0; n < 4; n++) expect(await ask(basic('joe', PASSWORD))).toBe('PASSWORD_BELOW_POLICY');
    expect(told.filter((fact) => (fact as { event: string }).event === 'lockedOut')).toEqual([]);
  });

  it('lets in who meets it, and tells who is disabled that alone', async () => {
    const { ask, directory } = await setUp({}, rules);
    const hash = await hashPassword(new Secret('correct-horse-7'), { randomBytes });
    directory.putPrincipal({ id: 'ann', roles: [], password_hash: hash });
    directory.putPrincipal({ id: 'joe', roles: [], password_hash: await passwordHash, disabled: true });
    expect(await ask(basic('ann', 'correct-horse-7'))).toMatchObject({ principal: 'ann' });
    expect(await ask(basic('joe', PASSWORD))).toBe('PRINCIPAL_DISABLED');
  });
});

describe('a lock-out', () => {
  it('keeps out after so many failures, the right password too, until it is over or somebody unlocks', async () => {
    const { ask, told, clock, authenticator } = await setUp({ lockout: { max_failures: 2, delay_ms: 0 } });
    const lock = async (): Promise<void> => {
      await ask(basic('joe', 'wrong-1'));
      await ask(basic('joe', 'wrong-2'));
      expect(await ask(basic('joe', PASSWORD))).toBe('LOCKED_OUT');
    };
    await lock();
    expect(told).toMatchObject([
      { event: 'refused' },
      { event: 'refused' },
      { event: 'lockedOut', scope: 'name', principal: 'joe', address: HERE, lockMs: 1_800_000 },
    ]);
    expect(await ask({ ...basic('joe', PASSWORD), address: '198.51.100.1' })).toMatchObject({ principal: 'joe' });
    await clock.advance(1_800_000);
    expect(await ask(basic('joe', PASSWORD))).toMatchObject({ principal: 'joe' });
    await lock();
    expect(authenticator.unlock({ name: 'joe', address: `::ffff:${HERE}` })).toBe(true);
    expect(await ask(basic('joe', PASSWORD))).toMatchObject({ principal: 'joe' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('is the same for a name that nobody has', async () => {
    const { ask } = await setUp({ lockout: { max_failures: 2, delay_ms: 0 } });
    await ask(basic('nobody', 'wrong'));
    await ask(basic('nobody', 'wrong'));
    expect(await ask(basic('nobody', 'wrong'))).toBe('LOCKED_OUT');
  });

  it('is not outrun by attempts at the same time', async () => {
    const { ask } = await setUp({ lockout: { max_failures: 2, delay_ms: 0 }, basic: { max_concurrent: 1 } });
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask(basic('joe', 'wrong'))));
    expect(answers.filter((answer) => answer === 'CREDENTIALS_INVALID')).toHaveLength(2);
    expect(answers.filter((answer) => answer === 'LOCKED_OUT')).toHaveLength(4);
  });

  it('says when to come back, in whole seconds', async () => {
    const { authenticator, scope, ask } = await setUp({ lockout: { max_failures: 1, lock_ms: 90_500 } });
    await ask(basic('joe', 'wrong'));
    expect(() =>
      authenticator.authenticate({ address: HERE, isSecure: true, ...basic('joe', PASSWORD) }, scope),
    ).toThrow(expect.objectContaining({ code: 'LOCKED_OUT', status: 429, details: { retry_after_s: 91 } }));
  });

  it('is not brought about by credentials that were right once', async () => {
    const { ask, keyOf } = await setUp({ lockout: { max_failures: 1, max_failures_per_address: 1 } });
    const key = keyOf('k1', { expires_at: '2020-01-01T00:00:00Z' });
    for (let time = 0; time < 3; time++) expect(await ask(bearer(key))).toBe('CREDENTIALS_EXPIRED');
  });
});

describe('a client certificate', () => {
  const certificate = { fingerprint256: 'AA:BB', subjectAltNames: ['DNS:batch.example'], authorized: true };

  it('is its principal, where no header says otherwise', async () => {
    const { ask, directory } = await setUp();
    directory.putPrincipal({ id: 'mtls', type: 'service', roles: ['viewer'], certificates: ['DNS:batch.example'] });
    expect(await ask({ certificate })).toEqual({
      principal: 'mtls',
      type: 'service',
      method: 'mtls',
      roles: ['viewer'],
      credential: 'SHA256:AA:BB',
    });
    expect(await ask({ certificate, ...bearer('wrong') })).toBe('CREDENTIALS_INVALID');
    expect(await ask({ certificate, ...bearer(ROOT_TOKEN) })).toMatchObject({ principal: 'root' });
    expect(await ask({ certificate: { ...certificate, authorized: false } })).toBe('CREDENTIALS_INVALID');
    directory.putPrincipal({ id: 'mtls', roles: [], certificates: ['DNS:batch.example'], disabled: true });
    expect(await ask({ certificate })).toBe('PRINCIPAL_DISABLED');
    expect(await ask({ certificate: null })).toBe('UNAUTHENTICATED');
  });

  it('is nothing where certificates are switched off', async () => {
    const { ask, directory } = await setUp({ certificates: false });
    directory.putPrincipal({ id: 'mtls', roles: [], certificates: ['DNS:batch.example'] });
    expect(await ask({ certificate })).toBe('UNAUTHENTICATED');
  });
});

describe('what is told', () => {
  it('has no secret in it, whatever was sent and whatever went wrong', async () => {
    const { authenticator, scope, told, keyOf } = await setUp({ lockout: { max_failures: 1 } });
    const key = keyOf('k1', { addresses: ['203.0.113.1'] });
    const secrets = ['s3cret-password', PASSWORD, ROOT_TOKEN, key.slice(-43), 'wrong-token-wrong', 's3cret-as-a-name'];
    const sent: Partial<Credentials>[] = [
      basic('joe', 's3cret-password'),
      basic('s3cret-as-a-name', 's3cret-password'),
      { ...basic('joe', PASSWORD), isSecure: false },
      bearer('wrong-token-wrong'),
      bearer(key),
      bearer(`${key.slice(0, -2)}AA`),
      bearer(`${ROOT_TOKEN}x`),
      basic('joe', 's3cret-password'),
      basic('joe', 's3cret-password'),
      basic('joe', PASSWORD),
      { authorization: `Basic ${Buffer.from('s3cret-password').toString('base64')}` },
    ];
    const emitted: string[] = [];
    for (const credentials of sent) {
      const error: unknown = await (async () =>
        authenticator.authenticate({ address: HERE, isSecure: true, ...credentials }, scope))().catch(
        (each: unknown) => each,
      );
      if (!isRoundhouseError(error)) continue;
      emitted.push(
        error.message,
        error.hint,
        JSON.stringify(error),
        String(error.stack),
        JSON.stringify(error.details),
      );
    }
    emitted.push(JSON.stringify(told));
    expect(emitted.length).toBeGreaterThan(40);
    for (const secret of secrets) {
      for (const text of emitted) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(2, -2));
      }
    }
  });
});
