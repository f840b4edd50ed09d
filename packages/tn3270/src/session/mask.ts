import { isNondisplay } from '../datastream/attribute.ts';
import { AID, isShortRead } from '../datastream/aid.ts';
import { type BufferAddress, decodeAddress } from '../datastream/address.ts';
import { commandOf } from '../datastream/command.ts';
import { decodeWrite, isGraphic, type WriteSink } from '../datastream/decode.ts';
import { ORDERS } from '../datastream/order.ts';
import { STRUCTURED_FIELDS, structuredFields } from '../datastream/structuredField.ts';
import { NO_FIELD, type Screen } from '../screen/screen.ts';

/** EBCDIC asterisk: what stands in a trace for each character of a nondisplay field. */
const MASK = 0x5c;

/**
 * A copy of an outbound 3270 record in which the characters of nondisplay fields are asterisks. To be called when the
 * record has been applied: the screen tells which fields are hidden.
 */
export function maskOutbound(record: Uint8Array, screen: Screen): Uint8Array {
  const copy = record.slice();
  const command = commandOf(record[0] ?? 0);
  if (command === 'W' || command === 'EW' || command === 'EWA') {
    decodeWrite(copy, 2, copy.length, new MaskingSink(copy, screen));
  } else if (command === 'WSF') {
    for (const { id, start, end } of structuredFields(copy, 1).fields) {
      // Length, id, partition, command, WCC; then orders.
      if (id === STRUCTURED_FIELDS.Outbound3270DS.code)
        decodeWrite(copy, start + 6, end, new MaskingSink(copy, screen));
    }
  }
  return copy;
}

/** A copy of an inbound 3270 record in which the characters of nondisplay fields are asterisks. */
export function maskInbound(body: Uint8Array, screen: Screen): Uint8Array {
  const aid = body[0];
  if (!screen.formatted || aid === undefined || aid === AID.StructuredField) return body;
  if (isShortRead(aid) && body.length === 1) return body;
  const copy = body.slice();
  // Read Modified names a field and then omits NULs; Read Buffer has every position. In both the position counted from
  // the last address never leaves the field that the data belong to.
  let field: BufferAddress = screen.fieldAt(0);
  let position: BufferAddress = 0;
  let at = aid === 0x01 ? TEST_REQUEST_BYTES : 3;
  while (at < copy.length) {
    switch (copy[at]) {
      case ORDERS.SBA.code:
        position = decodeAddress(copy[at + 1] ?? 0, copy[at + 2] ?? 0) % screen.size;
        field = screen.fieldAt(position);
        at += 3;
        break;
      case ORDERS.SF.code:
        field = position;
        position = screen.next(position);
        at += 2;
        break;
      case ORDERS.SFE.code:
        field = position;
        position = screen.next(position);
        at += 2 + 2 * (copy[at + 1] ?? 0);
        break;
      case ORDERS.SA.code:
        at += 3;
        break;
      case ORDERS.GE.code:
        at++;
        break;
      default:
        if (field !== NO_FIELD && isNondisplay(screen.attributeAt(field)) && copy[at] !== 0) copy[at] = MASK;
        position = screen.next(position);
        at++;
    }
  }
  return copy;
}

const TEST_REQUEST_BYTES = 4;

/** Follows the buffer address through a write and overwrites hidden characters in the bytes it reads. */
class MaskingSink implements WriteSink {
  readonly #bytes: Uint8Array;
  readonly #screen: Screen;
  #address: BufferAddress;

  constructor(bytes: Uint8Array, screen: Screen) {
    this.#bytes = bytes;
    this.#screen = screen;
    this.#address = screen.cursor;
  }

  text(record: Uint8Array, start: number, end: number): number {
    let at = start;
    for (; at < end && isGraphic(record[at] as number); at++) this.#character(at);
    return at;
  }

  nullCharacter(): void {
    this.#advance();
  }

  formatControl(): void {
    this.#advance();
  }

  shiftOut(): void {
    this.#advance();
  }

  shiftIn(): boolean {
    this.#advance();
    return true;
  }

  setBufferAddress(address: BufferAddress): boolean {
    return this.#goTo(address);
  }

  insertCursor(): void {}

  programTab(): void {
    this.#address = this.#screen.nextUnprotected(this.#address);
  }

  startField(): void {
    this.#advance();
  }

  startFieldExtended(): void {
    this.#advance();
  }

  atField(): boolean {
    return (this.#screen.cells[this.#address] as number) < 0;
  }

  modifyField(): void {
    if (this.atField()) this.#advance();
  }

  setAttribute(): void {}

  repeatToAddress(address: BufferAddress): boolean {
    return this.#goTo(address);
  }

  eraseUnprotectedToAddress(address: BufferAddress): boolean {
    return this.#goTo(address);
  }

  graphicEscape(_character: number, offset: number): void {
    this.#character(offset);
  }

  unknownOrder(): void {}

  #character(offset: number): void {
    if (isNondisplay(this.#screen.attributeAt(this.#address))) this.#bytes[offset] = MASK;
    this.#advance();
  }

  #goTo(address: BufferAddress): boolean {
    if (address >= this.#screen.size) return false;
    this.#address = address;
    return true;
  }

  #advance(): void {
    this.#address = this.#screen.next(this.#address);
  }
}
