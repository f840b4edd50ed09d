import { hash } from 'node:crypto';
import { auditError } from '../errors.ts';
import { canonicalJson, canonicalMembers, type JsonObject, type JsonValue } from './canonical.ts';
import {
  ACTOR_TYPES,
  AUDIT_CLASSES,
  type AuditEntry,
  type AuditRecord,
  AUTHENTICATIONS,
  CLASSIFICATIONS,
  type Digest,
  OUTCOMES,
  PHASES,
} from './entry.ts';
import type { Mask } from './mask.ts';

/** What the journal adds to an entry when it takes it. */
export interface Stamp {
  readonly id: string;
  readonly time: string;
  readonly boot: string;
  readonly monotonicMs: number;
}

/** A record that only lacks its number, which it gets when it is written. */
export interface Draft {
  readonly id: string;
  /** Characters of its text, about. */
  readonly size: number;
  /** The record of this number, and its canonical JSON. */
  text(seq: number): string;
  record(seq: number): AuditRecord;
}

/** Bytes of the longest record. */
export const MAX_RECORD_BYTES = 65_536;
/** What a record may have without its details: the bounds of the fields see to it, six bytes a character at most. */
const MAX_DETAILS_BYTES = 32_768;
const MAX_TEXT = 256;
const MAX_REASON = 1_024;
const MAX_PERSONAL_FIELDS = 32;
const MAX_PERSONAL_TEXT = 4_096;

const ACTION = /^[a-z\d_-]+(?:\.[a-z\d_-]+)+$/;
const CODE = /^RHA-\d{4}$/;
const DIGEST = /^sha256:[A-Za-z\d_.-]{16,128}$/;
const NAME = /^[a-z\d_]{1,64}$/;

/** Checks an entry, once; raises AUDIT_ENTRY_INVALID. What is too long is cut later: a record must not fail for that. */
export function checkEntry(entry: AuditEntry): void {
  oneOf('class', entry.class, AUDIT_CLASSES);
  matching('action', entry.action, ACTION, 'words of lower-case letters with "." between them');
  if (entry.action.length > 128) throw invalid('action', 'up to 128 characters');
  matching('code', entry.code, CODE, 'RHA- and four digits');
  oneOf('phase', entry.phase, PHASES);
  oneOf('outcome', entry.outcome, OUTCOMES);
  oneOf('actor.type', entry.actor?.type, ACTOR_TYPES);
  oneOf('actor.authentication', entry.actor.authentication, AUTHENTICATIONS);
  text('actor.id', entry.actor.id);
  if (entry.classification !== undefined) oneOf('classification', entry.classification, CLASSIFICATIONS);
  for (const name of ['before', 'after'] as const) {
    if (entry[name] !== undefined) matching(name, entry[name], DIGEST, 'a digest, as saltedDigest makes it');
  }
  if (entry.resource !== undefined) {
    text('resource.kind', entry.resource.kind);
    text('resource.id', entry.resource.id);
  }
  if (entry.source !== undefined) text('source.address', entry.source.address);
  for (const name of ['reason', 'session_id', 'host', 'request_id', 'trace_id', 'subject'] as const) {
    if (entry[name] !== undefined) text(name, entry[name]);
  }
  if (entry.personal !== undefined) checkPersonal(entry.personal, entry.subject);
}

function checkPersonal(personal: Readonly<Record<string, string>>, subject: string | undefined): void {
  if (subject === undefined) throw invalid('subject', 'said where there is something personal');
  const fields = Object.entries(personal);
  if (fields.length > MAX_PERSONAL_FIELDS) throw invalid('personal', `up to ${MAX_PERSONAL_FIELDS} fields`);
  for (const [name, value] of fields) {
    matching(`personal.${name}`, name, NAME, 'named with up to 64 of a-z, 0-9 and _');
    text(`personal.${name}`, value);
    if (value.length > MAX_PERSONAL_TEXT) throw invalid(`personal.${name}`, `up to ${MAX_PERSONAL_TEXT} characters`);
  }
}

/** The record of a checked entry; `personal` has the digests of its personal fields. */
export function draftOf(
  entry: AuditEntry,
  stamp: Stamp,
  mask: Mask,
  personal?: Readonly<Record<string, Digest>>,
): Draft {
  const cut = (value: string | undefined, length = MAX_TEXT): string | undefined =>
    value === undefined ? undefined : cutText(mask(value) as string, length);
  const { actor, resource, source } = entry;
  const details = entry.details === undefined ? undefined : boundedDetails(mask(entry.details) as JsonObject);
  // In the order of the canonical form, but for `details` and `seq`, which stand between the three.
  const first: Partial<AuditRecord> = {
    action: entry.action,
    actor: {
      authentication: actor.authentication,
      id: cut(actor.id) as string,
      ...(actor.on_behalf_of !== undefined && { on_behalf_of: cut(actor.on_behalf_of) as string }),
      type: actor.type,
    },
    ...optional('after', entry.after),
    ...optional('before', entry.before),
    boot: stamp.boot,
    class: entry.class,
    ...optional('classification', entry.classification),
    code: entry.code,
  };
  const second: Partial<AuditRecord> = {
    ...optional('host', cut(entry.host)),
    id: stamp.id,
    monotonic_ms: Math.round(stamp.monotonicMs * 1_000) / 1_000,
    outcome: entry.outcome,
    ...optional('personal', personal),
    phase: entry.phase,
    ...optional('reason', cut(entry.reason, MAX_REASON)),
    ...optional('request_id', cut(entry.request_id)),
    ...(resource !== undefined && {
      resource: { id: cut(resource.id) as string, kind: cut(resource.kind) as string },
    }),
  };
  const third: Partial<AuditRecord> = {
    ...optional('session_id', cut(entry.session_id)),
    ...(source !== undefined && {
      source: { address: cut(source.address) as string, ...optional('port', source.port) },
    }),
    ...optional('subject', cut(entry.subject)),
    time: stamp.time,
    ...optional('trace_id', cut(entry.trace_id)),
    ...(details?.truncated === true && { truncated: true }),
    v: 1,
  };
  const said = details === undefined ? '' : `"details":${details.text},`;
  const head = `{${canonicalMembers(first as JsonObject)},${said}${canonicalMembers(second as JsonObject)},"seq":`;
  const tail = `,${canonicalMembers(third as JsonObject)}}`;
  return {
    id: stamp.id,
    size: head.length + tail.length,
    text: (seq) => head + seq + tail,
    record: (seq) => ({ ...first, ...optional('details', details?.value), ...second, seq, ...third }) as AuditRecord,
  };
}

/** Details that are too large are told by their digest and size: half of them would say what they do not. */
function boundedDetails(value: JsonObject): { value: JsonObject; text: string; truncated: boolean } {
  const text = canonicalJson(value);
  const bytes = text.length * 3 <= MAX_DETAILS_BYTES ? 0 : Buffer.byteLength(text);
  if (bytes <= MAX_DETAILS_BYTES) return { value, text, truncated: false };
  const told = { bytes, digest: `sha256:${hash('sha256', text, 'base64url')}` };
  return { value: told, text: canonicalJson(told), truncated: true };
}

/** Cuts between characters, never within a pair of surrogates. */
function cutText(value: string, length: number): string {
  return value.length <= length ? value : `${value.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…`;
}

function optional<K extends string, V extends JsonValue>(name: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [P in K]?: V };
}

function oneOf(field: string, value: unknown, allowed: readonly string[]): void {
  if (!allowed.includes(value as string)) throw invalid(field, `one of ${allowed.join(', ')}`);
}

function matching(field: string, value: unknown, pattern: RegExp, expected: string): void {
  if (typeof value !== 'string' || !pattern.test(value)) throw invalid(field, expected);
}

function text(field: string, value: unknown): void {
  if (typeof value !== 'string') throw invalid(field, 'text');
}

function invalid(field: string, expected: string): Error {
  return auditError('AUDIT_ENTRY_INVALID', { details: { field, expected } });
}
