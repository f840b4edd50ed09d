import type { AplPage, CodePage } from '../codepage/codePage.ts';
import { type BufferAddress, decodeAddress } from '../datastream/address.ts';
import { AID, type AidName, aidName, isShortRead } from '../datastream/aid.ts';
import { ORDERS } from '../datastream/order.ts';
import { STRUCTURED_FIELDS } from '../datastream/structuredField.ts';

/** One field that the terminal sent: where its data begin, and the data with their orders (SA, GE) as they came. */
export interface InboundField {
  readonly address: BufferAddress;
  readonly bytes: Uint8Array;
}

/** A record from the terminal, taken apart. Byte ranges are borrowed: copy to keep. */
export type InboundRecord =
  /** An attention key or a read: AID, cursor and the modified fields; a short read has the AID alone. */
  | {
      readonly kind: 'attention';
      readonly aid: AidName;
      readonly shortRead: boolean;
      readonly cursor: BufferAddress;
      readonly fields: readonly InboundField[];
    }
  /** AID X'88': structured fields, of which query replies are one kind. */
  | { readonly kind: 'structured'; readonly body: Uint8Array }
  /** The test request key of classic sessions: SOH % / STX. GA23-0059-07 §3.5.6. */
  | { readonly kind: 'test_request' }
  | { readonly kind: 'invalid'; readonly reason: string };

const TEST_REQUEST = [0x01, 0x6c, 0x61, 0x02] as const;
const SHORT_RECORD = 3;

/** Total: every record gives a result, a hostile one `invalid` or fields that no screen knows. */
export function decodeInbound(record: Uint8Array): InboundRecord {
  const first = record[0];
  if (first === undefined) return { kind: 'invalid', reason: 'empty record' };
  if (first === AID.StructuredField) return { kind: 'structured', body: record.subarray(1) };
  if (TEST_REQUEST.every((byte, index) => record[index] === byte)) return { kind: 'test_request' };
  const aid = aidName(first);
  if (aid === undefined) return { kind: 'invalid', reason: `unknown AID ${hex(first)}` };
  if (record.length < SHORT_RECORD) {
    if (record.length === 1 && isShortRead(first)) {
      return { kind: 'attention', aid, shortRead: true, cursor: 0, fields: [] };
    }
    return { kind: 'invalid', reason: 'no cursor address' };
  }
  const cursor = decodeAddress(record[1] as number, record[2] as number);
  const fields = decodeFields(record, SHORT_RECORD);
  return { kind: 'attention', aid, shortRead: false, cursor, fields };
}

/**
 * Whether somebody has sent this record, or a file transfer that somebody has begun. What an emulator answers by itself
 * is neither: replies to queries, and reads of the host while no key is waiting (AID X'60', X'61').
 */
export function isUse(record: Uint8Array): boolean {
  const [first] = record;
  // Of the first structured field: its length in two bytes, its type.
  if (first === AID.StructuredField) return record[3] === STRUCTURED_FIELDS.TransferData.code;
  return first !== undefined && first !== AID.None && first !== AID.QueryReply;
}

/** The characters of a field as text: SA is passed over, GE read in code page 310, nulls are nothing. */
export function decodeFieldText(bytes: Uint8Array, codePage: CodePage, apl?: AplPage): string {
  let text = '';
  for (let at = 0; at < bytes.length; at++) {
    const code = bytes[at] as number;
    if (code === ORDERS.SA.code) at += 2;
    else if (code === ORDERS.GE.code) {
      at++;
      text += character(apl?.toUnicode(bytes[at] ?? 0) ?? 0);
    } else if (code !== 0) text += character(codePage.toUnicode(code));
  }
  return text;
}

function decodeFields(record: Uint8Array, from: number): InboundField[] {
  const fields: InboundField[] = [];
  let at = from;
  let start = from;
  let address = 0;
  let addressed = false;
  const close = (end: number): void => {
    // Data before the first SBA come from an unformatted screen and begin at its home address.
    if (addressed || end > start) fields.push({ address, bytes: record.subarray(start, end) });
  };
  while (at < record.length) {
    const code = record[at] as number;
    if (code === ORDERS.SBA.code) {
      close(at);
      if (at + 2 >= record.length) return fields;
      address = decodeAddress(record[at + 1] as number, record[at + 2] as number);
      addressed = true;
      at += 3;
      start = at;
    } else if (code === ORDERS.SA.code) at += 3;
    else if (code === ORDERS.GE.code) at += 2;
    else at++;
  }
  close(record.length);
  return fields;
}

/** A code without a graphic (0) reads as a blank. */
function character(codePoint: number): string {
  return codePoint === 0 ? ' ' : String.fromCodePoint(codePoint);
}

function hex(byte: number): string {
  return `X'${byte.toString(16).toUpperCase().padStart(2, '0')}'`;
}
