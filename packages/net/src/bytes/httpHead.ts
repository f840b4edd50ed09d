/** The head of an HTTP/1.1 message: its first line, and the fields behind it. */
export interface HttpHead {
  readonly startLine: string;
  /** Names in lower case, in the order of their first appearance; each with all its values. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
}

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 §5.5: visible characters, obs-text, blanks within. No CR, LF or NUL. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;

/**
 * Where the head at the beginning of `bytes` ends, behind its empty line; -1 while it is not whole.
 *
 * @param searched bytes that an earlier call has seen already
 */
export function httpHeadEnd(bytes: Uint8Array, searched = 0): number {
  for (let at = bytes.indexOf(LF, Math.max(0, searched - 3)); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    // A bare LF ends a line for some readers: what it ends is refused by the parser, and the search must not pass it.
    if (bytes[at + 1] === LF) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3;
  }
  return -1;
}

/**
 * Reads a whole head (RFC 9112 §2.1, §5). A string is the reason why it is none: a bare CR or LF, blanks before a
 * colon, a folded line, a name that is no token. Nothing is repaired.
 */
export function parseHttpHead(head: Uint8Array): HttpHead | string {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  if (!text.endsWith('\r\n\r\n')) return 'the head does not end with an empty line';
  const [startLine = '', ...lines] = text.slice(0, -4).split('\r\n');
  if (startLine === '' || !VALUE.test(startLine)) return 'the first line has characters that it may not have';
  const fields = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(String.fromCharCode(COLON));
    if (colon === -1) return 'a field has no colon';
    const name = line.slice(0, colon);
    if (!TOKEN.test(name)) return 'the name of a field is not a token';
    const value = line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, '');
    if (!VALUE.test(value)) return `the field ${name} has characters that it may not have`;
    const known = fields.get(name.toLowerCase());
    if (known === undefined) fields.set(name.toLowerCase(), [value]);
    else known.push(value);
  }
  return { startLine, fields };
}

/** The status line of a response (RFC 9112 §4); undefined when it is none of HTTP/1. */
export function parseStatusLine(line: string): { readonly status: number; readonly text: string } | undefined {
  const [, status, text = ''] = /^HTTP\/1\.[01] ([1-5]\d\d)(?: (.*))?$/.exec(line) ?? [];
  return status === undefined ? undefined : { status: Number(status), text };
}
