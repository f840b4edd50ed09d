import type { CodePage } from '../codepage/codePage.ts';
import type { ConformanceRow } from '../conformance.ts';
import type { ScreenSize } from '../screen/screen.ts';
import { AID } from './aid.ts';
import { CHARSET, COLOR, HIGHLIGHTING } from './attribute.ts';
import type { ByteBuffer } from './byteBuffer.ts';
import { REPLY_MODE } from './replyMode.ts';

/** What a display says of itself. */
export interface DisplayProfile {
  /** The largest size: usable area and implicit partition. */
  readonly maxSize: ScreenSize;
  readonly color: boolean;
  readonly codePage: CodePage;
  /** Program name of the RPQ Names reply, in the code page. */
  readonly rpqName: string;
}

interface QueryReplyRow extends ConformanceRow {
  encode(out: ByteBuffer, profile: DisplayProfile): void;
}

/** The structured field id of a query reply. GA23-0059-07 §6.1. */
const QUERY_REPLY = 0x81;

/** Character cell and spacing of a 3279-2, in its own units. GA23-0059-07 §6.51. */
const CELL_WIDTH = 0x09;
const CELL_HEIGHT = 0x0c;
const X_UNITS = 0x000a_02e5;
const Y_UNITS = 0x0002_006f;

/** Graphic character set and code page of the APL set: 963 and 310. */
const APL_CGCSGID = 0x03c3_0136;

/** Largest Transfer Data field either way, bytes. */
const DDM_LIMIT = 16_384;

/** Query replies in the order of their codes, as they are sent. GA23-0059-07 ch. 6. */
export const QUERY_REPLIES = {
  Summary: row(0x80, 'Summary', '§6.49', (out) => {
    for (const reply of SENT) out.put(reply.code);
  }),
  UsableArea: row(0x81, 'Usable Area', '§6.51', (out, { maxSize }) => {
    // Twelve- and fourteen-bit addressing, no variable cells; sizes in cells, units of mm.
    out.put(0x01);
    out.put(0x00);
    out.put16(maxSize.columns);
    out.put16(maxSize.rows);
    out.put(0x01);
    out.put32(X_UNITS);
    out.put32(Y_UNITS);
    out.put(CELL_WIDTH);
    out.put(CELL_HEIGHT);
    out.put16(maxSize.columns * maxSize.rows);
  }),
  AlphanumericPartitions: row(0x84, 'Alphanumeric Partitions', '§6.2', (out, { maxSize }) => {
    // One partition with the whole buffer.
    out.put(0x00);
    out.put16(maxSize.rows * maxSize.columns);
    out.put(0x00);
  }),
  CharacterSets: row(0x85, 'Character Sets', '§6.9', (out, { codePage }) => {
    // GE and CGCSGIDs present; no loadable sets; seven bytes a descriptor.
    out.putAll([0x82, 0x00, CELL_WIDTH, CELL_HEIGHT, 0x00, 0x00, 0x00, 0x00, 0x07]);
    out.putAll([0x00, 0x10, CHARSET.Base]);
    out.put32(codePage.cgcsgid);
    out.putAll([0x01, 0x00, CHARSET.Apl]);
    out.put32(APL_CGCSGID);
  }),
  Color: row(0x86, 'Color', '§6.10', (out, { color }) => {
    out.putAll([0x00, 16, COLOR.Default, COLOR.Green]);
    for (let value: number = COLOR.Blue; value <= COLOR.White; value++) {
      out.put(value);
      out.put(color ? value : COLOR.Default);
    }
  }),
  Highlighting: row(0x87, 'Highlighting', '§6.24', (out) => {
    const { Default, Normal, Blink, Reverse, Underscore, Intensify } = HIGHLIGHTING;
    out.putAll([5, Default, Normal, Blink, Blink, Reverse, Reverse, Underscore, Underscore, Intensify, Intensify]);
  }),
  ReplyModes: row(0x88, 'Reply Modes', '§6.43', (out) => {
    out.putAll([REPLY_MODE.Field, REPLY_MODE.ExtendedField, REPLY_MODE.Character]);
  }),
  DistributedDataManagement: row(0x95, 'Distributed Data Management', '§6.15', (out) => {
    out.put16(0);
    out.put16(DDM_LIMIT);
    out.put16(DDM_LIMIT);
    // One subset, the file transfer one.
    out.put16(0x0101);
  }),
  RpqNames: row(0xa1, 'RPQ Names', '§6.44', (out, { codePage, rpqName }) => {
    out.put32(0);
    out.put32(0);
    out.put(rpqName.length + 1);
    for (const character of rpqName) out.put(Math.max(0, codePage.fromUnicode(character.codePointAt(0) as number)));
  }),
  ImplicitPartitions: row(0xa6, 'Implicit Partitions', '§6.27', (out, { maxSize }) => {
    out.putAll([0x00, 0x00, 0x0b, 0x01, 0x00]);
    out.put16(80);
    out.put16(24);
    out.put16(maxSize.columns);
    out.put16(maxSize.rows);
  }),
  Null: row(0xff, 'Null', '§6.34', () => {}),
} as const satisfies Record<string, QueryReplyRow>;

/** All but Null, which answers a list of replies that are unknown. */
const SENT: readonly QueryReplyRow[] = Object.values(QUERY_REPLIES).filter((reply) => reply.code !== 0xff);

/** Writes the record that answers a Query: all replies. */
export function encodeQueryReplies(out: ByteBuffer, profile: DisplayProfile): void {
  encodeReplies(out, profile, SENT);
}

/** Writes the record that answers a Query List of `codes`: those that are known, in our order, or Null. */
export function encodeQueryList(out: ByteBuffer, profile: DisplayProfile, codes: Uint8Array): void {
  const known = SENT.filter((reply) => codes.includes(reply.code));
  encodeReplies(out, profile, known.length > 0 ? known : [QUERY_REPLIES.Null]);
}

function encodeReplies(out: ByteBuffer, profile: DisplayProfile, replies: readonly QueryReplyRow[]): void {
  out.put(AID.StructuredField);
  for (const reply of replies) {
    const start = out.length;
    out.put16(0);
    out.put(QUERY_REPLY);
    out.put(reply.code);
    reply.encode(out, profile);
    const length = out.length - start;
    out.patch(start, length >> 8);
    out.patch(start + 1, length & 0xff);
  }
}

function row(code: number, mnemonic: string, section: string, encode: QueryReplyRow['encode']): QueryReplyRow {
  return { code, mnemonic, source: `GA23-0059-07 ${section}`, support: 'full', encode };
}
