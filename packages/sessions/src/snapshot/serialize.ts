import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { RoundhouseError } from '@roundhouse/core';
import { Value } from '../value.ts';
import {
  contentOf,
  readContent,
  SNAPSHOT_FORMAT,
  SNAPSHOT_VERSION,
  snapshotOf,
  type SnapshotContent,
} from './content.ts';
import { snapshotError } from './errors.ts';
import { type HiddenText, maskSnapshot, type Snapshot } from './snapshot.ts';

export interface SerializeOptions {
  /** At least 32 bytes, shared with the reader: an HMAC instead of a bare digest. */
  readonly key?: Uint8Array | undefined;
  /**
   * Default `masked`, whatever the snapshot holds. `kept` leaves hidden text as the snapshot has it, readable by whoever
   * gets the text, and wants a key: for a hand-over between processes, not for a disk or a log.
   */
  readonly hidden?: HiddenText | undefined;
}

export interface ParseOptions {
  /** Where one is given, a snapshot that was not written under it is refused. */
  readonly key?: Uint8Array | undefined;
}

/** Longest text that `parseSnapshot` takes, UTF-16 code units. */
const MAX_SNAPSHOT_LENGTH = 524_288;
/** As long as the digest: RFC 2104 §3. */
const MIN_KEY_BYTES = 32;

const ALGORITHMS = ['sha256', 'hmac-sha256'] as const;
type Algorithm = (typeof ALGORITHMS)[number];

/**
 * Writes a snapshot as JSON with a digest over the whole content: SHA-256 against accidents, HMAC-SHA-256 against
 * anyone without the key. The digest is over what is written, so that it too tells nothing of masked text. Raises
 * SNAPSHOT_MALFORMED for metadata out of bounds, SNAPSHOT_KEY_REQUIRED.
 */
export function serializeSnapshot(snapshot: Snapshot, { key, hidden = 'masked' }: SerializeOptions = {}): string {
  requireUsable(key);
  const written = hidden === 'masked' ? maskSnapshot(snapshot) : snapshot;
  if (written.hidden === 'kept' && key === undefined) throw keyRequired('it holds hidden text');
  const content = readContent(new Value(contentOf(written), 'snapshot', malformed));
  const algorithm: Algorithm = key === undefined ? 'sha256' : 'hmac-sha256';
  return JSON.stringify({ ...content, integrity: { algorithm, digest: digestOf(content, key).toString('hex') } });
}

/**
 * Reads what `serializeSnapshot` wrote, as text or as parsed JSON. Raises SNAPSHOT_MALFORMED with the path,
 * SNAPSHOT_VERSION_UNSUPPORTED for a newer version, SNAPSHOT_TAMPERED when the content and its digest differ or another
 * key was used, SNAPSHOT_KEY_REQUIRED. Nothing is unpacked before the digest has been checked.
 */
export function parseSnapshot(source: unknown, { key }: ParseOptions = {}): Snapshot {
  requireUsable(key);
  const value = new Value(typeof source === 'string' ? parseJson(source) : source, 'snapshot', malformed);
  value.member('format').oneOf([SNAPSHOT_FORMAT]);
  const version = value.member('version').integer(1, Number.MAX_SAFE_INTEGER);
  if (version > SNAPSHOT_VERSION) {
    throw snapshotError('SNAPSHOT_VERSION_UNSUPPORTED', { details: { version, supported: SNAPSHOT_VERSION } });
  }
  const content = readContent(value);
  verify(content, value.member('integrity'), key);
  return snapshotOf(content, value);
}

function parseJson(text: string): unknown {
  if (text.length > MAX_SNAPSHOT_LENGTH)
    throw malformed('snapshot', `it has ${text.length} characters, not at most ${MAX_SNAPSHOT_LENGTH}`);
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw malformed('snapshot', 'it is not JSON');
  }
}

function verify(content: SnapshotContent, integrity: Value, key: Uint8Array | undefined): void {
  const members = integrity.members(['algorithm', 'digest']);
  const isKeyed = members.algorithm.oneOf(ALGORITHMS) === 'hmac-sha256';
  const claimed = Buffer.from(members.digest.text(MAX_DIGEST_LENGTH), 'latin1');
  if (key === undefined && isKeyed) throw keyRequired('it was written under one');
  if (key === undefined && content.hidden === 'kept') throw keyRequired('it holds hidden text');
  if (key !== undefined && !isKeyed) throw tampered('it was not written under a key');
  const actual = Buffer.from(digestOf(content, key).toString('hex'), 'latin1');
  if (claimed.length !== actual.length || !timingSafeEqual(claimed, actual))
    throw tampered('its digest does not belong to its content');
}

/** Hex of 32 bytes. */
const MAX_DIGEST_LENGTH = 64;

function digestOf(content: SnapshotContent, key: Uint8Array | undefined): Buffer {
  const hash = key === undefined ? createHash('sha256') : createHmac('sha256', key);
  return hash.update(JSON.stringify(content)).digest();
}

function requireUsable(key: Uint8Array | undefined): void {
  if (key !== undefined && key.length < MIN_KEY_BYTES) throw keyRequired('the one given is shorter');
}

function malformed(path: string, reason: string): RoundhouseError {
  return snapshotError('SNAPSHOT_MALFORMED', { details: { path, reason } });
}

function tampered(reason: string): RoundhouseError {
  return snapshotError('SNAPSHOT_TAMPERED', { details: { reason } });
}

function keyRequired(reason: string): RoundhouseError {
  return snapshotError('SNAPSHOT_KEY_REQUIRED', { details: { reason, min_key_bytes: MIN_KEY_BYTES } });
}
