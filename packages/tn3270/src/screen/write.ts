import type { BufferAddress } from '../datastream/address.ts';
import { ATTRIBUTES, CHARSET, FIELD_ATTRIBUTE } from '../datastream/attribute.ts';
import { isGraphic, type WriteSink } from '../datastream/decode.ts';
import {
  BACKGROUND_SHIFT,
  type Cell,
  CELL_CHARSET,
  CHAR_MASK,
  CHARSET_MASK,
  CHARSET_SHIFT,
  FIELD,
  FOREGROUND_SHIFT,
  HIGHLIGHT_MASK,
  HIGHLIGHT_SHIFT,
  INPUT_CONTROL,
} from './cell.ts';
import { type Screen, UNFORMATTED_ATTRIBUTE } from './screen.ts';

const CHARSET_BITS = CHARSET_MASK << CHARSET_SHIFT;
const FOREGROUND_BITS = 0xff << FOREGROUND_SHIFT;
const BACKGROUND_BITS = 0xff << BACKGROUND_SHIFT;
const HIGHLIGHT_BITS = HIGHLIGHT_MASK << HIGHLIGHT_SHIFT;
const ESCAPE = CELL_CHARSET.Escape << CHARSET_SHIFT;

/** What PT looks back at. GA23-0059-07 §4.3.6. */
const PREVIOUS = {
  /** An order, or the command: PT does not erase. */
  Order: 0,
  /** A character: PT erases the rest of the field. */
  Character: 1,
  /** A PT that erased up to the end of the buffer: the next one goes on erasing. */
  TabToEnd: 2,
} as const;

// Copies of imported constants that the inner loops use: V8 makes a module's own part of the code, and reads an imported
// one at each use. Worth 5 % of a screen made of many orders.
const graphic = isGraphic;
const FIELD_BIT = FIELD;
const CHARACTER_BITS = CHAR_MASK;
const PRINTABLE = FIELD_ATTRIBUTE.Printable;
const KEPT_BITS = FIELD_ATTRIBUTE.Mask;

const SHIFT_OUT = 0x0e;
const SHIFT_IN = 0x0f;

/**
 * Applies the orders of one write to a screen. It never sees the bytes of an order, only what they mean; the screen is
 * told once, at the end. Addresses that are passed in lie within fourteen bits and are checked against the buffer.
 */
export class ScreenWriter implements WriteSink {
  readonly #screen: Screen;
  /** Whether colour attributes are kept (3279) or dropped (3278). */
  readonly #color: boolean;
  #cells: Int32Array;
  /** The current buffer address: kept between records only for SSCP-LU data. */
  #address: BufferAddress = 0;
  /** Character attributes that SA set: cell bits without character. */
  #attributes: Cell = 0;
  /**
   * The attribute that governs the place of the last order, for EUA: its byte, or the complement of an address at which
   * to look it up. Looking it up only when it is needed keeps SBA cheap.
   */
  #governing: number = UNFORMATTED_ATTRIBUTE;
  #cursor: BufferAddress = -1;
  /** What came last decides whether PT erases: one of PREVIOUS. */
  #previous: number = PREVIOUS.Order;
  #unknownOrders = 0;

  constructor(screen: Screen, color: boolean) {
    this.#screen = screen;
    this.#color = color;
    this.#cells = screen.cells;
  }

  /** Codes below 40 that were no order, since the start. */
  get unknownOrders(): number {
    return this.#unknownOrders;
  }

  /** Begins a write at the cursor. Character attributes start from their defaults. */
  begin(): void {
    const screen = this.#screen;
    this.#cells = screen.cells;
    this.#address = screen.cursor;
    this.#attributes = 0;
    this.#cursor = -1;
    this.#orderAt(screen.cursor);
  }

  /** Ends the write: the screen learns of it, and the cursor goes where IC put it. */
  end(): void {
    this.#screen.changed(true);
    if (this.#cursor >= 0) this.#screen.moveCursor(this.#cursor);
  }

  text(record: Uint8Array, start: number, end: number): number {
    const cells = this.#cells;
    const attributes = this.#attributes;
    const size = cells.length;
    let address = this.#address;
    let at = start;
    for (;;) {
      // Up to the end of the text or of the buffer: one comparison less for each character.
      const stop = end - at < size - address ? end : at + size - address;
      while (at < stop) {
        const code = record[at] as number;
        if (!graphic(code)) break;
        cells[address++] = attributes | code;
        at++;
      }
      if (address < size) break;
      address = 0;
    }
    this.#address = address;
    this.#previous = PREVIOUS.Character;
    return at;
  }

  nullCharacter(): void {
    this.#put(this.#attributes);
    this.#previous = PREVIOUS.Character;
  }

  formatControl(code: number): void {
    this.#put(this.#attributes | code);
    this.#previous = PREVIOUS.Order;
  }

  shiftOut(): void {
    this.formatControl(SHIFT_OUT);
  }

  /** Refused unless a Shift Out without Shift In stands before it in the field; as the reference does on any page. */
  shiftIn(): boolean {
    const cells = this.#cells;
    const field = this.#fieldBefore(this.#address);
    const stop = field < 0 ? cells.length - 1 : field;
    let at = this.#before(this.#address);
    while (at !== stop) {
      const character = (cells[at] as Cell) & CHAR_MASK;
      if (character === SHIFT_IN) return false;
      if (character === SHIFT_OUT) break;
      at = this.#before(at);
    }
    const cell = cells[at] as Cell;
    if (cell < 0 || (cell & CHAR_MASK) !== SHIFT_OUT) return false;
    this.formatControl(SHIFT_IN);
    return true;
  }

  setBufferAddress(address: BufferAddress): boolean {
    if (address >= this.#cells.length) return false;
    this.#address = address;
    this.#orderAt(address);
    return true;
  }

  insertCursor(): void {
    this.#cursor = this.#address;
    this.#previous = PREVIOUS.Order;
  }

  programTab(): void {
    const cells = this.#cells;
    const here = cells[this.#address] as Cell;
    if (here < 0 && (here & FIELD_ATTRIBUTE.Protected) === 0) {
      this.#advance();
      this.#previous = PREVIOUS.Order;
      return;
    }
    let target = this.#screen.nextUnprotected(this.#address);
    if (target < this.#address) target = 0;
    if (this.#previous !== PREVIOUS.Order) {
      while (this.#address !== target && (cells[this.#address] as Cell) >= 0) this.#put(0);
      const goesOn = target === 0 || this.#previous === PREVIOUS.TabToEnd;
      this.#previous = goesOn ? PREVIOUS.TabToEnd : PREVIOUS.Order;
    }
    this.#address = target;
  }

  startField(attribute: number): void {
    this.#placeField(attribute, 0);
    this.#advance();
    this.#previous = PREVIOUS.Order;
  }

  startFieldExtended(record: Uint8Array, start: number, pairs: number): void {
    let attribute = 0;
    let extended = 0;
    for (let pair = 0, at = start; pair < pairs; pair++, at += 2) {
      const type = record[at] as number;
      const value = record[at + 1] as number;
      switch (type) {
        case ATTRIBUTES.Field.code:
          attribute = value;
          break;
        case ATTRIBUTES.Foreground.code:
          extended = this.#withForeground(extended, value);
          break;
        case ATTRIBUTES.Background.code:
          extended = this.#withBackground(extended, value);
          break;
        case ATTRIBUTES.Highlighting.code:
          // The reference keeps three bits on a field (blink, reverse, underscore) and four on a character.
          extended = withHighlight(extended, value & 0x07);
          break;
        case ATTRIBUTES.Charset.code:
          extended = withCharset(extended, value === CHARSET.Apl ? CELL_CHARSET.Apl : CELL_CHARSET.Base);
          break;
        default:
          break;
      }
    }
    this.#placeField(attribute, extended);
    this.#advance();
    this.#previous = PREVIOUS.Order;
  }

  atField(): boolean {
    return (this.#cells[this.#address] as Cell) < 0;
  }

  modifyField(record: Uint8Array, start: number, pairs: number): void {
    if (this.atField()) {
      this.#modify(record, start, pairs);
      this.#advance();
    }
    this.#previous = PREVIOUS.Order;
  }

  setAttribute(type: number, value: number): void {
    this.#attributes = this.#withAttribute(this.#attributes, type, value);
    this.#previous = PREVIOUS.Order;
  }

  repeatToAddress(address: BufferAddress, character: number, graphicEscape: boolean): boolean {
    const cells = this.#cells;
    if (address >= cells.length) return false;
    const cell = (graphicEscape ? (this.#attributes & ~CHARSET_BITS) | ESCAPE : this.#attributes) | character;
    const from = this.#address;
    if (address > from) {
      // Short runs are the rule (a filled field); the loop beats the call of `fill` up to a few dozen cells.
      if (address - from > 32) cells.fill(cell, from, address);
      else for (let at = from; at < address; at++) cells[at] = cell;
    } else {
      cells.fill(cell, from);
      cells.fill(cell, 0, address);
    }
    this.#address = address;
    this.#orderAt(address);
    return true;
  }

  eraseUnprotectedToAddress(address: BufferAddress): boolean {
    const cells = this.#cells;
    if (address >= cells.length) return false;
    let governing = this.#currentAttribute();
    let at = this.#address;
    do {
      const cell = cells[at] as Cell;
      if (cell < 0) governing = cell & CHAR_MASK;
      else if ((governing & FIELD_ATTRIBUTE.Protected) === 0) cells[at] = cell & ~(CHAR_MASK | CHARSET_BITS);
      at = this.#screen.next(at);
    } while (at !== address);
    this.#address = address;
    this.#orderAt(address);
    return true;
  }

  graphicEscape(character: number): void {
    this.#put((this.#attributes & ~CHARSET_BITS) | ESCAPE | character);
    this.#orderAt(this.#address);
    this.#previous = PREVIOUS.Character;
  }

  unknownOrder(): void {
    this.#unknownOrders++;
    this.#previous = PREVIOUS.Order;
  }

  #put(cell: Cell): void {
    this.#cells[this.#address] = cell;
    this.#advance();
  }

  #advance(): void {
    const next = this.#address + 1;
    this.#address = next === this.#cells.length ? 0 : next;
  }

  #orderAt(address: BufferAddress): void {
    const cell = this.#cells[address] as Cell;
    this.#governing = cell < 0 ? cell & CHARACTER_BITS : ~address;
    this.#previous = PREVIOUS.Order;
  }

  #currentAttribute(): number {
    if (this.#governing >= 0) return this.#governing;
    const field = this.#fieldBefore(~this.#governing);
    return field < 0 ? UNFORMATTED_ATTRIBUTE : (this.#cells[field] as Cell) & CHAR_MASK;
  }

  /** Address of the attribute that governs `address`, or −1. A search: the index of the screen is stale in a write. */
  #fieldBefore(address: BufferAddress): BufferAddress {
    const cells = this.#cells;
    for (let at = address; at >= 0; at--) if ((cells[at] as Cell) < 0) return at;
    for (let at = cells.length - 1; at > address; at--) if ((cells[at] as Cell) < 0) return at;
    return -1;
  }

  #before(address: BufferAddress): BufferAddress {
    return address === 0 ? this.#cells.length - 1 : address - 1;
  }

  #placeField(attribute: number, extended: Cell): void {
    const stored = PRINTABLE | (attribute & KEPT_BITS);
    this.#cells[this.#address] = FIELD_BIT | extended | stored;
    this.#governing = attribute;
  }

  #modify(record: Uint8Array, start: number, pairs: number): void {
    let cell = this.#cells[this.#address] as Cell;
    for (let pair = 0, at = start; pair < pairs; pair++, at += 2) {
      const type = record[at] as number;
      const value = record[at + 1] as number;
      if (type === ATTRIBUTES.Field.code) {
        cell = (cell & ~CHAR_MASK) | FIELD_ATTRIBUTE.Printable | (value & FIELD_ATTRIBUTE.Mask);
      } else if (type !== ATTRIBUTES.All.code) cell = this.#withAttribute(cell, type, value);
    }
    this.#cells[this.#address] = cell;
  }

  /** A character attribute of SA or MF. Literal codes, because only those compile to a jump table. */
  #withAttribute(cell: Cell, type: number, value: number): Cell {
    switch (type) {
      case 0x00: // All
        return 0;
      case 0x41: // Highlighting
        return withHighlight(cell, value);
      case 0x42: // Foreground
        return this.#withForeground(cell, value);
      case 0x43: // Charset
        return withCharset(cell, cellCharset(value));
      case 0x45: // Background
        return this.#withBackground(cell, value);
      case 0xfe: // Input control
        return value === 1 ? cell | INPUT_CONTROL : cell & ~INPUT_CONTROL;
      default:
        return cell;
    }
  }

  #withForeground(cell: Cell, value: number): Cell {
    return this.#color ? (cell & ~FOREGROUND_BITS) | (color(value) << FOREGROUND_SHIFT) : cell;
  }

  #withBackground(cell: Cell, value: number): Cell {
    return this.#color ? (cell & ~BACKGROUND_BITS) | (color(value) << BACKGROUND_SHIFT) : cell;
  }
}

/** A colour value that is none of F0 … FF stands for the default. */
function color(value: number): number {
  return value >= 0xf0 ? value : 0;
}

function withHighlight(cell: Cell, value: number): Cell {
  return (cell & ~HIGHLIGHT_BITS) | ((value & HIGHLIGHT_MASK) << HIGHLIGHT_SHIFT);
}

function withCharset(cell: Cell, charset: number): Cell {
  return (cell & ~CHARSET_BITS) | (charset << CHARSET_SHIFT);
}

function cellCharset(value: number): number {
  if (value === CHARSET.Apl) return CELL_CHARSET.Apl;
  return value === CHARSET.Dbcs ? CELL_CHARSET.Dbcs : CELL_CHARSET.Base;
}
