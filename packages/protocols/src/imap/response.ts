/** A part of a response: an atom or a number, a string (quoted or literal), NIL, or a list. RFC 9051 §4 */
export type ImapValue = string | Uint8Array | null | readonly ImapValue[];

export type ImapStatus = 'OK' | 'NO' | 'BAD' | 'BYE' | 'PREAUTH';

/** In brackets at the beginning of a text: `[UIDNEXT 7]`. RFC 9051 §7.1 */
export interface ImapCode {
  /** In capitals. */
  readonly name: string;
  /** What follows the name; empty when nothing does. */
  readonly text: string;
}

interface StatusResponse {
  readonly kind: 'status';
  /** That of the command, `*` for none. */
  readonly tag: string;
  readonly status: ImapStatus;
  readonly code: ImapCode | null;
  readonly text: string;
}

export interface DataResponse {
  readonly kind: 'data';
  /** In capitals: FETCH, LIST … */
  readonly name: string;
  /** Before the name: of a message, or how many there are. */
  readonly number: number | null;
  readonly values: readonly ImapValue[];
}

export type ImapResponse =
  | StatusResponse
  | DataResponse
  /** The server waits for more of the command. */
  | { readonly kind: 'continue'; readonly text: string };

/** A string of so many bytes follows; `section` is what it belongs to in a FETCH, e.g. `BODY[1]`, in capitals. */
export interface AnnouncedLiteral {
  readonly kind: 'literal';
  readonly bytes: number;
  readonly section: string | null;
}

/** What the server said is no response; `reason` says why. */
interface Violation {
  readonly kind: 'violation';
  readonly reason: string;
}

export type ParserStep = { readonly kind: 'response'; readonly response: ImapResponse } | AnnouncedLiteral | Violation;

export interface ParserLimits {
  /** Lists within lists. */
  readonly maxDepth: number;
  /** Atoms, strings and lists of one response. */
  readonly maxValues: number;
}

const PARSER_LIMITS: ParserLimits = { maxDepth: 64, maxValues: 500_000 };

class Malformed extends Error {}

const SPACE = 0x20;
const QUOTE = 0x22;
const OPEN = 0x28;
const CLOSE = 0x29;
const BACKSLASH = 0x5c;
const BRACKET = 0x5b;
const BRACKET_CLOSE = 0x5d;
const BRACE = 0x7b;

/**
 * Puts a response together from its lines and the strings announced between them. Pure: whoever reads the connection
 * hands it a line without its end, then, when a string was announced, that string, then the next line, until a response
 * is complete. After a violation it is of no more use.
 */
export class ResponseParser {
  readonly #limits: ParserLimits;
  #head: { readonly name: string; readonly number: number | null } | undefined;
  #stack: ImapValue[][] = [];
  #values = 0;

  constructor(limits: ParserLimits = PARSER_LIMITS) {
    this.#limits = limits;
  }

  /** Whether a response has begun that is not complete. */
  get isWithin(): boolean {
    return this.#head !== undefined;
  }

  line(line: Uint8Array): ParserStep {
    try {
      return this.#line(Buffer.from(line.buffer, line.byteOffset, line.byteLength));
    } catch (error) {
      if (error instanceof Malformed) return { kind: 'violation', reason: error.message };
      throw error;
    }
  }

  /** The string that was announced; the next line follows. */
  literal(bytes: Uint8Array): void {
    this.#add(bytes);
  }

  #line(line: Buffer): ParserStep {
    if (this.#head !== undefined) return this.#goOn(line, 0);
    const text = line.toString('utf8');
    if (text === '+' || text.startsWith('+ ')) {
      return { kind: 'response', response: { kind: 'continue', text: text.slice(2) } };
    }
    const status = statusOf(text);
    if (status !== undefined) return { kind: 'response', response: status };
    // ASCII, so that its length in characters is that in bytes.
    const [all = '', number, name = ''] = /^\* (?:(\d{1,10}) )?([A-Za-z][A-Za-z0-9-]{0,63})(?= |$)/.exec(text) ?? [];
    if (name === '') throw new Malformed('a response begins with + or * or the tag of a command');
    this.#head = { name: name.toUpperCase(), number: number === undefined ? null : Number(number) };
    this.#stack = [[]];
    this.#values = 0;
    return this.#goOn(line, all.length);
  }

  /** Reads values from there to the end of the line. */
  #goOn(line: Buffer, from: number): ParserStep {
    let at = from;
    while (at < line.byteLength) {
      const byte = line[at] as number;
      if (byte === SPACE) at += 1;
      else if (byte === OPEN) {
        this.#open();
        at += 1;
      } else if (byte === CLOSE) {
        this.#close();
        at += 1;
      } else if (byte === QUOTE) at = this.#quoted(line, at);
      else if (byte === BRACE || (byte === 0x7e && line[at + 1] === BRACE)) return this.#announced(line, at);
      else at = this.#atom(line, at);
    }
    return this.#complete();
  }

  #complete(): ParserStep {
    const [values = []] = this.#stack;
    if (this.#stack.length !== 1 || this.#head === undefined) throw new Malformed('a list does not end');
    const response: DataResponse = { kind: 'data', ...this.#head, values };
    this.#head = undefined;
    this.#stack = [];
    return { kind: 'response', response };
  }

  #open(): void {
    if (this.#stack.length > this.#limits.maxDepth) throw new Malformed('lists are nested too deep');
    const list: ImapValue[] = [];
    this.#add(list);
    this.#stack.push(list);
  }

  #close(): void {
    if (this.#stack.length < 2) throw new Malformed('a list ends that did not begin');
    this.#stack.pop();
  }

  #add(value: ImapValue): void {
    this.#values += 1;
    if (this.#values > this.#limits.maxValues) throw new Malformed('a response has too many parts');
    this.#stack.at(-1)?.push(value);
  }

  #quoted(line: Buffer, from: number): number {
    const parts: Buffer[] = [];
    let begin = from + 1;
    for (let at = begin; at < line.byteLength; at++) {
      const byte = line[at];
      if (byte === BACKSLASH) {
        parts.push(line.subarray(begin, at));
        begin = at + 1;
        at += 1;
      } else if (byte === QUOTE) {
        // A copy: the line is large, and what is kept of it may be small.
        this.#add(Buffer.concat([...parts, line.subarray(begin, at)]));
        return at + 1;
      }
    }
    throw new Malformed('a quoted string does not end');
  }

  /** RFC 9051 §4.3; with a tilde it may hold NULs (RFC 3516 §4.2). It ends the line. */
  #announced(line: Buffer, at: number): AnnouncedLiteral {
    const [, digits] = /^~?\{(\d{1,10})\}$/.exec(line.toString('latin1', at, at + 20)) ?? [];
    if (digits === undefined) throw new Malformed('a literal is announced as {number} at the end of a line');
    // FETCH has one list, of names and values.
    const before = this.#stack.length === 2 ? this.#stack[1]?.at(-1) : undefined;
    const isSection =
      this.#head?.name === 'FETCH' && typeof before === 'string' && (this.#stack[1]?.length ?? 0) % 2 === 1;
    return { kind: 'literal', bytes: Number(digits), section: isSection ? before.toUpperCase() : null };
  }

  #atom(line: Buffer, from: number): number {
    let at = from;
    for (; at < line.byteLength; at++) {
      const byte = line[at] as number;
      if (byte === SPACE || byte === OPEN || byte === CLOSE || byte === QUOTE || byte === BRACE) break;
      if (byte === BRACKET && /^(?:BODY|BINARY|BINARY\.SIZE)$/i.test(line.toString('latin1', from, at))) {
        at = endOfSection(line, at);
      }
    }
    const text = line.toString('utf8', from, at);
    this.#add(/^nil$/i.test(text) ? null : text);
    return at;
  }
}

/** Where the bracket of `BODY[HEADER.FIELDS ("To")]` is closed. */
function endOfSection(line: Buffer, from: number): number {
  let isQuoted = false;
  for (let at = from; at < line.byteLength; at++) {
    const byte = line[at];
    if (isQuoted && byte === BACKSLASH) at += 1;
    else if (byte === QUOTE) isQuoted = !isQuoted;
    else if (byte === BRACKET_CLOSE && !isQuoted) return at;
  }
  throw new Malformed('a section of a message does not end');
}

/** The text of a status is for people: nothing in it is a string or a list. */
function statusOf(line: string): StatusResponse | undefined {
  const [, tag = '', status = '', code, text = ''] =
    /^(\*|[A-Za-z0-9]{1,32}) (OK|NO|BAD|BYE|PREAUTH)(?: +(?:\[((?:[^\]"]|"(?:[^"\\]|\\.)*")*)\] ?)?(.*)|)$/is.exec(
      line,
    ) ?? [];
  if (tag === '') return undefined;
  const [, name = '', rest = ''] = /^(\S+) ?(.*)$/s.exec(code ?? '') ?? [];
  return {
    kind: 'status',
    tag,
    status: status.toUpperCase() as ImapStatus,
    code: name === '' ? null : { name: name.toUpperCase(), text: rest },
    text,
  };
}
