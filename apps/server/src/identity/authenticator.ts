import { timingSafeEqual } from 'node:crypto';
import type { ApiKeyRecord, PrincipalInput } from '@roundhouse/api';
import { type Clock, createScope, Emitter, type EventSource, type Scope, type Secret } from '@roundhouse/core';
import { type Bulkhead, createBulkhead } from '@roundhouse/resilience';
import { serverError } from '../errors.ts';
import { canonicalAddress, isInRanges, isThisMachine } from './address.ts';
import { apiKeyId, digestOf } from './apiKey.ts';
import { type NameAndPassword, parseBasic } from './basicHeader.ts';
import { findByCertificate, fingerprintName } from './certificate.ts';
import { CredentialCache } from './credentialCache.ts';
import type { Directory } from './directory.ts';
import { type AuthenticationMethod, type Credentials, type Identity, ROOT_PRINCIPAL, ROOT_ROLE } from './identity.ts';
import type { JwtVerifier } from './jwt.ts';
import { LdapSource } from './ldap.ts';
import { type LockedOut, Lockout } from './lockout.ts';
import { LruMap } from './lruMap.ts';
import type { AuthenticationOptions } from './options.ts';
import { dummyHash, verifyPassword } from './password.ts';
import type { PasswordRules } from './passwordRules.ts';
import { invalid, Refusal } from './refusal.ts';

export interface AuthenticatorOptions extends AuthenticationOptions {
  /** Bearer tokens of the root principal: the fixed one, or the one that was printed at the first run. */
  readonly rootTokens: readonly Secret[];
}

export interface AuthenticatorDependencies {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly randomBytes: (size: number) => Buffer;
  /** What passwords that are checked here have to be like. Default: any is taken. */
  readonly passwordRules?: PasswordRules | undefined;
}

interface AuthenticationEvents {
  /** With the exact reason, for the log and the audit: not for the caller. Attempts during a lock-out are not told. */
  refused: {
    readonly method: AuthenticationMethod | null;
    /** Where it is known who it was about. */
    readonly principal: string | null;
    readonly address: string;
    readonly code: string;
    readonly reason: string;
  };
  lockedOut: LockedOut & { readonly principal: string | null };
  /** At most once a minute for each key. */
  keyUsed: { readonly key: string; readonly principal: string; readonly address: string };
  /** The keys of an issuer could not be had; those that are there are used for a while. */
  issuerFailed: { readonly issuer: string; readonly reason: string };
  issuerRecovered: { readonly issuer: string };
}

/** Finds out who calls. */
export interface Authenticator extends AsyncDisposable {
  readonly events: EventSource<AuthenticationEvents>;
  /**
   * At once for tokens, keys, certificates and passwords that were right a moment ago; otherwise a promise. Raises
   * UNAUTHENTICATED when the request brings no credentials, CREDENTIALS_INVALID, CREDENTIALS_EXPIRED,
   * CREDENTIALS_REVOKED, TOKEN_REPLAYED, ADDRESS_NOT_ALLOWED, PRINCIPAL_DISABLED, PASSWORD_BELOW_POLICY, PASSWORD_REUSED,
   * LOCKED_OUT, BASIC_NEEDS_TLS, IDENTITY_PROVIDER_UNAVAILABLE, TOKEN_MEMORY_FULL, BULKHEAD_FULL, or the reason of the scope.
   */
  authenticate(credentials: Credentials, scope: Scope): Identity | Promise<Identity>;
  /** Forgets the failures of a name, of an address, or of the two together. Returns whether there were any. */
  unlock(whom: { readonly name?: string; readonly address?: string }): boolean;
  /** Ends what is under way. Idempotent. */
  close(): Promise<void>;
}

/** The options are those that `authenticationSchema` has accepted. Opens nothing before the first request needs it. */
export function createAuthenticator(options: AuthenticatorOptions, deps: AuthenticatorDependencies): Authenticator {
  return new DirectoryAuthenticator(options, deps);
}

const ROOT: Identity = Object.freeze({
  principal: ROOT_PRINCIPAL,
  type: 'root',
  method: 'token',
  roles: Object.freeze([ROOT_ROLE]),
  credential: null,
});

/** What is compared when there is no such key, so that this takes as long. */
const NO_DIGEST = Buffer.alloc(32);
const MAX_AUTHORIZATION_LENGTH = 16_384;
const KEY_USE_PAUSE_MS = 60_000;
const MAX_KEYS_NOTED = 10_000;

/** What is worked out once for a record of a key. */
interface PreparedKey {
  readonly digest: Buffer;
  /** Wall clock, ms. */
  readonly expiresAt: number;
  /** For the record of its principal at the time. */
  principal: PrincipalInput | undefined;
  identity: Identity | undefined;
}

/** An attempt as it goes, for what is told of it when it fails. */
interface Attempt {
  readonly address: string;
  readonly scope: Scope;
  method: AuthenticationMethod | null;
  /** Name that failures are counted against. */
  name: string | undefined;
}

class DirectoryAuthenticator implements Authenticator {
  readonly events = new Emitter<AuthenticationEvents>();
  readonly #options: AuthenticatorOptions;
  readonly #deps: AuthenticatorDependencies;
  readonly #scope: Scope;
  readonly #rootDigests: readonly Buffer[];
  readonly #lockout: Lockout;
  /** Loaded where there are issuers. */
  readonly #jwt: Promise<JwtVerifier> | undefined;
  readonly #ldap: LdapSource | undefined;
  readonly #passwords: Bulkhead;
  readonly #connections: Bulkhead;
  readonly #localCache: CredentialCache;
  readonly #ldapCache: CredentialCache;
  readonly #dummyHash: string;
  readonly #preparedKeys = new WeakMap<ApiKeyRecord, PreparedKey>();
  readonly #identities = new WeakMap<PrincipalInput, Identity>();
  /** Monotonic time at which the use of each key was told, ms. */
  readonly #keyUses = new LruMap<string, number>(MAX_KEYS_NOTED);

  constructor(options: AuthenticatorOptions, deps: AuthenticatorDependencies) {
    const { basic = {}, issuers = [], ldap, lockout = {} } = options;
    this.#options = options;
    this.#deps = deps;
    this.#scope = createScope({ clock: deps.clock });
    this.#rootDigests = options.rootTokens.map((token) => digestOf(token.reveal()));
    this.#dummyHash = dummyHash(deps);
    this.#lockout = new Lockout(
      {
        maxFailures: lockout.max_failures ?? 10,
        maxFailuresPerAddress: lockout.max_failures_per_address ?? 100,
        windowMs: lockout.window_ms ?? 1_800_000,
        lockMs: lockout.lock_ms ?? 1_800_000,
        delayMs: lockout.delay_ms ?? 1_000,
      },
      deps.clock,
    );
    this.#localCache = new CredentialCache(basic.cache_ms ?? 60_000, deps);
    this.#ldapCache = new CredentialCache(ldap?.cache_ms ?? 60_000, deps);
    this.#passwords = createBulkhead({
      limit: basic.max_concurrent ?? 2,
      maxWaiting: basic.max_waiting ?? 64,
      what: 'Checks of passwords',
    });
    this.#connections = createBulkhead({
      limit: ldap?.max_concurrent ?? 8,
      maxWaiting: ldap?.max_waiting ?? 64,
      what: 'Connections to the directory server',
    });
    this.#ldap = ldap && new LdapSource(ldap);
    if (issuers.length > 0) {
      const verifying = {
        scope: this.#scope,
        onIssuerFailure: (issuer: string, reason: string) => this.events.emit('issuerFailed', { issuer, reason }),
        onIssuerRecovery: (issuer: string) => this.events.emit('issuerRecovered', { issuer }),
      };
      this.#jwt = import('./jwt.ts').then((jwt) => new jwt.JwtVerifier(issuers, verifying));
    }
  }

  authenticate(credentials: Credentials, scope: Scope): Identity | Promise<Identity> {
    const address = canonicalAddress(credentials.address);
    const attempt: Attempt = { address, scope, method: null, name: undefined };
    try {
      const identity = this.#begin(credentials, attempt);
      if (!(identity instanceof Promise)) return identity;
      return identity.catch((error: unknown) => {
        throw this.#refused(error, attempt);
      });
    } catch (error) {
      throw this.#refused(error, attempt);
    }
  }

  unlock(whom: { readonly name?: string; readonly address?: string }): boolean {
    return this.#lockout.unlock({ ...whom, ...(whom.address && { address: canonicalAddress(whom.address) }) });
  }

  async close(): Promise<void> {
    this.#scope.end();
    await (await this.#jwt)?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #begin({ authorization, certificate, isSecure }: Credentials, attempt: Attempt): Identity | Promise<Identity> {
    if (authorization !== undefined) {
      const space = authorization.indexOf(' ');
      const scheme = space < 0 ? '' : authorization.slice(0, space).toLowerCase();
      if (authorization.length <= MAX_AUTHORIZATION_LENGTH) {
        if (scheme === 'bearer') return this.#bearer(authorization.slice(space).trim(), attempt);
        if (scheme === 'basic') return this.#basic(authorization.slice(space).trim(), isSecure, attempt);
      }
    } else if (certificate && this.#options.certificates !== false) {
      attempt.method = 'mtls';
      this.#lockout.check(attempt.address, undefined);
      const record = findByCertificate(certificate, this.#deps.directory);
      const credential = fingerprintName(certificate);
      return this.#admit(record, { ...this.#identityOf(record), method: 'mtls', credential }, attempt);
    }
    throw serverError('UNAUTHENTICATED');
  }

  #bearer(token: string, attempt: Attempt): Identity | Promise<Identity> {
    attempt.method = 'token';
    const digest = digestOf(token);
    if (this.#isRootToken(digest)) {
      // Whoever sits at the machine with the token gets in, whatever others have tried.
      if (!isThisMachine(attempt.address)) this.#lockout.check(attempt.address, undefined);
      return ROOT;
    }
    const keyId = apiKeyId(token);
    if (keyId !== undefined) return this.#apiKey(keyId, digest, attempt);
    this.#lockout.check(attempt.address, undefined);
    if (this.#jwt === undefined || !looksLikeJwt(token)) throw invalid('the token is not known');
    attempt.method = 'jwt';
    return this.#externalJwt(this.#jwt, token, attempt);
  }

  #isRootToken(digest: Buffer): boolean {
    let isRoot = false;
    for (const each of this.#rootDigests) isRoot = timingSafeEqual(digest, each) || isRoot;
    return isRoot;
  }

  #apiKey(id: string, digest: Buffer, attempt: Attempt): Identity {
    const { directory, clock } = this.#deps;
    attempt.method = 'api_key';
    const live = directory.findKey(id);
    const record = live ?? directory.findRevokedKey(id);
    const prepared = record && this.#prepare(record);
    attempt.name = record?.principal;
    this.#lockout.check(attempt.address, attempt.name);
    const isRight = timingSafeEqual(digest, prepared?.digest ?? NO_DIGEST);
    if (!isRight || record === undefined || prepared === undefined) {
      throw invalid(record === undefined ? 'no such key' : 'the key is wrong', { principal: record?.principal });
    }
    const { principal: name, addresses } = record;
    if (live === undefined) throw new Refusal('CREDENTIALS_REVOKED', 'the key is revoked', { principal: name });
    if (clock.now() >= prepared.expiresAt) {
      throw new Refusal('CREDENTIALS_EXPIRED', 'the key has expired', { principal: name });
    }
    if (addresses !== undefined && !isInRanges(attempt.address, addresses)) {
      throw addressRefused(attempt.address, name, 'the key');
    }
    const principal = directory.findPrincipal(name);
    if (principal === undefined) {
      throw new Refusal('CREDENTIALS_REVOKED', 'the principal of the key is gone', { principal: name });
    }
    if (prepared.identity === undefined || prepared.principal !== principal) {
      prepared.identity = keyIdentity(record, principal);
      prepared.principal = principal;
    }
    const identity = this.#admit(principal, prepared.identity, attempt);
    this.#noteUse(id, name, attempt.address);
    return identity;
  }

  #prepare(record: ApiKeyRecord): PreparedKey {
    let prepared = this.#preparedKeys.get(record);
    if (prepared === undefined) {
      const digest = Buffer.from(record.hash, 'hex');
      prepared = {
        digest: digest.length === NO_DIGEST.length ? digest : NO_DIGEST,
        expiresAt: record.expires_at === undefined ? Infinity : Date.parse(record.expires_at),
        principal: undefined,
        identity: undefined,
      };
      this.#preparedKeys.set(record, prepared);
    }
    return prepared;
  }

  #noteUse(key: string, principal: string, address: string): void {
    const now = this.#deps.clock.monotonic();
    const toldAt = this.#keyUses.get(key);
    if (toldAt !== undefined && now < toldAt + KEY_USE_PAUSE_MS) return;
    this.#keyUses.set(key, now);
    this.events.emit('keyUsed', { key, principal, address });
  }

  async #externalJwt(verifier: Promise<JwtVerifier>, token: string, attempt: Attempt): Promise<Identity> {
    const identity = await (await verifier).verify(token, attempt.scope);
    return this.#admitExternal(identity, attempt);
  }

  #basic(encoded: string, isSecure: boolean, attempt: Attempt): Identity | Promise<Identity> {
    const { enabled = true, allow_insecure: allowInsecure = false } = this.#options.basic ?? {};
    attempt.method = 'basic';
    if (!isSecure && !allowInsecure) throw new Refusal('BASIC_NEEDS_TLS', 'a password in the clear');
    const credential = parseBasic(encoded);
    attempt.name = credential?.name;
    this.#lockout.check(attempt.address, attempt.name);
    if (credential === undefined) throw invalid('the header is not that of Basic, or the password is empty');
    const record = this.#deps.directory.findPrincipal(credential.name);
    const isLocal = enabled && record?.password_hash !== undefined;
    if (this.#ldap !== undefined && !isLocal) {
      attempt.method = 'ldap';
      const cached = this.#ldapCache.find(credential);
      if (cached !== undefined) return this.#admitExternal(cached.identity, attempt);
      return this.#checkLdap(this.#ldap, credential, attempt);
    }
    if (!enabled) throw invalid('Basic is not enabled');
    const cached = this.#localCache.find(credential);
    if (cached?.record !== undefined) return this.#admit(cached.record, cached.identity, attempt);
    return this.#checkPassword(credential, isLocal ? record : undefined, attempt);
  }

  async #checkPassword(
    credential: NameAndPassword,
    record: PrincipalInput | undefined,
    attempt: Attempt,
  ): Promise<Identity> {
    using _place = await this.#passwords.enter(attempt.scope);
    // Many may have been let in before the first of them failed.
    this.#lockout.check(attempt.address, attempt.name);
    const hash = record?.password_hash ?? this.#dummyHash;
    const isRight = await verifyPassword(credential.password, hash);
    if (record === undefined) throw invalid('no such principal, or one without a password');
    if (!isRight) throw invalid('the password is wrong', { principal: record.id });
    const identity = { ...this.#identityOf(record), method: 'basic' } as const;
    const admitted = this.#admit(record, identity, attempt);
    // Behind the proof: of a wrong password nothing is told.
    await this.#deps.passwordRules?.check(credential.password, record.id, hash);
    this.#localCache.keep(credential, { identity, record });
    return admitted;
  }

  async #checkLdap(source: LdapSource, credential: NameAndPassword, attempt: Attempt): Promise<Identity> {
    using _place = await this.#connections.enter(attempt.scope);
    this.#lockout.check(attempt.address, attempt.name);
    const identity = await source.authenticate(credential, attempt.scope);
    const admitted = this.#admitExternal(identity, attempt);
    this.#ldapCache.keep(credential, {
      identity,
      record: this.#deps.directory.findPrincipal(identity.principal),
    });
    return admitted;
  }

  /** Whoever another system vouches for; what a record of the same name restricts, holds. It gives no roles. */
  #admitExternal(identity: Identity, attempt: Attempt): Identity {
    return this.#admit(this.#deps.directory.findPrincipal(identity.principal), identity, attempt);
  }

  /** What is left once the credential is proven. */
  #admit(record: PrincipalInput | undefined, identity: Identity, { address, name }: Attempt): Identity {
    const { principal } = identity;
    if (principal === ROOT_PRINCIPAL) throw new Refusal('PRINCIPAL_DISABLED', 'the name is that of the fixed token');
    if (record?.disabled === true) throw new Refusal('PRINCIPAL_DISABLED', 'the principal is disabled', { principal });
    if (record?.addresses !== undefined && !isInRanges(address, record.addresses)) {
      throw addressRefused(address, principal, 'the principal');
    }
    if (name !== undefined) this.#lockout.succeeded(address, name);
    return identity;
  }

  #identityOf(record: PrincipalInput): Identity {
    let identity = this.#identities.get(record);
    if (identity === undefined) {
      const { id: principal, type = 'person', roles } = record;
      identity = { principal, type, method: 'basic', roles, credential: null };
      this.#identities.set(record, identity);
    }
    return identity;
  }

  /** Tells and counts a failure; returns what the caller gets. */
  #refused(error: unknown, { address, method, name }: Attempt): unknown {
    if (!(error instanceof Refusal)) return error;
    const { code } = error.error;
    if (code === 'LOCKED_OUT') return error.error;
    this.events.emit('refused', { method, principal: error.principal, address, code, reason: error.reason });
    if (error.isGuess) {
      const { principal } = error;
      for (const lock of this.#lockout.failed(address, name)) this.events.emit('lockedOut', { ...lock, principal });
    }
    return error.error;
  }
}

/** Whether a bearer token has the form of a JWT in compact serialisation. */
function looksLikeJwt(token: string): boolean {
  return token.startsWith('eyJ') && token.split('.', 4).length === 3;
}

function addressRefused(address: string, principal: string, whose: string): Refusal {
  const reason = `${whose} may not be used from this address`;
  return new Refusal('ADDRESS_NOT_ALLOWED', reason, { principal, details: { address } });
}

function keyIdentity(record: ApiKeyRecord, principal: PrincipalInput): Identity {
  const narrowed = record.roles;
  return Object.freeze({
    principal: principal.id,
    type: principal.type ?? 'person',
    method: 'api_key',
    roles: narrowed === undefined ? principal.roles : principal.roles.filter((role) => narrowed.includes(role)),
    credential: record.id,
  });
}
