import type { RoundhouseError, Scope } from '@roundhouse/core';
import { netError, type NetPhase, type Sent } from '@roundhouse/net';
import type { LineConnection } from '../mail/lineConnection.ts';
import { printable } from '../mail/printable.ts';

/** An answer of a server. RFC 5321 §4.2 */
export interface SmtpReply {
  /** 200 … 599 */
  readonly code: number;
  /** E.g. `5.1.1` (RFC 3463); null when the server gave none. */
  readonly enhanced: string | null;
  /** Its words, without the codes; at least one line, which may be empty. */
  readonly lines: readonly string[];
}

/** RFC 5321 §4.5.3.1.5 demands 512; some servers say more. */
const MAX_LINE_BYTES = 4_096;
const MAX_LINES = 256;
const LINE = /^([2-5]\d\d)(?:([ -])(.*))?$/s;
const ENHANCED = /^([245]\.\d{1,3}\.\d{1,3})(?: +|$)/;

interface ReplyLine {
  readonly code: number;
  readonly isLast: boolean;
  readonly text: string;
}

/** Reads one line of an answer; undefined when it is not one. */
export function parseReplyLine(line: string): ReplyLine | undefined {
  const [, code, separator, text = ''] = LINE.exec(line) ?? [];
  return code === undefined ? undefined : { code: Number(code), isLast: separator !== '-', text };
}

/** Puts the lines of an answer together. */
export function replyOf(code: number, texts: readonly string[]): SmtpReply {
  const enhanced = ENHANCED.exec(texts[0] ?? '')?.[1];
  if (enhanced === undefined || enhanced[0] !== String(code)[0]) return { code, enhanced: null, lines: texts };
  return { code, enhanced, lines: texts.map((text) => text.replace(ENHANCED, '')) };
}

/** The next answer. Rejects with PROTOCOL_VIOLATION, MESSAGE_TOO_LARGE, or as `line` does. */
export async function readReply(connection: LineConnection, scope: Scope): Promise<SmtpReply> {
  const texts: string[] = [];
  let code: number | undefined;
  for (;;) {
    const bytes = await connection.line(MAX_LINE_BYTES, scope, 'one line of an answer');
    const line = parseReplyLine(Buffer.from(bytes).toString());
    if (line === undefined) throw connection.violation('an answer begins with a number of three digits');
    if (code !== undefined && line.code !== code) throw connection.violation('an answer has two numbers');
    code = line.code;
    texts.push(line.text);
    if (line.isLast) return replyOf(code, texts);
    if (texts.length === MAX_LINES) throw connection.violation(`an answer has more than ${MAX_LINES} lines`);
  }
}

export function isPositive({ code }: SmtpReply): boolean {
  return code >= 200 && code < 300;
}

/** Its words in one line. */
export function textOf({ enhanced, lines }: SmtpReply): string {
  return printable([...(enhanced === null ? [] : [enhanced]), ...lines].join(' ').trim());
}

export interface ReplyErrorInit {
  readonly peer: string;
  readonly phase: NetPhase;
  readonly sent?: Sent;
  /** Facts beside those of the answer. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What an answer that is not the one hoped for means to the caller. */
export function replyError(reply: SmtpReply, { peer, phase, sent = 'none', details }: ReplyErrorInit): RoundhouseError {
  const remote = { status: String(reply.code), text: textOf(reply) };
  const init = {
    protocol: 'smtp',
    peer,
    phase,
    sent,
    remote,
    details: { ...(reply.enhanced !== null && { enhanced: reply.enhanced }), ...details },
  };
  if (reply.code >= 500) return netError(phase === 'authenticate' ? 'PEER_LOGIN_REFUSED' : 'PEER_REFUSED', init);
  if (reply.code >= 400) return netError('PEER_UNAVAILABLE', init);
  const reason = `it answered ${reply.code} where that means nothing`;
  return netError('PROTOCOL_VIOLATION', { ...init, details: { ...init.details, reason } });
}
