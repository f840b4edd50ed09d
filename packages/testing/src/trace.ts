import { EOR, IAC } from './telnet.ts';

/** Who sent a group of bytes: `<` the host, `>` the emulator. */
export type TraceDirection = '<' | '>';

/** All that one side sent before the other side spoke. */
export interface TraceGroup {
  readonly direction: TraceDirection;
  readonly bytes: Uint8Array;
}

/** What the header of a recording says; a field is absent when the recording does not say it. */
export interface TraceHeader {
  /** E.g. `3279-4-E`. */
  readonly model?: string;
  /** E.g. `37`, `833+834`. */
  readonly hostCodePage?: string;
  readonly rows?: number;
  readonly columns?: number;
}

export interface Trace {
  readonly header: TraceHeader;
  /** Directions alternate. */
  readonly groups: readonly TraceGroup[];
}

const DATA_LINE = /^([<>]) 0x[0-9a-f]+\s+((?:[0-9a-f]{2})+)\s*$/i;
const MODEL_LINE = /^\s*Model (\S+?),/;
const CODE_PAGE_LINE = /^\s*Host codepage: (\S+)/;
const ROWS_LINE = /^\/\/ rows (\d+)\s*$/;
const COLUMNS_LINE = /^\/\/ columns (\d+)\s*$/;

/**
 * Reads a trace in x3270's notation. Lines that are neither data nor a known header line are skipped: a full trace
 * file explains each record in free text between the data lines.
 */
export function parseTrace(text: string): Trace {
  const lines = text.split(/\r?\n/);
  const groups: Array<{ direction: TraceDirection; pieces: Uint8Array[] }> = [];
  for (const line of lines) {
    const data = DATA_LINE.exec(line);
    if (data === null) continue;
    const direction = data[1] as TraceDirection;
    const piece = Buffer.from(data[2] as string, 'hex');
    const last = groups.at(-1);
    if (last?.direction === direction) last.pieces.push(piece);
    else groups.push({ direction, pieces: [piece] });
  }
  return {
    header: readHeader(lines),
    groups: groups.map(({ direction, pieces }) => ({ direction, bytes: joinBytes(pieces) })),
  };
}

function readHeader(lines: readonly string[]): TraceHeader {
  const first = (pattern: RegExp): string | undefined => {
    for (const line of lines) {
      const match = pattern.exec(line);
      if (match !== null) return match[1];
    }
    return undefined;
  };
  const model = first(MODEL_LINE);
  const hostCodePage = first(CODE_PAGE_LINE);
  const rows = first(ROWS_LINE);
  const columns = first(COLUMNS_LINE);
  return {
    ...(model === undefined ? {} : { model }),
    ...(hostCodePage === undefined ? {} : { hostCodePage }),
    ...(rows === undefined ? {} : { rows: Number(rows) }),
    ...(columns === undefined ? {} : { columns: Number(columns) }),
  };
}

/** Everything that one side sent, in order. */
export function bytesOf(trace: Trace, direction: TraceDirection): Uint8Array {
  return joinBytes(trace.groups.filter((group) => group.direction === direction).map((group) => group.bytes));
}

/**
 * Cuts a telnet stream after each IAC EOR (RFC 885). Negotiation belongs to the record that it precedes; whatever
 * follows the last IAC EOR is one more record. The pieces are views, and joined they are the stream.
 */
export function splitRecords(stream: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  let start = 0;
  let at = 0;
  while (at < stream.length) {
    if (stream[at] !== IAC) {
      at++;
      continue;
    }
    // IAC and its command byte go together, so that of IAC IAC EOR the second IAC is data.
    const command = stream[at + 1];
    at += 2;
    if (command === EOR) {
      records.push(stream.subarray(start, at));
      start = at;
    }
  }
  if (start < stream.length) records.push(stream.subarray(start));
  return records;
}

export function joinBytes(pieces: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}
