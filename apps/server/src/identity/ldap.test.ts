import { randomBytes } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createScope, isRoundhouseError, Secret } from '@roundhouse/core';
import {
  createCertificateAuthority,
  FakeClock,
  SLAPD_BASE_DN,
  type Slapd,
  slapdAvailable,
  startSlapd,
} from '@roundhouse/testing';
import fc from 'fast-check';
import { FilterParser } from 'ldapts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuthenticatorOptions, createAuthenticator } from './authenticator.ts';
import { MemoryDirectory } from './directory.ts';
import type { Credentials, Identity } from './identity.ts';
import { fillFilter } from './ldap.ts';
import type { LdapOptions } from './options.ts';
import { hashPassword } from './password.ts';

const HERE = '192.0.2.1';
const PEOPLE = `ou=people,${SLAPD_BASE_DN}`;
const GROUPS = `ou=groups,${SLAPD_BASE_DN}`;

function person(uid: string, password: string | null, rdn = uid): string {
  const encoded = Buffer.from(uid).toString('base64');
  const dn = Buffer.from(`uid=${rdn},${PEOPLE}`).toString('base64');
  const lines = [`dn:: ${dn}`, 'objectClass: inetOrgPerson', `uid:: ${encoded}`, `cn:: ${encoded}`, `sn:: ${encoded}`];
  return [...lines, 'mail: twins@example.com', ...(password === null ? [] : [`userPassword: ${password}`]), ''].join(
    '\n',
  );
}

const ENTRIES = [
  `dn: ${PEOPLE}\nobjectClass: organizationalUnit\n`,
  `dn: ${GROUPS}\nobjectClass: organizationalUnit\n`,
  `dn: cn=search,${SLAPD_BASE_DN}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\nuserPassword: search-password\n`,
  person('joe', 'password-of-joe'),
  person('ann', 'password-of-ann'),
  person('Root', 'password-of-root'),
  person('nopassword', null),
  person('jörg', 'password-of-jörg'),
  person('a*(b)\\c', 'password-of-star', 'a*(b)\\\\c'),
  `dn: cn=Operators,${GROUPS}\nobjectClass: groupOfNames\nmember: uid=joe,${PEOPLE}\nmember: uid=a*(b)\\\\c,${PEOPLE}\n`,
  `dn: cn=auditors,${GROUPS}\nobjectClass: groupOfNames\nmember: uid=joe,${PEOPLE}\nmember: uid=ann,${PEOPLE}\n`,
].join('\n');

const MAP = { [`CN=operators, ${GROUPS}`]: ['operator'], [`cn=auditors,${GROUPS}`]: ['auditor'], joe: ['admin'] };

function setUp(ldap: LdapOptions, options: Partial<AuthenticatorOptions> = {}) {
  const clock = new FakeClock();
  const scope = createScope({ clock });
  const directory = new MemoryDirectory();
  const told: { code: string; reason: string; principal: string | null }[] = [];
  const authenticator = createAuthenticator({ rootTokens: [], ldap, ...options }, { directory, clock, randomBytes });
  authenticator.events.on('refused', (fact) => told.push(fact));
  const credentialsOf = (name: string, password: string): Credentials => ({
    authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
    address: HERE,
    isSecure: true,
  });
  const ask = async (name: string, password: string): Promise<Identity | string> => {
    try {
      return await authenticator.authenticate(credentialsOf(name, password), scope);
    } catch (error) {
      if (!isRoundhouseError(error)) throw error;
      return error.code;
    }
  };
  return { clock, scope, directory, told, ask, authenticator, credentialsOf };
}

describe('a value in a filter', () => {
  it('stays one value, whatever is in it (RFC 4515 §3)', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('*', '(', ')', '\\', '\0', '&', '|', '=', 'a', 'é') }),
    );
    fc.assert(
      fc.property(text, (value) => {
        fc.pre(value.isWellFormed());
        const filter = FilterParser.parseString(fillFilter('(&(uid={name})(cn={name}))', '{name}', value));
        expect(filter).toMatchObject({
          filters: [
            { attribute: 'uid', value },
            { attribute: 'cn', value },
          ],
        });
      }),
    );
  });
});

describe.skipIf(!slapdAvailable())(
  "a directory server (OpenLDAP; skipped where Debian's slapd and ldap-utils are missing)",
  () => {
    let slapd: Slapd;
    let account: Pick<LdapOptions, 'bind_dn' | 'bind_password' | 'base_dn' | 'groups'>;

    beforeAll(async () => {
      slapd = await startSlapd({ entries: ENTRIES });
      account = {
        bind_dn: `cn=search,${SLAPD_BASE_DN}`,
        bind_password: new Secret('search-password'),
        base_dn: PEOPLE,
        groups: { map: MAP },
      };
    }, 30_000);
    afterAll(() => slapd?.close());

    it('vouches for its users, who get the roles of their groups', async () => {
      const { ask, clock } = setUp({ ...account, url: slapd.url });
      expect(await ask('joe', 'password-of-joe')).toEqual({
        principal: 'joe',
        type: 'person',
        method: 'ldap',
        roles: ['auditor', 'operator'],
        credential: null,
      });
      expect(await ask('ann', 'password-of-ann')).toMatchObject({ principal: 'ann', roles: ['auditor'] });
      expect(clock.pendingTimers).toBe(0);
    });

    it('is asked for groups by a search where that is configured', async () => {
      const groups = { base_dn: GROUPS, map: MAP, default: ['viewer'] };
      const { ask } = setUp({ ...account, url: slapd.url, groups });
      expect(await ask('joe', 'password-of-joe')).toMatchObject({ roles: ['auditor', 'operator', 'viewer'] });
      expect(await ask('a*(b)\\c', 'password-of-star')).toMatchObject({ roles: ['operator', 'viewer'] });
      expect(await ask('jörg', 'password-of-jörg')).toMatchObject({ principal: 'jörg', roles: ['viewer'] });
    });

    it('is asked under TLS from the first byte, and after StartTLS', async () => {
      for (const tls of [{ url: slapd.tlsUrl }, { url: slapd.url, start_tls: true }]) {
        const { ask } = setUp({ ...account, ...tls, ca: slapd.ca });
        expect(await ask('joe', 'password-of-joe')).toMatchObject({ principal: 'joe' });
        expect(await ask('joe', 'wrong')).toBe('CREDENTIALS_INVALID');
      }
    });

    it('with a certificate of another authority is not told a password', async () => {
      const { cert } = createCertificateAuthority();
      for (const tls of [{ url: slapd.tlsUrl }, { url: slapd.url, start_tls: true }]) {
        for (const ca of [{}, { ca: cert }]) {
          const { ask, told } = setUp({ ...account, ...tls, ...ca });
          expect(await ask('joe', 'password-of-joe')).toBe('IDENTITY_PROVIDER_UNAVAILABLE');
          expect(told.at(-1)?.reason).toMatch(/certificate/);
        }
      }
    });

    it('takes the names of users as names, whatever is in them', async () => {
      const { ask } = setUp({ ...account, url: slapd.url });
      expect(await ask('a*(b)\\c', 'password-of-star')).toMatchObject({ principal: 'a*(b)\\c', roles: ['operator'] });
      for (const name of [
        '*',
        'jo*',
        'joe)(uid=*',
        'joe)(|(uid=*',
        'x)(objectClass=*))(|(uid=x',
        '\\6aoe',
        'joe,ou=people',
      ]) {
        expect(await ask(name, 'password-of-joe')).toBe('CREDENTIALS_INVALID');
      }
    });

    it('knows a user by any spelling that it takes for the same, and the principal has one', async () => {
      const { ask } = setUp({ ...account, url: slapd.url });
      expect(await ask('JOE', 'password-of-joe')).toMatchObject({ principal: 'joe' });
      expect(await ask(' joe ', 'password-of-joe')).toMatchObject({ principal: 'joe' });
    });

    it.each([
      ['joe', 'wrong', 'joe', /refuses the password \(49\)/],
      ['nobody', 'password-of-joe', null, /no such user/],
      ['nopassword', 'anything', 'nopassword', /refuses the password/],
      ['joe', '', null, /password is empty/],
      ['Root', 'password-of-root', 'root', /taken/],
    ])('refuses %j with %j, and says no more', async (name, password, principal, reason) => {
      const { ask, told } = setUp({ ...account, url: slapd.url });
      expect(await ask(name, password)).toBe('CREDENTIALS_INVALID');
      expect(told).toMatchObject([{ principal, reason: expect.stringMatching(reason) as string }]);
    });

    it('vouches for nobody when several are found', async () => {
      const { ask } = setUp({ ...account, url: slapd.url, user_filter: '(|(uid={name})(mail=twins@example.com))' });
      for (const name of ['joe', 'ann', 'Root', 'jörg']) {
        expect(await ask(name, `password-of-${name.toLowerCase()}`)).toBe('CREDENTIALS_INVALID');
      }
    });

    it('puts the name of the source before the names', async () => {
      const { ask } = setUp({ ...account, url: slapd.url, principal_prefix: 'corp.' });
      expect(await ask('Root', 'password-of-root')).toMatchObject({ principal: 'corp.Root' });
    });

    it('is not asked about principals with a password here, who have not another one there', async () => {
      const { ask, directory } = setUp({ ...account, url: slapd.url });
      const hash = await hashPassword(new Secret('password-in-here'), { randomBytes });
      directory.putPrincipal({ id: 'joe', roles: ['viewer'], password_hash: hash });
      expect(await ask('joe', 'password-of-joe')).toBe('CREDENTIALS_INVALID');
      expect(await ask('joe', 'password-in-here')).toMatchObject({ method: 'basic', roles: ['viewer'] });
    });

    it('is asked once a minute, and again when the principal changes', async () => {
      const { ask, authenticator, credentialsOf, scope, directory, clock } = setUp({ ...account, url: slapd.url });
      const credentials = credentialsOf('joe', 'password-of-joe');
      await ask('joe', 'password-of-joe');
      expect(authenticator.authenticate(credentials, scope)).toMatchObject({ principal: 'joe' });
      directory.putPrincipal({ id: 'joe', roles: ['admin'] });
      const again = authenticator.authenticate(credentials, scope);
      expect(again).toBeInstanceOf(Promise);
      expect(await again).toMatchObject({ roles: ['auditor', 'operator'] });
      await clock.advance(60_000);
      expect(await authenticator.authenticate(credentials, scope)).toMatchObject({ principal: 'joe' });
      directory.putPrincipal({ id: 'joe', roles: [], disabled: true });
      expect(await ask('joe', 'password-of-joe')).toBe('PRINCIPAL_DISABLED');
    });

    it('locks out like any other source', async () => {
      const { ask } = setUp({ ...account, url: slapd.url }, { lockout: { max_failures: 2, delay_ms: 0 } });
      await ask('joe', 'wrong');
      await ask('JOE', 'wrong');
      expect(await ask('joe', 'password-of-joe')).toBe('LOCKED_OUT');
    });

    it('that refuses the searching account is at fault, not the caller', async () => {
      const { ask, told } = setUp({ ...account, url: slapd.url, bind_password: new Secret('wrong') });
      expect(await ask('joe', 'password-of-joe')).toBe('IDENTITY_PROVIDER_UNAVAILABLE');
      expect(told).toHaveLength(1);
      expect(JSON.stringify(told)).not.toContain('password-of-joe');
    });
  },
);

describe('a directory server that is not well', () => {
  async function startServer(onConnection: (socket: Socket) => void): Promise<{ url: string; server: Server }> {
    const server = createServer(onConnection);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `ldap://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
  }

  const ACCEPTED = '300c02010178070a010004000400';

  it.each<readonly [string, boolean, (socket: Socket) => void, RegExp]>([
    ['that hangs up', false, (socket) => socket.destroy(), /closed|reset/i],
    ['that hangs up on StartTLS', true, (socket) => socket.destroy(), /closed|reset/i],
    ['that refuses StartTLS', true, (socket) => answer(socket, '300c02010178070a013404000400'), /refused/],
    ['that answers another message', true, (socket) => answer(socket, '300c02010278070a010004000400'), /malformed/],
    ['that answers with a search', true, (socket) => answer(socket, '300c02010165070a010004000400'), /malformed/],
    // Bytes behind the answer, in plain text, would count as sent under TLS.
    [
      'with somebody in between',
      true,
      (socket) => answer(socket, `${ACCEPTED}300c02010261070a010004000400`),
      /malformed/,
    ],
    ['with half a message slipped in', true, (socket) => answer(socket, `${ACCEPTED}30`), /malformed/],
    [
      'that speaks no LDAP',
      true,
      (socket) => answer(socket, Buffer.from('HTTP/1.1 400 Bad\r\n').toString('hex')),
      /malformed/,
    ],
    ['that speaks no TLS', true, (socket) => answer(socket, ACCEPTED, 'nonsense'), /./],
  ])('%s is unavailable', async (_what, startTls, onConnection, reason) => {
    const { url, server } = await startServer((socket) => {
      socket.on('error', () => {});
      onConnection(socket);
    });
    const { ask, told, clock } = setUp({ url, base_dn: PEOPLE, start_tls: startTls });
    expect(await ask('joe', 'password-of-joe')).toBe('IDENTITY_PROVIDER_UNAVAILABLE');
    expect(told.at(-1)?.reason).toMatch(reason);
    expect(clock.pendingTimers).toBe(0);
    server.close();
  });

  function answer(socket: Socket, hex: string, after = ''): void {
    socket.once('data', () => {
      socket.write(Buffer.from(hex, 'hex'));
      if (after !== '') socket.once('data', () => socket.end(after));
    });
  }

  it('is given up after its time, and left when the caller goes', async () => {
    let connected = (): void => {};
    const { url, server } = await startServer((socket) => {
      socket.on('error', () => {});
      socket.resume();
      connected();
    });
    const { authenticator, credentialsOf, scope, clock } = setUp({ url, base_dn: PEOPLE });
    const here = (): Promise<void> => new Promise((resolve) => (connected = resolve));
    let arrived = here();
    const slow = Promise.resolve(authenticator.authenticate(credentialsOf('joe', 'secret'), scope)).catch(
      (error: unknown) => error,
    );
    await arrived;
    await clock.advance(5_000);
    expect(await slow).toMatchObject({ code: 'IDENTITY_PROVIDER_UNAVAILABLE' });
    const caller = scope.child();
    arrived = here();
    const left = Promise.resolve(authenticator.authenticate(credentialsOf('joe', 'secret'), caller)).catch(
      (error: unknown) => error,
    );
    await arrived;
    caller.end();
    expect(await left).toMatchObject({ code: 'CANCELLED' });
    expect(clock.pendingTimers).toBe(0);
    // It waits for the connections.
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  it('that nobody is at is unavailable', async () => {
    const { url, server } = await startServer(() => {});
    await new Promise<void>((resolve) => server.close(() => resolve()));
    const { ask } = setUp({ url, base_dn: PEOPLE });
    expect(await ask('joe', 'password-of-joe')).toBe('IDENTITY_PROVIDER_UNAVAILABLE');
  });
});
