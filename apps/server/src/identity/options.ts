import { lazyObject, LIMITS, resourceIdSchema } from '@roundhouse/api';
import { Secret } from '@roundhouse/core';
import { FilterParser } from 'ldapts';
import { z } from 'zod';
import { isThisMachine } from './address.ts';

const secretSchema = z
  .union([z.string().min(1).max(4_096), z.instanceof(Secret)])
  .meta({ description: 'A reference such as `secret://file/…`, or the text itself.' });

const pemSchema = z.string().min(1).max(LIMITS.maxPemLength);
const durationMs = (maxMs: number) => z.int().min(0).max(maxMs);
const HOUR_MS = 3_600_000;

const rolesSchema = z.array(resourceIdSchema).max(32);

/** From a name outside to the roles that it gives. */
const roleMapSchema = z.record(z.string().min(1).max(512), rolesSchema);

/** Put before each principal of a source, so that it cannot pass for one of another. */
const principalPrefixSchema = z
  .string()
  .max(32)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
  .optional()
  .meta({ description: 'Put before the name of each principal, e.g. `corp.`. Default: nothing.' });

/** https, or http to this machine. */
const providerUrlSchema = z
  .url({ protocol: /^https?$/ })
  .max(2_048)
  .refine((url) => url.startsWith('https:') || isLocal(url), 'Expected https; http is for this machine alone');

function isLocal(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return hostname === 'localhost' || isThisMachine(hostname.replace(/^\[|\]$/g, ''));
}

const basicSchema = lazyObject(() => ({
  enabled: z.boolean().optional().meta({ description: 'Default true: for principals that have a `password_hash`.' }),
  allow_insecure: z.boolean().optional().meta({
    description: 'Takes passwords over connections that others can read. Default false.',
  }),
  cache_ms: durationMs(HOUR_MS)
    .optional()
    .meta({ description: 'How long a right password is remembered. Default 60,000.' }),
  max_concurrent: z.int().min(1).max(64).optional().meta({ description: 'Passwords checked at a time. Default 2.' }),
  max_waiting: z.int().min(0).max(10_000).optional().meta({ description: 'Requests that wait for that. Default 64.' }),
})).meta({ description: 'Names and passwords (RFC 7617).' });

const ASYMMETRIC = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;
const SYMMETRIC = ['HS256', 'HS384', 'HS512'] as const;

const issuerSchema = lazyObject(() => ({
  issuer: z.string().min(1).max(2_048).meta({ description: 'The `iss` of its tokens, to the letter.' }),
  audience: z
    .union([z.string().min(1).max(512), z.array(z.string().min(1).max(512)).min(1).max(16)])
    .meta({ description: 'What the `aud` of a token has to name: this server, as the issuer knows it.' }),
  jwks_url: providerUrlSchema.optional().meta({
    description: 'Where its keys are. Default: what `/.well-known/openid-configuration` below the issuer says.',
  }),
  secret: secretSchema
    .optional()
    .meta({ description: 'Shared secret for HS256 to HS512, instead of keys; 32 bytes or more.' }),
  algorithms: z
    .array(z.enum([...ASYMMETRIC, ...SYMMETRIC]))
    .min(1)
    .optional()
    .meta({ description: 'Signatures taken. Default RS256, PS256, ES256 and EdDSA; with a secret HS256.' }),
  ca: pemSchema
    .optional()
    .meta({ description: 'Authorities of the certificate of the issuer, PEM, instead of the public ones.' }),
  clock_skew_ms: durationMs(600_000).optional().meta({ description: 'How far clocks may differ. Default 30,000.' }),
  max_lifetime_ms: z.int().min(1_000).max(LIMITS.maxIntervalMs).optional().meta({
    description: 'Longest time from `iat` on that a token is taken. Default: until its `exp`.',
  }),
  refuse_replay: z.boolean().optional().meta({
    description: 'Takes each token once, by its `jti`, which it then has to have. Default false.',
  }),
  principal_claim: claimPath('sub'),
  principal_prefix: principalPrefixSchema,
  type: z.enum(['person', 'service']).optional().meta({ description: 'What its principals are. Default `person`.' }),
  roles: lazyObject(() => ({
    claim: claimPath('roles'),
    map: roleMapSchema.optional().meta({ description: 'From a value of the claim to roles. Default: none gives any.' }),
    default: rolesSchema.optional().meta({ description: 'Roles of every principal of this issuer.' }),
  })).optional(),
  second_factor: lazyObject(() => ({
    claim: claimPath('amr'),
    values: z.array(z.string().min(1).max(256)).min(1).max(16).optional().meta({
      description: 'Any of them is enough. Default `mfa` (RFC 8176 §2).',
    }),
  }))
    .optional()
    .meta({ description: 'Refuses tokens whose claim does not say that a second factor was asked for.' }),
  timeout_ms: z
    .int()
    .min(100)
    .max(60_000)
    .optional()
    .meta({ description: 'Of one question to the issuer. Default 5,000.' }),
  keys_max_age_ms: z.int().min(1_000).max(LIMITS.maxIntervalMs).optional().meta({
    description: 'How long keys are used without asking again. Default 600,000.',
  }),
  keys_max_stale_ms: durationMs(7 * 24 * HOUR_MS)
    .optional()
    .meta({
      description: 'How long keys are used when the issuer cannot be asked. Default 86,400,000.',
    }),
}))
  .refine(
    ({ secret, algorithms = [] }) => algorithms.every((each) => isSymmetric(each) === (secret !== undefined)),
    'HS256 to HS512 go with a secret, all others without',
  )
  .refine(
    ({ secret }) =>
      secret === undefined || Buffer.byteLength(typeof secret === 'string' ? secret : secret.reveal()) >= 32,
    'A secret has at least 32 bytes (RFC 7518 §3.2)',
  )
  .refine(
    ({ secret, jwks_url, issuer }) =>
      secret !== undefined || jwks_url !== undefined || providerUrlSchema.safeParse(issuer).success,
    'An issuer that is no https address needs `jwks_url` or `secret`',
  )
  .meta({ description: 'Bearer tokens of one issuer: JWT (RFC 7519), OpenID Connect.' });

function isSymmetric(algorithm: string): boolean {
  return SYMMETRIC.some((each) => each === algorithm);
}

function claimPath(byDefault: string) {
  return z
    .string()
    .min(1)
    .max(256)
    .optional()
    .meta({ description: `Claim, or the way to one: \`realm_access.roles\`. Default \`${byDefault}\`.` });
}

function filterSchema(placeholder: string) {
  return z
    .string()
    .max(1_024)
    .refine((filter) => filter.includes(placeholder) && isFilter(filter), `Expected a filter with ${placeholder} in it`)
    .optional();
}

/** RFC 4515. */
function isFilter(text: string): boolean {
  try {
    FilterParser.parseString(text);
    return true;
  } catch {
    return false;
  }
}

const ldapSchema = lazyObject(() => ({
  url: z
    .string()
    .max(512)
    .regex(/^ldaps?:\/\/[^/?#@\s]+\/?$/, 'Expected ldap://HOST:PORT or ldaps://HOST:PORT'),
  start_tls: z.boolean().optional().meta({ description: 'TLS within ldap:// (RFC 4511 §4.14). Default false.' }),
  allow_insecure: z.boolean().optional().meta({
    description: 'Sends passwords over ldap:// without TLS to another machine. Default false.',
  }),
  ca: pemSchema.optional().meta({ description: 'Authorities of its certificate, PEM, instead of the public ones.' }),
  bind_dn: z.string().min(1).max(512).optional().meta({ description: 'Account that searches. Default: anonymous.' }),
  bind_password: secretSchema.optional(),
  base_dn: z.string().min(1).max(512).meta({ description: 'Where users are.' }),
  user_filter: filterSchema('{name}').meta({
    description: 'Finds one user; `{name}` is the name given, escaped. Default `(uid={name})`.',
  }),
  principal_attribute: z.string().min(1).max(64).optional().meta({ description: 'Default `uid`.' }),
  principal_prefix: principalPrefixSchema,
  groups: lazyObject(() => ({
    attribute: z.string().min(1).max(64).optional().meta({
      description: 'Of the user, with the DNs of its groups. Default `memberOf`, unless groups are searched for.',
    }),
    base_dn: z.string().min(1).max(512).optional().meta({ description: 'Where to search for groups instead.' }),
    filter: filterSchema('{dn}').meta({
      description: 'Finds groups; `{dn}` is the DN of the user, escaped. Default `(member={dn})`.',
    }),
    map: roleMapSchema.optional().meta({ description: 'From the DN of a group to roles. Default: none gives any.' }),
    default: rolesSchema.optional().meta({ description: 'Roles of every user.' }),
  })).optional(),
  timeout_ms: z.int().min(100).max(60_000).optional().meta({ description: 'Of one authentication. Default 5,000.' }),
  max_concurrent: z.int().min(1).max(256).optional().meta({ description: 'Connections at a time. Default 8.' }),
  max_waiting: z.int().min(0).max(10_000).optional().meta({ description: 'Requests that wait for one. Default 64.' }),
  cache_ms: durationMs(HOUR_MS)
    .optional()
    .meta({ description: 'How long a right password is remembered. Default 60,000.' }),
}))
  .refine(
    ({ bind_dn, bind_password }) => (bind_dn === undefined) === (bind_password === undefined),
    '`bind_dn` and `bind_password` come together',
  )
  .refine(({ url, start_tls }) => start_tls !== true || url.startsWith('ldap:'), '`start_tls` is for ldap://')
  .refine(
    ({ url, start_tls, allow_insecure }) =>
      url.startsWith('ldaps:') || start_tls === true || allow_insecure === true || isLocal(url),
    'Passwords need ldaps:// or `start_tls`',
  )
  .meta({ description: 'Names and passwords of a directory server, for principals without a `password_hash`.' });

const lockoutSchema = lazyObject(() => ({
  max_failures: z.int().min(1).max(1_000).optional().meta({
    description: 'Of one name from one address, after which it is locked out. Default 10.',
  }),
  max_failures_per_address: z.int().min(1).max(100_000).optional().meta({
    description: 'From one address (of IPv6: a /64), after which it is locked out. Default 100.',
  }),
  window_ms: z.int().min(1_000).max(LIMITS.maxIntervalMs).optional().meta({
    description: 'Time in which failures count together. Default 1,800,000.',
  }),
  lock_ms: z.int().min(1_000).max(LIMITS.maxIntervalMs).optional().meta({ description: 'Default 1,800,000.' }),
  delay_ms: durationMs(60_000).optional().meta({
    description: 'Pause after the fourth failure of a name; doubles with each one that follows. Default 1,000.',
  }),
})).meta({ description: 'What failed attempts lead to.' });

const passwordsSchema = lazyObject(() => ({
  min_length: z.int().min(8).max(128).optional().meta({ description: 'Characters. Default 12.' }),
  letters_and_digits: z.boolean().optional().meta({ description: 'Both have to be there. Default true.' }),
  history: z.int().min(0).max(24).optional().meta({
    description: 'Former passwords of a principal that are not taken again. Default 4.',
  }),
})).meta({
  description: 'What passwords of principals with a `password_hash` have to be like. Default: any is taken.',
});

/** The section `authentication` of the configuration. */
export const authenticationSchema = lazyObject(() => ({
  basic: basicSchema.optional(),
  issuers: z
    .array(issuerSchema)
    .max(16)
    .refine((issuers) => new Set(issuers.map(({ issuer }) => issuer)).size === issuers.length, 'Each issuer once')
    .optional(),
  ldap: ldapSchema.optional(),
  certificates: z.boolean().optional().meta({
    description: 'Takes client certificates of principals for credentials. Default true.',
  }),
  lockout: lockoutSchema.optional(),
  passwords: passwordsSchema.optional(),
})).meta({ id: 'Authentication', description: 'How callers prove who they are.' });

export type AuthenticationOptions = z.infer<typeof authenticationSchema>;
export type IssuerOptions = z.infer<typeof issuerSchema>;
export type LdapOptions = z.infer<typeof ldapSchema>;

/** The text of a value that may be a secret. */
export function textOf(secret: string | Secret): string {
  return typeof secret === 'string' ? secret : secret.reveal();
}
