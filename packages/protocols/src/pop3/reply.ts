import type { RoundhouseError, Scope } from '@roundhouse/core';
import { netError, type NetPhase } from '@roundhouse/net';
import type { LineConnection } from '../mail/lineConnection.ts';
import { printable } from '../mail/printable.ts';

/** An answer of a server. RFC 1939 §3 */
export interface Pop3Reply {
  readonly isOk: boolean;
  /** In brackets at the beginning of the text (RFC 2449 §8), in capitals; null without one. */
  readonly responseCode: string | null;
  readonly text: string;
}

/** RFC 1939 §3 allows 512; some servers say more. */
const MAX_LINE_BYTES = 4_096;

/** Reads a line of an answer; undefined when it is not one. */
export function parseReply(line: string): Pop3Reply | undefined {
  const [, indicator, code, text = ''] = /^(\+OK|-ERR)(?:$| +(?:\[([^\]]*)\] *)?(.*))$/is.exec(line) ?? [];
  if (indicator === undefined) return undefined;
  return { isOk: indicator.startsWith('+'), responseCode: code?.toUpperCase() ?? null, text };
}

export async function readLine(connection: LineConnection, scope: Scope): Promise<string> {
  return Buffer.from(await connection.line(MAX_LINE_BYTES, scope, 'one line of an answer')).toString();
}

/** What `-ERR` means to the caller. RFC 2449 §8, RFC 3206 */
export function replyError({ responseCode, text }: Pop3Reply, peer: string, phase: NetPhase): RoundhouseError {
  const remote = { status: responseCode ?? '-ERR', text: printable(text) };
  const init = { protocol: 'pop3', peer, phase, remote } as const;
  const isTemporary = ['IN-USE', 'LOGIN-DELAY', 'SYS/TEMP'].includes(responseCode ?? '');
  if (isTemporary) return netError('PEER_UNAVAILABLE', init);
  return netError(phase === 'authenticate' ? 'PEER_LOGIN_REFUSED' : 'PEER_REFUSED', init);
}
