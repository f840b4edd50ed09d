import { ORDERS } from './order.ts';
import { type BufferAddress, decodeAddress } from './address.ts';

/**
 * What the orders of a write do, one method each; the decoder calls them in the order of the stream. Byte ranges are
 * borrowed. A method that returns `false` refuses its order and ends the write, as a display does that meets an
 * address beyond its buffer.
 */
export interface WriteSink {
  /** Graphic characters 40 … FE. */
  text(record: Uint8Array, start: number, end: number): void;
  /** NUL. */
  nullCharacter(): void;
  /** FF, CR, NL, EM, DUP, FM, LF, SUB, EO: stored as they come. */
  formatControl(code: number): void;
  shiftOut(): void;
  shiftIn(): boolean;
  setBufferAddress(address: BufferAddress): boolean;
  insertCursor(): void;
  programTab(): void;
  startField(attribute: number): void;
  /** Attribute type and value pairs at `record[start … start + 2 × pairs)`. */
  startFieldExtended(record: Uint8Array, start: number, pairs: number): void;
  /** The record ended within the pairs of an SFE or MF: `pairs` of them are whole. */
  truncatedField(order: 'SFE' | 'MF', record: Uint8Array, start: number, pairs: number): void;
  modifyField(record: Uint8Array, start: number, pairs: number): void;
  /** Whether the order MF at the present address would change a field: where none stands its pairs are skipped unread. */
  atField(): boolean;
  setAttribute(type: number, value: number): void;
  repeatToAddress(address: BufferAddress, character: number, graphicEscape: boolean): boolean;
  eraseUnprotectedToAddress(address: BufferAddress): boolean;
  graphicEscape(character: number): void;
  /** A code below 40 that is no order: skipped and counted. */
  unknownOrder(code: number): void;
}

/** Why a write was refused, and where. */
export interface WriteFault {
  /** Offset in the record of the order that failed. */
  readonly offset: number;
  /** Mnemonic of the order. */
  readonly order: string;
  readonly reason: 'short' | 'address' | 'shift';
}

/** What a byte of a write begins. Values are dense, for the switch. */
const KIND = {
  Text: 0,
  Null: 1,
  FormatControl: 2,
  ShiftOut: 3,
  ShiftIn: 4,
  SBA: 5,
  SF: 6,
  SFE: 7,
  SA: 8,
  RA: 9,
  IC: 10,
  PT: 11,
  EUA: 12,
  GE: 13,
  MF: 14,
  Unknown: 15,
} as const;

const KINDS: Uint8Array = (() => {
  const kinds = new Uint8Array(256).fill(KIND.Text);
  kinds.fill(KIND.Unknown, 0, 0x40);
  kinds[0x00] = KIND.Null;
  kinds[0x0e] = KIND.ShiftOut;
  kinds[0x0f] = KIND.ShiftIn;
  for (const code of [0x0c, 0x0d, 0x15, 0x19, 0x1c, 0x1e, 0x25, 0x3f, 0xff]) kinds[code] = KIND.FormatControl;
  for (const name of ['SBA', 'SF', 'SFE', 'SA', 'RA', 'IC', 'PT', 'EUA', 'GE', 'MF'] as const) {
    kinds[ORDERS[name].code] = KIND[name];
  }
  return kinds;
})();

/**
 * Decodes the orders and data of a write, `record[start … end)`, after its command and write control character. Total:
 * any bytes are either handed to the sink or refused with a fault; nothing outside the range is read. (GA23-0059-07 §4.3)
 */
export function decodeWrite(record: Uint8Array, start: number, end: number, sink: WriteSink): WriteFault | undefined {
  const kinds = KINDS;
  let at = start;
  while (at < end) {
    const code = record[at] as number;
    switch (kinds[code]) {
      case KIND.Text: {
        let stop = at + 1;
        while (stop < end && kinds[record[stop] as number] === KIND.Text) stop++;
        sink.text(record, at, stop);
        at = stop;
        break;
      }
      case KIND.Null:
        sink.nullCharacter();
        at++;
        break;
      case KIND.FormatControl:
        sink.formatControl(code);
        at++;
        break;
      case KIND.ShiftOut:
        sink.shiftOut();
        at++;
        break;
      case KIND.ShiftIn:
        if (!sink.shiftIn()) return fault(at, 'SI', 'shift');
        at++;
        break;
      case KIND.SBA:
        if (at + 2 >= end) return fault(at, 'SBA', 'short');
        if (!sink.setBufferAddress(decodeAddress(record[at + 1] as number, record[at + 2] as number))) {
          return fault(at, 'SBA', 'address');
        }
        at += 3;
        break;
      case KIND.SF:
        if (at + 1 >= end) return fault(at, 'SF', 'short');
        sink.startField(record[at + 1] as number);
        at += 2;
        break;
      case KIND.SFE: {
        if (at + 1 >= end) return fault(at, 'SFE', 'short');
        const pairs = record[at + 1] as number;
        if (at + 2 + 2 * pairs > end) {
          sink.truncatedField('SFE', record, at + 2, (end - at - 2) >> 1);
          return fault(at, 'SFE', 'short');
        }
        sink.startFieldExtended(record, at + 2, pairs);
        at += 2 + 2 * pairs;
        break;
      }
      case KIND.SA:
        if (at + 2 >= end) return fault(at, 'SA', 'short');
        sink.setAttribute(record[at + 1] as number, record[at + 2] as number);
        at += 3;
        break;
      case KIND.RA: {
        if (at + 3 >= end) return fault(at, 'RA', 'short');
        const address = decodeAddress(record[at + 1] as number, record[at + 2] as number);
        const escape = record[at + 3] === ORDERS.GE.code;
        if (escape && at + 4 >= end) return fault(at, 'RA', 'short');
        const character = record[escape ? at + 4 : at + 3] as number;
        if (!sink.repeatToAddress(address, character, escape)) return fault(at, 'RA', 'address');
        at += escape ? 5 : 4;
        break;
      }
      case KIND.IC:
        sink.insertCursor();
        at++;
        break;
      case KIND.PT:
        sink.programTab();
        at++;
        break;
      case KIND.EUA:
        if (at + 2 >= end) return fault(at, 'EUA', 'short');
        if (!sink.eraseUnprotectedToAddress(decodeAddress(record[at + 1] as number, record[at + 2] as number))) {
          return fault(at, 'EUA', 'address');
        }
        at += 3;
        break;
      case KIND.GE:
        if (at + 1 >= end) return fault(at, 'GE', 'short');
        sink.graphicEscape(record[at + 1] as number);
        at += 2;
        break;
      case KIND.MF: {
        if (at + 1 >= end) return fault(at, 'MF', 'short');
        const pairs = record[at + 1] as number;
        if (at + 2 + 2 * pairs > end && sink.atField()) {
          sink.truncatedField('MF', record, at + 2, (end - at - 2) >> 1);
          return fault(at, 'MF', 'short');
        }
        sink.modifyField(record, at + 2, pairs);
        at += 2 + 2 * pairs;
        break;
      }
      default:
        sink.unknownOrder(code);
        at++;
    }
  }
  return undefined;
}


function fault(offset: number, order: string, reason: WriteFault['reason']): WriteFault {
  return { offset, order, reason };
}
