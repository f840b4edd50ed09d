import type { SmtpReply } from './reply.ts';

/** What a server says it can, in its answer to EHLO. RFC 5321 §4.1.1.1 */
export interface SmtpExtensions {
  /** Name that the server gave itself. */
  readonly serverName: string;
  readonly startTls: boolean;
  /** RFC 2920 */
  readonly pipelining: boolean;
  /** RFC 6152 */
  readonly eightBitMime: boolean;
  /** RFC 6531 */
  readonly smtpUtf8: boolean;
  /** RFC 3030 */
  readonly chunking: boolean;
  /** RFC 3461 */
  readonly dsn: boolean;
  /** RFC 2034 */
  readonly enhancedStatusCodes: boolean;
  /** RFC 1870: null when it has no such extension, 0 when it names no limit. Bytes. */
  readonly size: number | null;
  /** Mechanisms of AUTH, RFC 4954. */
  readonly auth: readonly string[];
}

/** A server that knows HELO alone. */
export function noExtensions(serverName: string): SmtpExtensions {
  return extensionsOf({ code: 250, enhanced: null, lines: [serverName] });
}

export function extensionsOf({ lines }: SmtpReply): SmtpExtensions {
  const [first = '', ...rest] = lines;
  const said = new Map<string, readonly string[]>();
  for (const line of rest) {
    // Old servers write `AUTH=PLAIN` beside `AUTH PLAIN`.
    const [keyword = '', ...parameters] = line
      .trim()
      .replace(/^AUTH=/i, 'AUTH ')
      .split(/ +/);
    const known = said.get(keyword.toUpperCase()) ?? [];
    said.set(keyword.toUpperCase(), [...known, ...parameters]);
  }
  return {
    serverName: first.split(' ')[0] ?? '',
    startTls: said.has('STARTTLS'),
    pipelining: said.has('PIPELINING'),
    eightBitMime: said.has('8BITMIME'),
    smtpUtf8: said.has('SMTPUTF8'),
    chunking: said.has('CHUNKING'),
    dsn: said.has('DSN'),
    enhancedStatusCodes: said.has('ENHANCEDSTATUSCODES'),
    size: sizeOf(said.get('SIZE')),
    auth: [...new Set((said.get('AUTH') ?? []).map((name) => name.toUpperCase()))],
  };
}

function sizeOf(parameters: readonly string[] | undefined): number | null {
  if (parameters === undefined) return null;
  const [limit = '0'] = parameters;
  return /^\d{1,15}$/.test(limit) ? Number(limit) : 0;
}
