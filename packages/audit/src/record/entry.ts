import type { JsonObject } from './canonical.ts';
import type { AuditCode } from './code.ts';

/** What a record is about; decides how durable it is before the caller hears of it, and how long it is kept. */
export const AUDIT_CLASSES = ['security', 'admin', 'access', 'data', 'system'] as const;
export type AuditClass = (typeof AUDIT_CLASSES)[number];

/** Who did it: what the caller proved to be, and by what. */
export interface Actor {
  readonly type: (typeof ACTOR_TYPES)[number];
  readonly id: string;
  readonly authentication: (typeof AUTHENTICATIONS)[number];
  /** For whom it was done, where that is somebody else. */
  readonly on_behalf_of?: string;
}
export const ACTOR_TYPES = ['principal', 'api_key', 'terminal', 'system', 'anonymous'] as const;
export const AUTHENTICATIONS = ['token', 'api_key', 'password', 'jwt', 'ldap', 'certificate', 'local', 'none'] as const;
export const PHASES = ['received', 'completed', 'fact'] as const;
export const OUTCOMES = ['success', 'failure', 'denied', 'pending', 'unknown'] as const;
export const CLASSIFICATIONS = ['public', 'internal', 'confidential', 'restricted'] as const;

/** `sha256:` and what `saltedDigest` (salt and hash) or the vault (hash alone) makes of a value. */
export type Digest = `sha256:${string}`;

/** What all of an entry and of a record have in common. Texts are cut at 256 characters, `reason` at 1,024. */
interface AuditFacts {
  readonly class: AuditClass;
  /** What was done, `noun.verb`: `session.create`. Up to 128 lower-case letters, digits, `_`, `-` and `.`. */
  readonly action: string;
  readonly code: AuditCode;
  /** A change is told twice: when it is asked for, and when it is done. What happens by itself is a fact. */
  readonly phase: (typeof PHASES)[number];
  readonly outcome: (typeof OUTCOMES)[number];
  /** Code of the error, or a word. */
  readonly reason?: string;
  readonly actor: Actor;
  readonly resource?: { readonly kind: string; readonly id: string };
  readonly session_id?: string;
  readonly host?: string;
  readonly source?: { readonly address: string; readonly port?: number };
  readonly request_id?: string;
  readonly trace_id?: string;
  /** The state before and after: `saltedDigest` makes it. */
  readonly before?: Digest;
  readonly after?: Digest;
  readonly classification?: (typeof CLASSIFICATIONS)[number];
  /** Id of the person that `personal` is about. A pseudonym: it stands in the record for good. */
  readonly subject?: string;
}

/** What a caller says. Nothing of it is kept but what the mask lets through. */
export interface AuditEntry extends AuditFacts {
  readonly details?: Readonly<Record<string, unknown>>;
  /**
   * About a person, up to 32 fields of 4,096 characters: never in the record, which has a digest of each. The values are
   * in the vault under the key of `subject`, without which there must be none.
   */
  readonly personal?: Readonly<Record<string, string>>;
}

/** What is kept: one JSON object in canonical form, up to 64 KiB. */
export interface AuditRecord extends AuditFacts {
  readonly v: 1;
  /** Gapless from 0; also the place of the record in the Merkle tree. */
  readonly seq: number;
  /** ULID. Its 80 random bits make the digest of a record unguessable. */
  readonly id: string;
  /** RFC 3339, UTC, ms. */
  readonly time: string;
  /** Id of this opening of the journal. */
  readonly boot: string;
  /** ms of the monotonic clock, from a point of its own in each boot. */
  readonly monotonic_ms: number;
  /** When they were too large, `{ digest, bytes }` of what they were, and `truncated`. */
  readonly details?: JsonObject;
  readonly truncated?: true;
  /** `sha256:` and the base64url of SHA-256 over 32 bytes of salt and the value, field by field. */
  readonly personal?: Readonly<Record<string, Digest>>;
}
