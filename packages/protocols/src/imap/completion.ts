import type { RoundhouseError } from '@roundhouse/core';
import { netError, type NetPhase } from '@roundhouse/net';
import { printable } from '../mail/printable.ts';
import type { ImapCode, ImapStatus } from './response.ts';

/** How a command ended. */
export interface Completion {
  readonly status: ImapStatus;
  readonly text: string;
  /** Of the answer itself. */
  readonly code: ImapCode | null;
  /** All that came meanwhile, that of the answer last. */
  readonly codes: readonly ImapCode[];
}

export function codeOf({ codes }: Completion, name: string): string | undefined {
  return codes.findLast((code) => code.name === name)?.text;
}

const TEMPORARY: readonly string[] = ['UNAVAILABLE', 'INUSE'];
const ABSENT: readonly string[] = ['NONEXISTENT', 'TRYCREATE'];

/** What NO and BAD mean to the caller. RFC 9051 §7.1 */
export function completionError(
  { status, code, text }: Pick<Completion, 'status' | 'code' | 'text'>,
  peer: string,
  phase: NetPhase,
): RoundhouseError {
  const name = code?.name ?? status;
  const init = {
    protocol: 'imap',
    peer,
    phase,
    remote: { status: printable(name, 80), text: printable(text) },
  } as const;
  if (TEMPORARY.includes(name)) return netError('PEER_UNAVAILABLE', init);
  if (phase === 'authenticate') return netError('PEER_LOGIN_REFUSED', init);
  if (ABSENT.includes(name)) return netError('PEER_NOT_FOUND', { ...init, details: { what: 'such mailbox' } });
  return netError('PEER_REFUSED', init);
}

/** The server ends the session by itself. RFC 9051 §7.1.5 */
export function byeError(text: string, peer: string, phase: NetPhase): RoundhouseError {
  return netError('PEER_UNAVAILABLE', {
    protocol: 'imap',
    peer,
    phase,
    remote: { status: 'BYE', text: printable(text) },
  });
}
