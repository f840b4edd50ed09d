import { argon2, timingSafeEqual } from 'node:crypto';
import type { Secret } from '@roundhouse/core';
import { MAX_PASSWORD_LENGTH } from './basicHeader.ts';
import { identityError } from './errors.ts';
import { passwordFault, type PasswordPolicy } from './passwordPolicy.ts';

/** What a new hash costs: OWASP Password Storage Cheat Sheet, argon2id, 19 MiB. */
const CURRENT = { memoryKiB: 19_456, passes: 2, parallelism: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Of passwords that no policy says more of: the length of PCI DSS 4.0.1, 8.3.6. */
const LEAST = { minLength: 12, needsLettersAndDigits: false } as const;

/** No hash in a configuration may cost more than this. */
const MAX_MEMORY_KIB = 1_048_576;
const MAX_PASSES = 16;
const MAX_PARALLELISM = 16;

interface PasswordHash {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** An argon2id hash as a PHC string. `policy`: default 12 characters of any kind. Raises PASSWORD_UNFIT. */
export async function hashPassword(
  password: Secret,
  deps: { readonly randomBytes: (size: number) => Buffer; readonly policy?: PasswordPolicy | undefined },
): Promise<string> {
  const text = password.reveal();
  const isTooLong = text.length > MAX_PASSWORD_LENGTH;
  const reason = isTooLong ? 'it is too long' : passwordFault(text, deps.policy ?? LEAST);
  if (reason !== undefined) throw identityError('PASSWORD_UNFIT', { details: { reason } });
  const salt = deps.randomBytes(SALT_BYTES);
  const hash = await derive(password, { ...CURRENT, salt, hash: Buffer.alloc(HASH_BYTES) });
  return format({ ...CURRENT, salt, hash });
}

/** Whether the password is the one; false too for a hash that cannot be read. About 35 ms off the main thread. */
export async function verifyPassword(password: Secret, phc: string): Promise<boolean> {
  const expected = parse(phc);
  if (expected === undefined) return false;
  return timingSafeEqual(await derive(password, expected), expected.hash);
}

/** Whether the hash costs a guesser less than a new one would. */
export function needsRehash(phc: string): boolean {
  const hash = parse(phc);
  if (hash === undefined) return true;
  return hash.memoryKiB < CURRENT.memoryKiB || hash.passes < CURRENT.passes || hash.hash.length < HASH_BYTES;
}

/** A hash that no password is known for; as costly to try as a new one. */
export function dummyHash(deps: { readonly randomBytes: (size: number) => Buffer }): string {
  return format({ ...CURRENT, salt: deps.randomBytes(SALT_BYTES), hash: deps.randomBytes(HASH_BYTES) });
}

function derive(password: Secret, { memoryKiB, passes, parallelism, salt, hash }: PasswordHash): Promise<Buffer> {
  // One spelling for characters that can be written in two ways (RFC 8265 §4.2).
  const message = password.reveal().normalize('NFC');
  const parameters = { message, nonce: salt, memory: memoryKiB, passes, parallelism, tagLength: hash.length };
  return new Promise((resolve, reject) => {
    argon2('argon2id', parameters, (error, derived) => (error === null ? resolve(derived) : reject(error)));
  });
}

/** `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH` (PHC string format; base64 without padding). */
function format({ memoryKiB, passes, parallelism, salt, hash }: PasswordHash): string {
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${parallelism}$${encode(salt)}$${encode(hash)}`;
}

function parse(phc: string): PasswordHash | undefined {
  const match = /^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,4}),p=(\d{1,4})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(phc);
  if (match === null) return undefined;
  const [memoryKiB = 0, passes = 0, parallelism = 0] = match.slice(1, 4).map(Number);
  const [salt, hash] = match.slice(4).map((text) => Buffer.from(text, 'base64'));
  if (salt === undefined || hash === undefined) return undefined;
  // RFC 9106 §3.1.
  const isSound =
    parallelism >= 1 &&
    parallelism <= MAX_PARALLELISM &&
    passes >= 1 &&
    passes <= MAX_PASSES &&
    memoryKiB >= 8 * parallelism &&
    memoryKiB <= MAX_MEMORY_KIB &&
    salt.length >= 8 &&
    hash.length >= 16;
  return isSound ? { memoryKiB, passes, parallelism, salt, hash } : undefined;
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
