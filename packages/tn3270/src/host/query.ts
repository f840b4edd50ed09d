import { COMMANDS } from '../datastream/command.ts';
import { FOURTEEN_BIT_CELLS } from '../datastream/address.ts';
import type { ScreenSize } from '../screen/screen.ts';

/** What a terminal says of itself in its query replies. Absent facts were not in the reply. */
export interface QueryFacts {
  /** QCODEs that came, ascending. */
  readonly replies: readonly number[];
  /** The whole display. GA23-0059-07 §6.51. */
  readonly usableArea: ScreenSize | undefined;
  /** Sizes of Erase/Write and Erase/Write Alternate. GA23-0059-07 §6.31. */
  readonly implicitSizes: { readonly default: ScreenSize; readonly alternate: ScreenSize } | undefined;
  /** Number of colours that are told apart; 0 when the terminal is monochrome. GA23-0059-07 §6.13. */
  readonly colors: number;
  /** Highlighting values that have an effect. GA23-0059-07 §6.30. */
  readonly highlighting: readonly number[];
  /** Whether GE brings a second character set. GA23-0059-07 §6.12. */
  readonly graphicEscape: boolean;
  /** Graphic character set (high 16 bits) and code page (low 16 bits) of the base set. */
  readonly cgcsgid: number | undefined;
}

const QUERY_REPLY = 0x81;
const QCODE = {
  UsableArea: 0x81,
  CharacterSets: 0x85,
  Color: 0x86,
  Highlighting: 0x87,
  ImplicitPartition: 0xa6,
} as const;

/** WSF with Read Partition Query of the whole terminal. GA23-0059-07 §5.14. */
export const READ_PARTITION_QUERY: Uint8Array = Uint8Array.of(
  COMMANDS.WSF.snaCode,
  0x00,
  0x05, // length
  0x01, // Read Partition
  0xff, // PID: no partition
  0x02, // Query
);

/** Reads the query replies of a structured-field record (after the AID). Total: what is short or unknown is left out. */
export function parseQueryReplies(body: Uint8Array): QueryFacts {
  const bodies = new Map<number, Uint8Array>();
  for (let at = 0; at + 4 <= body.length; ) {
    const length = u16(body, at);
    if (length < 4) break;
    const end = Math.min(at + length, body.length);
    if (body[at + 2] === QUERY_REPLY) bodies.set(body[at + 3] as number, body.subarray(at + 4, end));
    at = end;
  }
  const charsets = bodies.get(QCODE.CharacterSets);
  return {
    replies: [...bodies.keys()].sort((a, b) => a - b),
    usableArea: usableArea(bodies.get(QCODE.UsableArea)),
    implicitSizes: implicitSizes(bodies.get(QCODE.ImplicitPartition)),
    colors: colors(bodies.get(QCODE.Color)),
    highlighting: highlighting(bodies.get(QCODE.Highlighting)),
    graphicEscape: charsets !== undefined && ((charsets[0] ?? 0) & 0x80) !== 0,
    cgcsgid: baseCgcsgid(charsets),
  };
}

function usableArea(body: Uint8Array | undefined): ScreenSize | undefined {
  if (body === undefined || body.length < 6) return undefined;
  return sizeOf(u16(body, 2), u16(body, 4));
}

function implicitSizes(body: Uint8Array | undefined): QueryFacts['implicitSizes'] {
  // Two reserved bytes, then self-defining parameters; X'01' holds the two sizes.
  for (let at = 2; body !== undefined && at + 2 <= body.length; ) {
    const length = body[at] as number;
    if (length < 2) return undefined;
    if (body[at + 1] === 0x01 && length >= 11 && at + 11 <= body.length) {
      const ofDefault = sizeOf(u16(body, at + 3), u16(body, at + 5));
      const ofAlternate = sizeOf(u16(body, at + 7), u16(body, at + 9));
      return ofDefault && ofAlternate && { default: ofDefault, alternate: ofAlternate };
    }
    at += length;
  }
  return undefined;
}

/** A monochrome terminal reports every colour as shown in the default (00). */
function colors(body: Uint8Array | undefined): number {
  if (body === undefined) return 0;
  const shown = new Set<number>();
  // The first pair is the default colour and what it is shown as; the explicit ones follow.
  for (let pair = 1; pair < (body[1] ?? 0); pair++) {
    const value = body[2 + pair * 2 + 1] ?? 0;
    if (value !== 0) shown.add(value);
  }
  return shown.size;
}

function highlighting(body: Uint8Array | undefined): number[] {
  const values: number[] = [];
  for (let pair = 0; body !== undefined && pair < (body[0] ?? 0); pair++) {
    const asked = body[1 + pair * 2] ?? 0;
    const shown = body[2 + pair * 2] ?? 0;
    if (asked !== 0 && asked === shown) values.push(asked);
  }
  return values;
}

function baseCgcsgid(body: Uint8Array | undefined): number | undefined {
  if (body === undefined || body.length < 9 || ((body[0] as number) & 0x02) === 0) return undefined;
  const descriptorLength = body[8] as number;
  if (descriptorLength < 7) return undefined;
  for (let at = 9; at + descriptorLength <= body.length; at += descriptorLength) {
    const last = at + descriptorLength;
    if (body[at] === 0) return u16(body, last - 4) * 0x1_0000 + u16(body, last - 2);
  }
  return undefined;
}

/** A size that fourteen-bit addresses reach, or undefined. */
function sizeOf(columns: number, rows: number): ScreenSize | undefined {
  const cells = rows * columns;
  return cells > 0 && cells < FOURTEEN_BIT_CELLS ? { rows, columns } : undefined;
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
