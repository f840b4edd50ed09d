import { ORDERS } from './order.ts';
import { type BufferAddress, decodeAddress } from './address.ts';

/**
 * What the orders of a write do, one method each; the decoder calls them in the order of the stream. Byte ranges are
 * borrowed. A method that returns `false` refuses its order and ends the write, as a display does that meets an
 * address beyond its buffer.
 */
export interface WriteSink {
  /**
   * Graphic characters from `start` on. Takes all that `isGraphic` up to `end` and returns where it stopped: finding the
   * end of a run and storing it in one pass is a third faster than in two.
   */
  text(record: Uint8Array, start: number, end: number): number;
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
  modifyField(record: Uint8Array, start: number, pairs: number): void;
  /** Whether the order MF at the present address would change a field: where none stands its pairs are skipped unread. */
  atField(): boolean;
  setAttribute(type: number, value: number): void;
  repeatToAddress(address: BufferAddress, character: number, graphicEscape: boolean): boolean;
  eraseUnprotectedToAddress(address: BufferAddress): boolean;
  /** `offset` is that of the character in the record. */
  graphicEscape(character: number, offset: number): void;
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

/** A character to display: 40 … FE. One unsigned comparison, because it is asked of every byte. */
export function isGraphic(code: number): boolean {
  return (code - 0x40) >>> 0 < 0xbf;
}

/**
 * Decodes the orders and data of a write, `record[start … end)`, after its command and write control character. Total:
 * any bytes are either handed to the sink or refused with a fault; nothing outside the range is read. (GA23-0059-07 §4.3)
 */
export function decodeWrite(record: Uint8Array, start: number, end: number, sink: WriteSink): WriteFault | undefined {
  let at = start;
  while (at < end) {
    const code = record[at] as number;
    if (isGraphic(code)) {
      at = sink.text(record, at, end);
      continue;
    }
    // Literal codes, because only those compile to a jump table; a test holds them to the tables of orders.
    switch (code) {
      case 0x11: // SBA
        if (at + 2 >= end) return fault(at, 'SBA', 'short');
        if (!sink.setBufferAddress(decodeAddress(record[at + 1] as number, record[at + 2] as number))) {
          return fault(at, 'SBA', 'address');
        }
        at += 3;
        break;
      case 0x1d: // SF
        if (at + 1 >= end) return fault(at, 'SF', 'short');
        sink.startField(record[at + 1] as number);
        at += 2;
        break;
      case 0x28: // SA
        if (at + 2 >= end) return fault(at, 'SA', 'short');
        sink.setAttribute(record[at + 1] as number, record[at + 2] as number);
        at += 3;
        break;
      case 0x29: // SFE
        {
          if (at + 1 >= end) return fault(at, 'SFE', 'short');
          const pairs = record[at + 1] as number;
          if (at + 2 + 2 * pairs > end) {
            // The pairs that came whole still make the field, as in the reference.
            sink.startFieldExtended(record, at + 2, (end - at - 2) >> 1);
            return fault(at, 'SFE', 'short');
          }
          sink.startFieldExtended(record, at + 2, pairs);
          at += 2 + 2 * pairs;
          break;
        }
      case 0x00: // NUL
        sink.nullCharacter();
        at++;
        break;
      case 0x3c: // RA
        {
          if (at + 3 >= end) return fault(at, 'RA', 'short');
          const address = decodeAddress(record[at + 1] as number, record[at + 2] as number);
          const escape = record[at + 3] === ORDERS.GE.code;
          if (escape && at + 4 >= end) return fault(at, 'RA', 'short');
          const character = record[escape ? at + 4 : at + 3] as number;
          if (!sink.repeatToAddress(address, character, escape)) return fault(at, 'RA', 'address');
          at += escape ? 5 : 4;
          break;
        }
      case 0x13: // IC
        sink.insertCursor();
        at++;
        break;
      case 0x05: // PT
        sink.programTab();
        at++;
        break;
      case 0x12: // EUA
        if (at + 2 >= end) return fault(at, 'EUA', 'short');
        if (!sink.eraseUnprotectedToAddress(decodeAddress(record[at + 1] as number, record[at + 2] as number))) {
          return fault(at, 'EUA', 'address');
        }
        at += 3;
        break;
      case 0x08: // GE
        if (at + 1 >= end) return fault(at, 'GE', 'short');
        sink.graphicEscape(record[at + 1] as number, at + 1);
        at += 2;
        break;
      case 0x2c: // MF
        {
          if (at + 1 >= end) return fault(at, 'MF', 'short');
          const pairs = record[at + 1] as number;
          if (at + 2 + 2 * pairs > end && sink.atField()) {
            sink.modifyField(record, at + 2, (end - at - 2) >> 1);
            return fault(at, 'MF', 'short');
          }
          sink.modifyField(record, at + 2, pairs);
          at += 2 + 2 * pairs;
          break;
        }
      case 0x0c: // FF
      case 0x0d: // CR
      case 0x15: // NL
      case 0x19: // EM
      case 0x1c: // DUP
      case 0x1e: // FM
      case 0x25: // LF
      case 0x3f: // SUB
      case 0xff: // EO
        sink.formatControl(code);
        at++;
        break;
      case 0x0e: // SO
        sink.shiftOut();
        at++;
        break;
      case 0x0f: // SI
        if (!sink.shiftIn()) return fault(at, 'SI', 'shift');
        at++;
        break;
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
