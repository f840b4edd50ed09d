import type { Socket } from 'node:net';
import { isRoundhouseError, type Scope } from '@roundhouse/core';
import { Client, type Entry, Filter, ResultCodeError } from 'ldapts';
import type { NameAndPassword } from './basicHeader.ts';
import { externalPrincipal, mapRoles } from './external.ts';
import type { Identity } from './identity.ts';
import { connectLdap, type LdapAddress } from './ldapConnection.ts';
import { type LdapOptions, textOf } from './options.ts';
import { invalid, Refusal, reasonOf } from './refusal.ts';

const MAX_GROUPS = 1_000;

/**
 * Answers of a bind that are about the account and its password: constraint violation (a locked account), no such
 * object, inappropriate authentication (no password), invalid credentials, unwilling to perform. RFC 4511 appendix A.
 */
const REFUSED_BIND = new Set([19, 32, 48, 49, 53]);

interface FoundUser {
  readonly dn: string;
  readonly principal: string;
  /** DNs. */
  readonly groups: readonly string[];
}

/** Proves names and passwords to a directory server: finds the user with an account of its own, then binds as the user. */
export class LdapSource {
  readonly #options: LdapOptions;
  readonly #address: LdapAddress;
  readonly #map: Readonly<Record<string, readonly string[]>>;

  constructor(options: LdapOptions) {
    const { url, start_tls: startTls = false, ca, groups = {} } = options;
    this.#options = options;
    this.#address = { ...parseUrl(url), ...(startTls && { tls: 'start' }), ca };
    this.#map = Object.fromEntries(Object.entries(groups.map ?? {}).map(([dn, roles]) => [canonicalDn(dn), roles]));
  }

  /** One connection for one authentication. Rejects with a Refusal, or the reason of the scope. */
  async authenticate(credential: NameAndPassword, scope: Scope): Promise<Identity> {
    const { timeout_ms: timeoutMs = 5_000 } = this.#options;
    using limit = scope.child({ what: 'The directory server', timeoutMs });
    try {
      const socket = await connectLdap(this.#address, limit);
      try {
        return await this.#authenticateOn(socket, credential, limit);
      } finally {
        socket.destroy();
      }
    } catch (error) {
      if (error instanceof Refusal) throw error;
      scope.throwIfEnded();
      throw new Refusal('IDENTITY_PROVIDER_UNAVAILABLE', `LDAP: ${reasonOf(error)}`, { cause: error });
    }
  }

  async #authenticateOn(socket: Socket, credential: NameAndPassword, limit: Scope): Promise<Identity> {
    const { bind_dn: account, bind_password: password, base_dn: base, groups = {} } = this.#options;
    // The socket is there already, with TLS where it is wanted: the client never makes one.
    const client = new Client({ url: 'ldap://localhost', createConnection: () => socket, strictDN: false });
    if (account !== undefined) await limit.race(client.bind(account, textOf(password ?? '')));
    const user = await this.#findUser(client, credential.name, limit);
    // A name that is not there costs the same questions as a wrong password.
    const dn = user?.dn ?? `cn=nobody,${base}`;
    const found = groups.base_dn === undefined ? [] : await this.#searchGroups(client, groups.base_dn, dn, limit);
    await bindAs(client, dn, credential, user?.principal, limit);
    if (user === undefined) throw invalid('no such user');
    return {
      principal: user.principal,
      type: 'person',
      method: 'ldap',
      roles: mapRoles([...user.groups, ...found].map(canonicalDn), this.#map, groups.default),
      credential: null,
    };
  }

  async #findUser(client: Client, name: string, limit: Scope): Promise<FoundUser | undefined> {
    const {
      base_dn: base,
      user_filter: template = '(uid={name})',
      principal_attribute: attribute = 'uid',
      principal_prefix: prefix = '',
      groups = {},
    } = this.#options;
    const memberOf = groups.attribute ?? (groups.base_dn === undefined ? 'memberOf' : undefined);
    const filter = fillFilter(template, '{name}', name);
    const attributes = memberOf === undefined ? [attribute] : [attribute, memberOf];
    const { searchEntries } = await limit.race(client.search(base, { scope: 'sub', filter, attributes, sizeLimit: 2 }));
    const [entry, ...others] = searchEntries;
    // Of several nobody is meant.
    if (entry === undefined || others.length > 0) return undefined;
    // The order of values means nothing (RFC 4512 §2.3).
    const [principal] = valuesOf(entry, attribute).toSorted();
    return {
      dn: entry.dn,
      principal: externalPrincipal(prefix, principal),
      groups: memberOf === undefined ? [] : valuesOf(entry, memberOf).slice(0, MAX_GROUPS),
    };
  }

  async #searchGroups(client: Client, base: string, dn: string, limit: Scope): Promise<readonly string[]> {
    const { filter: template = '(member={dn})' } = this.#options.groups ?? {};
    const filter = fillFilter(template, '{dn}', dn);
    const search = client.search(base, { scope: 'sub', filter, attributes: ['1.1'], sizeLimit: MAX_GROUPS });
    const { searchEntries } = await limit.race(search);
    return searchEntries.map((entry) => entry.dn);
  }
}

async function bindAs(
  client: Client,
  dn: string,
  { password }: NameAndPassword,
  principal: string | undefined,
  limit: Scope,
): Promise<void> {
  try {
    await limit.race(client.bind(dn, password.reveal()));
  } catch (error) {
    if (isRoundhouseError(error) || !(error instanceof ResultCodeError) || !REFUSED_BIND.has(error.code)) throw error;
    const reason =
      principal === undefined ? 'no such user' : `the directory server refuses the password (${error.code})`;
    throw invalid(reason, { principal });
  }
}

/** Puts a value in a filter so that nothing in it counts as syntax (RFC 4515 §3). */
export function fillFilter(template: string, placeholder: string, value: string): string {
  return template.replaceAll(placeholder, () => Filter.escape(value));
}

function valuesOf(entry: Entry, attribute: string): string[] {
  const wanted = attribute.toLowerCase();
  const name = Object.keys(entry).find((each) => each.toLowerCase() === wanted);
  const value = name === undefined ? [] : entry[name];
  return [value ?? []].flat().map((each) => (typeof each === 'string' ? each : each.toString('utf8')));
}

/** One spelling for most ways to write a DN; those it does not know give no role. */
function canonicalDn(dn: string): string {
  return dn
    .trim()
    .toLowerCase()
    .replaceAll(/\s*([,=+])\s*/g, '$1');
}

function parseUrl(url: string): { host: string; port: number; tls: LdapAddress['tls'] } {
  const { protocol, hostname, port } = new URL(url);
  const isSecure = protocol === 'ldaps:';
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isSecure ? 636 : 389) : Number(port),
    tls: isSecure ? 'always' : 'none',
  };
}
