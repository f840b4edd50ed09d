import { hash } from 'node:crypto';
import { canonicalJson, type JsonObject, type JsonValue } from './canonical.ts';
import type { Digest } from './entry.ts';

/** Random bytes; the default is those of the system. */
export type RandomBytes = (size: number) => Uint8Array;

const SALT_BYTES = 16;

/**
 * A digest of a state that a reader who has that state can compare, and nobody else can guess: `sha256:SALT.HASH`, both in
 * base64url, the hash over the salt and the canonical JSON. Raises as `canonicalJson` does.
 */
export function saltedDigest(value: JsonValue, randomBytes: RandomBytes): Digest {
  return digestWith(Buffer.from(randomBytes(SALT_BYTES)), value);
}

/** Whether `digest` is one of `value`. */
export function matchesDigest(digest: Digest, value: JsonValue): boolean {
  const [, salt] = /^sha256:([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/.exec(digest) ?? [];
  return salt !== undefined && digestWith(Buffer.from(salt, 'base64url'), value) === digest;
}

const NO_DIGEST = '0'.repeat(64);

/** Canonical JSON with a `digest`: the hexadecimal SHA-256 of the same text with zeros in its place. */
export function textWithDigest(value: JsonObject): string {
  const text = canonicalJson({ ...value, digest: NO_DIGEST });
  return text.replace(memberOf(NO_DIGEST), memberOf(hash('sha256', text)));
}

/** Whether a text is as `textWithDigest` made it. */
export function hasItsDigest(text: string): boolean {
  const digest = /"digest":"([\da-f]{64})"/.exec(text)?.[1];
  return digest !== undefined && hash('sha256', text.replace(memberOf(digest), memberOf(NO_DIGEST))) === digest;
}

const memberOf = (digest: string): string => `"digest":"${digest}"`;

function digestWith(salt: Buffer, value: JsonValue): Digest {
  const text = Buffer.concat([salt, Buffer.from(canonicalJson(value))]);
  return `sha256:${salt.toString('base64url')}.${hash('sha256', text, 'base64url')}`;
}
