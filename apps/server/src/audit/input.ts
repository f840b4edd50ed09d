import { type AuditEntry, saltedDigest } from '@roundhouse/audit';
import type { SubmittedInput, TerminalInput } from '@roundhouse/sessions';
import { SERVER_CODES } from './codes.ts';

/** What makes digests of what stood in fields; undefined where none are wanted. */
export function fieldDigest(
  isWanted: boolean,
  randomBytes: (size: number) => Uint8Array,
): ((text: string) => string) | undefined {
  return isWanted ? (text) => saltedDigest(text, randomBytes) : undefined;
}

/** The record of one screen that was sent from a terminal: a terminal has no identity but its address. */
export function terminalEntry({ sessionId, peer, host, ...input }: TerminalInput): AuditEntry {
  const { class: auditClass, action } = SERVER_CODES['RHA-1003'];
  const colon = peer.lastIndexOf(':');
  const address = peer.slice(0, colon).replace(/^\[|\]$/g, '');
  return {
    class: auditClass,
    action,
    code: 'RHA-1003',
    phase: 'fact',
    outcome: 'success',
    actor: { type: 'terminal', id: address, authentication: 'none' },
    source: { address, port: Number(peer.slice(colon + 1)) },
    resource: { kind: 'session', id: sessionId },
    session_id: sessionId,
    ...(host !== '' && { host }),
    details: { door: 'front_door', submitted: [submittedShown(input)] },
  };
}

/** The place of each field that was changed; length, and digest where that is wanted, of those that are shown. */
export function submittedShown({ aid, fields, omitted }: SubmittedInput): Readonly<Record<string, unknown>> {
  return {
    aid,
    fields: fields.map((field) => (field.length === undefined ? { ...field, hidden: true } : { ...field })),
    ...(omitted > 0 && { omitted }),
  };
}
