import type { Scope } from '@roundhouse/core';
import { decodeJwt, errors, type JWTPayload, jwtVerify, type JWTVerifyOptions } from 'jose';
import { digestOf } from './apiKey.ts';
import { externalPrincipal, mapRoles } from './external.ts';
import type { Identity } from './identity.ts';
import { createJsonSource, type JsonSource } from './jsonRequest.ts';
import { KeySet } from './keySet.ts';
import { type IssuerOptions, textOf } from './options.ts';
import { invalid, Refusal } from './refusal.ts';
import { UsedTokens } from './usedTokens.ts';

export interface JwtDependencies {
  /** Of the authenticator: questions to issuers end with it. */
  readonly scope: Scope;
  readonly onIssuerFailure: (issuer: string, reason: string) => void;
  readonly onIssuerRecovery: (issuer: string) => void;
}

const MAX_TOKEN_LENGTH = 8_192;
const DEFAULT_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'];
/** Access tokens (RFC 9068 §2.1) and tokens of no declared use; one made for another use has another type (RFC 8725 §3.11). */
const TYPES = new Set(['jwt', 'at+jwt']);

/** Checks tokens of several issuers. */
export class JwtVerifier {
  readonly #issuers: ReadonlyMap<string, Issuer>;

  constructor(issuers: readonly IssuerOptions[], deps: JwtDependencies) {
    this.#issuers = new Map(issuers.map((options) => [options.issuer, new Issuer(options, deps)]));
  }

  /** Rejects with a Refusal, or the reason of the scope. */
  async verify(token: string, scope: Scope): Promise<Identity> {
    if (token.length > MAX_TOKEN_LENGTH) throw invalid('the JWT is too long');
    // Who claims to have issued it decides whose keys are tried, and nothing else.
    const issuer = this.#issuers.get(claimedIssuer(token));
    if (issuer === undefined) throw invalid('the JWT is of no issuer that is configured');
    return await issuer.verify(token, scope);
  }

  /** Idempotent. */
  async close(): Promise<void> {
    await Promise.all([...this.#issuers.values()].map((issuer) => issuer.close()));
  }
}

function claimedIssuer(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch (cause) {
    throw invalid('the JWT cannot be read', { cause });
  }
}

class Issuer {
  readonly #options: IssuerOptions;
  readonly #scope: Scope;
  readonly #verifyOptions: JWTVerifyOptions;
  readonly #secret: Uint8Array | undefined;
  readonly #source: JsonSource;
  readonly #keys: KeySet;
  readonly #used = new UsedTokens();
  #keysUrl: string | undefined;

  constructor(options: IssuerOptions, { scope, onIssuerFailure, onIssuerRecovery }: JwtDependencies) {
    const { issuer, audience, secret, timeout_ms: timeoutMs = 5_000 } = options;
    this.#options = options;
    this.#scope = scope;
    this.#keysUrl = options.jwks_url;
    this.#secret = secret === undefined ? undefined : new TextEncoder().encode(textOf(secret));
    this.#verifyOptions = {
      issuer,
      audience,
      algorithms: options.algorithms ?? (secret === undefined ? DEFAULT_ALGORITHMS : ['HS256']),
      clockTolerance: (options.clock_skew_ms ?? 30_000) / 1_000,
      requiredClaims: options.refuse_replay === true ? ['exp', 'jti'] : ['exp'],
      ...(options.max_lifetime_ms !== undefined && { maxTokenAge: options.max_lifetime_ms / 1_000 }),
    };
    this.#source = createJsonSource({ ca: options.ca, timeoutMs });
    this.#keys = new KeySet(
      {
        maxAgeMs: options.keys_max_age_ms ?? 600_000,
        maxStaleMs: options.keys_max_stale_ms ?? 86_400_000,
        timeoutMs,
      },
      {
        load: (limit) => this.#loadKeys(limit),
        scope,
        onFailure: (reason) => onIssuerFailure(issuer, reason),
        onRecovery: () => onIssuerRecovery(issuer),
      },
    );
  }

  async verify(token: string, scope: Scope): Promise<Identity> {
    const { payload, type } = await this.#verified(token, scope);
    if (type !== undefined && !TYPES.has(type.toLowerCase().replace(/^application\//, ''))) {
      throw invalid('the JWT is made for another use', { cause: type });
    }
    const { principal_claim: claim = 'sub', principal_prefix: prefix = '', roles = {} } = this.#options;
    this.#checkSecondFactor(payload);
    const principal = externalPrincipal(prefix, claimOf(payload, claim));
    const values = textsOf(claimOf(payload, roles.claim ?? 'roles'));
    const credential = typeof payload.jti === 'string' ? payload.jti.slice(0, 128) : null;
    if (this.#options.refuse_replay === true) this.#takeOnce(payload);
    return {
      principal,
      type: this.#options.type ?? 'person',
      method: 'jwt',
      roles: mapRoles(values, roles.map ?? {}, roles.default),
      credential,
    };
  }

  #checkSecondFactor(payload: JWTPayload): void {
    const { second_factor: factor } = this.#options;
    if (factor === undefined) return;
    const { claim = 'amr', values = ['mfa'] } = factor;
    const said = textsOf(claimOf(payload, claim));
    if (!values.some((value) => said.includes(value))) {
      throw invalid(`the JWT does not say in its ${claim} that a second factor was asked for`);
    }
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  async #verified(token: string, scope: Scope): Promise<{ payload: JWTPayload; type: string | undefined }> {
    const options = { ...this.#verifyOptions, currentDate: new Date(this.#scope.clock.now()) };
    try {
      const { payload, protectedHeader } =
        this.#secret === undefined
          ? await this.#verifyWithKeys(token, options, scope)
          : await jwtVerify(token, this.#secret, options);
      return { payload, type: protectedHeader.typ };
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new Refusal('CREDENTIALS_EXPIRED', 'the JWT has expired');
      if (error instanceof errors.JWTClaimValidationFailed) {
        throw invalid(`the JWT is refused for its ${error.claim} (${error.reason})`, { cause: error });
      }
      if (error instanceof errors.JOSEError) throw invalid(`the JWT is refused: ${error.code}`, { cause: error });
      throw error;
    }
  }

  async #verifyWithKeys(token: string, options: JWTVerifyOptions, scope: Scope): ReturnType<typeof jwtVerify> {
    try {
      return await jwtVerify(token, (header, input) => this.#keys.find(header, input, scope), options);
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      return await verifyWithAny(error, token, options);
    }
  }

  /** Between the look and the note nothing else runs: of two requests with one token, one is refused. */
  #takeOnce({ iss, jti, exp }: JWTPayload): void {
    const { clock_skew_ms: skewMs = 30_000 } = this.#options;
    const id = digestOf(JSON.stringify([iss, jti])).toString('base64');
    this.#used.take(id, (exp as number) * 1_000 + skewMs, this.#scope.clock.now());
  }

  async #loadKeys(limit: Scope): Promise<Readonly<Record<string, unknown>>> {
    this.#keysUrl ??= await this.#discover(limit);
    return await this.#source.get(this.#keysUrl, limit);
  }

  /** OpenID Connect Discovery 1.0 §4. */
  async #discover(limit: Scope): Promise<string> {
    const { issuer } = this.#options;
    const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    const document = await this.#source.get(url, limit);
    // A document of another issuer would bring that one's keys (§4.3).
    if (document['issuer'] !== issuer) throw new Error(`${url} is not of this issuer`);
    const keysUrl = document['jwks_uri'];
    if (typeof keysUrl !== 'string' || !URL.canParse(keysUrl)) throw new Error(`${url} names no jwks_uri`);
    if (new URL(keysUrl).protocol !== new URL(url).protocol) throw new Error(`${url} leads to another protocol`);
    return keysUrl;
  }
}

/** A token without a key id, where several keys may be meant. */
async function verifyWithAny(
  candidates: InstanceType<typeof errors.JWKSMultipleMatchingKeys>,
  token: string,
  options: JWTVerifyOptions,
): ReturnType<typeof jwtVerify> {
  for await (const key of candidates) {
    try {
      return await jwtVerify(token, key, options);
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/** A claim of this name, or at the end of a way of names with dots between. */
function claimOf(payload: JWTPayload, path: string): unknown {
  if (Object.hasOwn(payload, path)) return payload[path];
  let value: unknown = payload;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

/** The texts of a list, or of one text with blanks between (RFC 8693 §4.2). */
function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.split(' ').filter((each) => each !== '');
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string') : [];
}
