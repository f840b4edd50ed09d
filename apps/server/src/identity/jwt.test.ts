import { createHmac, randomBytes } from 'node:crypto';
import { createScope, isRoundhouseError, Secret } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Authenticator, createAuthenticator } from './authenticator.ts';
import { MemoryDirectory } from './directory.ts';
import type { Identity } from './identity.ts';
import { type FakeIssuer, startIssuer } from './issuer.fixture.ts';
import type { IssuerOptions } from './options.ts';

const AUDIENCE = 'roundhouse';
const HERE = '192.0.2.1';

interface Pair {
  readonly publicKey: CryptoKey;
  readonly privateKey: CryptoKey;
}

let issuer: FakeIssuer;
let keyOne: Pair;
let keyTwo: Pair;
let rsaKey: Pair;
let authenticators: Authenticator[] = [];

async function publish(...keys: readonly (readonly [kid: string | undefined, key: Pair])[]): Promise<void> {
  const jwks = await Promise.all(
    keys.map(async ([kid, { publicKey }]) => ({ ...(await exportJWK(publicKey)), ...(kid !== undefined && { kid }) })),
  );
  issuer.answer('/keys', { keys: jwks });
}

beforeAll(async () => {
  issuer = await startIssuer();
  [keyOne, keyTwo, rsaKey] = await Promise.all([
    generateKeyPair('ES256'),
    generateKeyPair('ES256'),
    generateKeyPair('RS256'),
  ]);
});
beforeEach(async () => {
  issuer.answer('/.well-known/openid-configuration', { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` });
  await publish(['one', keyOne], ['rsa', rsaKey]);
});
afterAll(async () => {
  await issuer[Symbol.asyncDispose]();
  await Promise.all(authenticators.map((each) => each.close()));
  authenticators = [];
});

function setUp(options: Partial<IssuerOptions> = {}, others: readonly IssuerOptions[] = []) {
  const clock = new FakeClock();
  const scope = createScope({ clock });
  const directory = new MemoryDirectory();
  const told: { reason: string; [name: string]: unknown }[] = [];
  const authenticator = createAuthenticator(
    {
      rootTokens: [],
      issuers: [
        {
          issuer: issuer.url,
          audience: AUDIENCE,
          roles: { claim: 'realm.roles', map: { ops: ['operator', 'viewer'], audit: ['auditor'] } },
          ...options,
        },
        ...others,
      ],
    },
    { directory, clock, randomBytes },
  );
  authenticators.push(authenticator);
  authenticator.events.on('refused', (fact) => told.push(fact));
  authenticator.events.on('issuerFailed', (fact) => told.push(fact));
  const ask = async (token: string): Promise<Identity | string> => {
    try {
      const credentials = { authorization: `Bearer ${token}`, address: HERE, isSecure: true };
      return await authenticator.authenticate(credentials, scope);
    } catch (error) {
      if (!isRoundhouseError(error)) throw error;
      return error.code;
    }
  };
  const nowS = Math.floor(clock.now() / 1_000);
  /** `exp` and so on are seconds from now. */
  const sign = (
    claims: JWTPayload = {},
    header: object = {},
    key: CryptoKey | Uint8Array = keyOne.privateKey,
  ): Promise<string> => {
    const whole = { iss: issuer.url, aud: AUDIENCE, sub: 'joe', iat: nowS, exp: nowS + 300, ...claims };
    return new SignJWT(whole).setProtectedHeader({ alg: 'ES256', kid: 'one', ...header }).sign(key);
  };
  return { clock, scope, directory, told, ask, sign, nowS, authenticator };
}

function forge(header: object, claims: object, signature: (input: string) => string): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${signature(input)}`;
}

describe('a JWT', () => {
  it('is its subject, with the roles that its claim maps to', async () => {
    const { ask, sign } = setUp();
    expect(await ask(await sign({ jti: 'j1', realm: { roles: ['ops', 'unknown', 7, '__proto__'] } }))).toEqual({
      principal: 'joe',
      type: 'person',
      method: 'jwt',
      roles: ['operator', 'viewer'],
      credential: 'j1',
    });
  });

  it('is named and typed as the issuer is configured', async () => {
    const { ask, sign } = setUp({
      principal_claim: 'client_id',
      principal_prefix: 'corp.',
      type: 'service',
      roles: { claim: 'https://x.example/roles', map: { audit: ['auditor'] }, default: ['viewer'] },
    });
    const token = await sign({ client_id: 'batch', 'https://x.example/roles': 'audit other' });
    expect(await ask(token)).toMatchObject({
      principal: 'corp.batch',
      type: 'service',
      roles: ['auditor', 'viewer'],
      credential: null,
    });
  });

  it.each<readonly [IssuerOptions['second_factor'], JWTPayload, boolean]>([
    [{}, { amr: ['pwd', 'mfa'] }, true],
    [{}, { amr: ['pwd'] }, false],
    [{}, {}, false],
    [{}, { amr: 'mfa' }, true],
    [{ claim: 'acr', values: ['gold', 'silver'] }, { acr: 'silver' }, true],
    [{ claim: 'acr', values: ['gold'] }, { acr: 'silver', amr: ['mfa'] }, false],
  ])(
    'has to say that a second factor was asked for, where the issuer is to: %j, %j',
    async (factor, claims, isTaken) => {
      const { ask, sign } = setUp({ second_factor: factor });
      const answer = await ask(await sign(claims));
      if (isTaken) expect(answer).toMatchObject({ principal: 'joe' });
      else expect(answer).toBe('CREDENTIALS_INVALID');
    },
  );

  it('is restricted by a principal of its name, and gets no roles from it', async () => {
    const { ask, sign, directory } = setUp();
    directory.putPrincipal({ id: 'joe', roles: ['admin'], addresses: [HERE] });
    expect(await ask(await sign())).toMatchObject({ roles: [] });
    directory.putPrincipal({ id: 'joe', roles: ['admin'], addresses: ['203.0.113.1'] });
    expect(await ask(await sign())).toBe('ADDRESS_NOT_ALLOWED');
    directory.putPrincipal({ id: 'joe', roles: ['admin'], disabled: true });
    expect(await ask(await sign())).toBe('PRINCIPAL_DISABLED');
  });

  it.each(['root', 'Root', ' ROOT ', '', '   ', 'a\u0000b', 'a\u202eb', 'x'.repeat(129)])(
    'cannot be %j',
    async (sub) => {
      const { ask, sign } = setUp();
      expect(await ask(await sign({ sub }))).toBe('CREDENTIALS_INVALID');
    },
  );

  it('is taken until it expires, give or take the skew of clocks, and then said to have expired', async () => {
    const { ask, sign, clock } = setUp();
    const token = await sign();
    await clock.advance(329_000);
    expect(await ask(token)).toMatchObject({ principal: 'joe' });
    await clock.advance(1_000);
    expect(await ask(token)).toBe('CREDENTIALS_EXPIRED');
  });

  it('is taken no longer than the issuer is configured for', async () => {
    const { ask, sign, clock } = setUp({ max_lifetime_ms: 60_000, clock_skew_ms: 0 });
    const token = await sign();
    await clock.advance(60_000);
    expect(await ask(token)).toMatchObject({ principal: 'joe' });
    await clock.advance(1_000);
    expect(await ask(token)).toBe('CREDENTIALS_EXPIRED');
  });

  it.each<readonly [string, JWTPayload, object, RegExp]>([
    ['another audience', { aud: 'other' }, {}, /aud/],
    ['no audience', { aud: undefined as never }, {}, /aud/],
    ['another issuer', { iss: 'https://other.example' }, {}, /no issuer that is configured/],
    ['no issuer', { iss: undefined as never }, {}, /no issuer that is configured/],
    ['no end', { exp: undefined as never }, {}, /exp/],
    ['a beginning in the future', { nbf: 4_000_000_000 }, {}, /nbf/],
    ['no subject', { sub: undefined as never }, {}, /no name/],
    ['a subject that is no text', { sub: 7 as never }, {}, /no name/],
    ['another use', {}, { typ: 'logout+jwt' }, /another use/],
    ['an unknown key', {}, { kid: 'nobody' }, /NO_MATCHING_KEY/],
  ])('with %s is not taken, and the caller learns no more', async (_what, claims, header, reason) => {
    const { ask, sign, told } = setUp();
    expect(await ask(await sign(claims, header))).toBe('CREDENTIALS_INVALID');
    expect(told.at(-1)?.reason).toMatch(reason);
  });

  it.each(['at+jwt', 'application/at+jwt', 'JWT'])('of type %s is taken', async (typ) => {
    const { ask, sign } = setUp();
    expect(await ask(await sign({}, { typ }))).toMatchObject({ principal: 'joe' });
  });

  it('is not taken with a signature of somebody else, or none, or one made with the public key', async () => {
    const { ask, sign, nowS, told } = setUp();
    const claims = { iss: issuer.url, aud: AUDIENCE, sub: 'joe', exp: nowS + 300 };
    const pem = await exportSPKI(keyOne.publicKey);
    const good = await sign();
    const tokens = [
      await sign({}, {}, keyTwo.privateKey),
      forge({ alg: 'none', kid: 'one' }, claims, () => ''),
      forge({ alg: 'None', kid: 'one' }, claims, () => ''),
      forge({ alg: 'HS256', kid: 'one' }, claims, (input) =>
        createHmac('sha256', pem).update(input).digest('base64url'),
      ),
      forge({ alg: 'ES256', kid: 'one' }, claims, () => ''),
      forge({ alg: 'ES256', kid: 'one' }, claims, () => 'A'.repeat(86)),
      forge({ alg: 'ES256', kid: 'one', crit: ['x'], x: 1 }, claims, () => 'A'.repeat(86)),
      `${good.slice(0, -2)}${good.endsWith('AA') ? 'BB' : 'AA'}`,
      `${good.split('.', 2).join('.')}.`,
      'eyJhbGciOiJub25lIn0..',
      'eyJ.eyJ.eyJ',
      `eyJ${'a'.repeat(9_000)}.eyJ.x`,
    ];
    for (const token of tokens) expect(await ask(token)).toBe('CREDENTIALS_INVALID');
    expect(told).toHaveLength(tokens.length);
    expect(await ask(good)).toMatchObject({ principal: 'joe' });
  });

  it('is taken with the algorithms alone that are configured', async () => {
    const token = (sign: ReturnType<typeof setUp>['sign']) => sign({}, { alg: 'RS256', kid: 'rsa' }, rsaKey.privateKey);
    const usual = setUp();
    expect(await usual.ask(await token(usual.sign))).toMatchObject({ principal: 'joe' });
    const strict = setUp({ algorithms: ['ES256'] });
    expect(await strict.ask(await token(strict.sign))).toBe('CREDENTIALS_INVALID');
  });

  it('may be signed with a shared secret where one is configured, and with nothing else there', async () => {
    const secret = randomBytes(32).toString('hex');
    const { ask, sign } = setUp({ secret: new Secret(secret) });
    expect(await ask(await sign({}, { alg: 'HS256' }, Buffer.from(secret)))).toMatchObject({ principal: 'joe' });
    expect(await ask(await sign({}, { alg: 'HS512' }, Buffer.from(secret)))).toBe('CREDENTIALS_INVALID');
    expect(await ask(await sign({}, { alg: 'HS256' }, randomBytes(32)))).toBe('CREDENTIALS_INVALID');
    expect(await ask(await sign())).toBe('CREDENTIALS_INVALID');
  });

  it('without a key id is tried with each key that fits', async () => {
    await publish([undefined, keyTwo], [undefined, keyOne]);
    const { ask, sign } = setUp();
    expect(await ask(await sign({}, { kid: undefined }))).toMatchObject({ principal: 'joe' });
    const stranger = await generateKeyPair('ES256');
    expect(await ask(await sign({}, { kid: undefined }, stranger.privateKey))).toBe('CREDENTIALS_INVALID');
  });

  it('of one issuer does not pass for one of another', async () => {
    await using other = await startIssuer();
    other.answer('/keys', { keys: [{ ...(await exportJWK(keyTwo.publicKey)), kid: 'two' }] });
    const { ask, sign } = setUp({}, [{ issuer: other.url, audience: AUDIENCE, jwks_url: `${other.url}/keys` }]);
    expect(await ask(await sign({ iss: other.url }, { kid: 'two' }, keyTwo.privateKey))).toMatchObject({
      principal: 'joe',
    });
    expect(await ask(await sign({}, { kid: 'two' }, keyTwo.privateKey))).toBe('CREDENTIALS_INVALID');
    expect(await ask(await sign({ iss: other.url }))).toBe('CREDENTIALS_INVALID');
  });
});

describe('a JWT where each is good for one request', () => {
  it('is refused the second time, at the same time too', async () => {
    const { ask, sign } = setUp({ refuse_replay: true });
    const token = await sign({ jti: 'j1' });
    const answers = await Promise.all([ask(token), ask(token), ask(token)]);
    expect(answers.filter((answer) => answer === 'TOKEN_REPLAYED')).toHaveLength(2);
    expect(await ask(token)).toBe('TOKEN_REPLAYED');
    expect(await ask(await sign({ jti: 'j2' }))).toMatchObject({ credential: 'j2' });
    expect(await ask(await sign())).toBe('CREDENTIALS_INVALID');
  });

  it('is not used up by a forgery of its id', async () => {
    const { ask, sign } = setUp({ refuse_replay: true });
    await ask(await sign({ jti: 'j1' }, {}, keyTwo.privateKey));
    expect(await ask(await sign({ jti: 'j1' }))).toMatchObject({ credential: 'j1' });
  });
});

describe('an issuer', () => {
  it('may change its keys', async () => {
    const { ask, sign, clock } = setUp();
    const old = await sign();
    expect(await ask(old)).toMatchObject({ principal: 'joe' });
    await publish(['two', keyTwo]);
    const next = await sign({}, { kid: 'two' }, keyTwo.privateKey);
    expect(await ask(next)).toBe('CREDENTIALS_INVALID');
    await clock.advance(30_000);
    expect(await ask(next)).toMatchObject({ principal: 'joe' });
    expect(await ask(old)).toBe('CREDENTIALS_INVALID');
  });

  it('that cannot be asked is not the fault of the caller', async () => {
    issuer.answer('/keys', (_request, response) => void response.writeHead(500).end());
    const { ask, sign, told, authenticator } = setUp();
    for (let time = 0; time < 200; time++) {
      const answer = await ask(await sign());
      if (answer !== 'IDENTITY_PROVIDER_UNAVAILABLE') expect(answer).toBe('IDENTITY_PROVIDER_UNAVAILABLE');
    }
    expect(told.filter(({ issuer: name }) => name === issuer.url)).toHaveLength(1);
    expect(authenticator.unlock({ address: HERE })).toBe(false);
  });

  it.each<readonly [string, object]>([
    ['of another issuer', { issuer: 'https://other.example' }],
    ['without keys', { jwks_uri: undefined }],
    ['that leads to another protocol', { jwks_uri: 'https://127.0.0.1:1/keys' }],
  ])('with a discovery document %s gives no keys', async (_what, document) => {
    issuer.answer('/.well-known/openid-configuration', {
      issuer: issuer.url,
      jwks_uri: `${issuer.url}/keys`,
      ...document,
    });
    const { ask, sign } = setUp();
    expect(await ask(await sign())).toBe('IDENTITY_PROVIDER_UNAVAILABLE');
  });

  it('is not asked before a token comes', () => {
    const before = issuer.asked.length;
    setUp();
    expect(issuer.asked).toHaveLength(before);
  });
});

it('says nothing of a token in an error or an event', async () => {
  const { sign, told, authenticator, scope } = setUp();
  const token = await sign({ aud: 'other' });
  const credentials = { authorization: `Bearer ${token}`, address: HERE, isSecure: true };
  const error: unknown = await Promise.resolve(authenticator.authenticate(credentials, scope)).catch(
    (each: unknown) => each,
  );
  const text = `${JSON.stringify(error)} ${String((error as Error).stack)} ${JSON.stringify(told)}`;
  for (const part of token.split('.')) expect(text).not.toContain(part);
});
