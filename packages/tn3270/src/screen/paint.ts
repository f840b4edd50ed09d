import { type BufferAddress, GRAPHIC_CODES } from '../datastream/address.ts';
import { ATTRIBUTES, FIELD_ATTRIBUTE } from '../datastream/attribute.ts';
import { ByteBuffer } from '../datastream/byteBuffer.ts';
import { COMMANDS } from '../datastream/command.ts';
import { isGraphic } from '../datastream/decode.ts';
import { FORMAT_CONTROLS, ORDERS } from '../datastream/order.ts';
import { REPLY_MODE, type ReplyMode } from '../datastream/replyMode.ts';
import { STRUCTURED_FIELDS } from '../datastream/structuredField.ts';
import { WCC } from '../datastream/wcc.ts';
import {
  ATTRIBUTES_MASK,
  backgroundOf,
  type Cell,
  CELL_CHARSET,
  charOf,
  CHARSET_MASK,
  CHARSET_SHIFT,
  charsetOf,
  foregroundOf,
  hasInputControl,
  highlightOf,
} from './cell.ts';
import { charsetValue } from './read.ts';
import type { Screen } from './screen.ts';

export interface PaintOptions {
  /** Erase/Write Alternate instead of Erase/Write: the screen has the alternate size. */
  readonly alternate: boolean;
  /** The terminal knows extended attributes and graphic escape; without them SF alone is used. Default true. */
  readonly extended?: boolean;
  /** Unlock the keyboard at the end. Default false. */
  readonly restore?: boolean;
  /** The code for a character drawn in NVT mode, which has none of its own; negative or absent: a blank. */
  readonly encode?: (codePoint: number) => number;
}

const SPACE = 0x40;
/** From how many equal cells on RA (five bytes at most) is shorter than the cells. */
const SHORTEST_REPEAT = 6;
/** From how many untouched cells on SBA (three bytes) is shorter than the nulls. */
const SHORTEST_SKIP = 4;
const CHARSET_BITS = CHARSET_MASK << CHARSET_SHIFT;
const ESCAPE = CELL_CHARSET.Escape << CHARSET_SHIFT;
/** What SFE sets of highlighting; the fourth bit and the rest need MF. */
const FIELD_HIGHLIGHTING = 0x07;
/** Stored by the order alone. SO and SI are not among them: alone they are refused. */
const STORED_CONTROLS: ReadonlySet<number> = new Set(
  Object.entries(FORMAT_CONTROLS)
    .filter(([name]) => name !== 'SO' && name !== 'SI')
    .map(([, { code }]) => code),
);

/**
 * The outbound record that draws a screen anew on a terminal of the same size: every cell with its attributes, fields
 * with their modified data tags, and the cursor. A terminal that had nothing before has the same buffer after it; what
 * was drawn in NVT mode becomes 3270 text.
 */
export function paintScreen(screen: Screen, options: PaintOptions): Uint8Array {
  const { alternate, extended = true, restore = false } = options;
  const out = new ByteBuffer(screen.size);
  out.put(alternate ? COMMANDS.EWA.snaCode : COMMANDS.EW.snaCode);
  out.put(GRAPHIC_CODES[restore ? WCC.KeyboardRestore : 0] as number);
  new Painter(out, screen, extended, options.encode).paint();
  out.put(ORDERS.SBA.code);
  out.putAddress(screen.cursor, screen.size);
  out.put(ORDERS.IC.code);
  return out.view();
}

/** The outbound record that sets a reply mode. GA23-0059-07 §5.21. */
export function setReplyMode(mode: ReplyMode): Uint8Array {
  const code = { field: REPLY_MODE.Field, 'extended-field': REPLY_MODE.ExtendedField, character: REPLY_MODE.Character };
  const attributes = mode.kind === 'character' ? [...mode.attributes] : [];
  const field = [0, 5 + attributes.length, STRUCTURED_FIELDS.SetReplyMode.code, 0, code[mode.kind], ...attributes];
  return Uint8Array.from([COMMANDS.WSF.snaCode, ...field]);
}

class Painter {
  readonly #out: ByteBuffer;
  readonly #screen: Screen;
  readonly #extended: boolean;
  readonly #encode: (codePoint: number) => number;
  /** Cell bits that SA has set so far. */
  #attributes: Cell = 0;

  constructor(out: ByteBuffer, screen: Screen, extended: boolean, encode: PaintOptions['encode']) {
    this.#out = out;
    this.#screen = screen;
    this.#extended = extended;
    this.#encode = encode ?? (() => -1);
  }

  paint(): void {
    const { size } = this.#screen;
    for (let at = 0; at < size; ) {
      const cell = this.#cell(at);
      if (cell < 0) {
        this.#field(at, cell);
        at++;
        continue;
      }
      let end = at + 1;
      while (end < size && this.#cell(end) === cell) end++;
      if (cell === 0 && end - at >= SHORTEST_SKIP) this.#moveTo(end);
      else this.#run(cell, at, end);
      at = end;
    }
  }

  /** What can be drawn of a cell: NVT characters as codes, and without extended attributes the characters alone. */
  #cell(address: BufferAddress): Cell {
    let cell = this.#screen.cells[address] as Cell;
    const codePoint = this.#screen.unicodeAt(address);
    if (codePoint !== 0) {
      const code = this.#encode(codePoint);
      cell = (cell & ATTRIBUTES_MASK & ~CHARSET_BITS) | (isGraphic(code) ? code : SPACE);
    }
    if (this.#extended || cell < 0) return cell;
    return charsetOf(cell) === CELL_CHARSET.Base ? charOf(cell) : SPACE;
  }

  #field(address: BufferAddress, cell: Cell): void {
    const out = this.#out;
    const attribute = GRAPHIC_CODES[charOf(cell) & ~FIELD_ATTRIBUTE.Printable] as number;
    if (!this.#extended || (cell & ATTRIBUTES_MASK) === 0) {
      out.put(ORDERS.SF.code);
      out.put(attribute);
      return;
    }
    const charset = charsetOf(cell);
    const highlight = highlightOf(cell);
    const isDbcs = charset === CELL_CHARSET.Dbcs;
    this.#list(ORDERS.SFE.code, [
      [ATTRIBUTES.Field.code, attribute],
      [ATTRIBUTES.Highlighting.code, highlightValue(highlight & FIELD_HIGHLIGHTING)],
      [ATTRIBUTES.Foreground.code, foregroundOf(cell)],
      [ATTRIBUTES.Background.code, backgroundOf(cell)],
      [ATTRIBUTES.Charset.code, isDbcs ? 0 : charsetValue(charset)],
    ]);
    if (highlight <= FIELD_HIGHLIGHTING && !isDbcs && !hasInputControl(cell)) return;
    this.#moveTo(address);
    this.#list(ORDERS.MF.code, [
      [ATTRIBUTES.Highlighting.code, highlightValue(highlight)],
      [ATTRIBUTES.Charset.code, charsetValue(charset)],
      [ATTRIBUTES.InputControl.code, hasInputControl(cell) ? 1 : 0],
    ]);
  }

  /** An order with attribute pairs; defaults are left out. */
  #list(order: number, pairs: ReadonlyArray<readonly [type: number, value: number]>): void {
    const set = pairs.filter(([, value]) => value !== 0);
    this.#out.put(order);
    this.#out.put(set.length);
    for (const pair of set) this.#out.putAll(pair);
  }

  /** Equal data cells from `start` to before `end`. */
  #run(cell: Cell, start: BufferAddress, end: BufferAddress): void {
    const out = this.#out;
    const isEscape = charsetOf(cell) === CELL_CHARSET.Escape;
    this.#setAttributes(isEscape ? cell & ~ESCAPE : cell);
    const code = charOf(cell);
    const isPlain = isEscape || isGraphic(code) || code === 0 || STORED_CONTROLS.has(code);
    if (isPlain && end - start < SHORTEST_REPEAT) {
      for (let at = start; at < end; at++) {
        if (isEscape) out.put(ORDERS.GE.code);
        out.put(code);
      }
      return;
    }
    out.put(ORDERS.RA.code);
    this.#address(end);
    if (isEscape) out.put(ORDERS.GE.code);
    out.put(code);
  }

  #setAttributes(cell: Cell): void {
    const wanted = cell & ATTRIBUTES_MASK;
    const before = this.#attributes;
    if (wanted === before) return;
    this.#attributes = wanted;
    if (wanted === 0) return this.#set(ATTRIBUTES.All.code, 0);
    if (highlightOf(wanted) !== highlightOf(before)) {
      this.#set(ATTRIBUTES.Highlighting.code, highlightValue(highlightOf(wanted)));
    }
    if (foregroundOf(wanted) !== foregroundOf(before)) this.#set(ATTRIBUTES.Foreground.code, foregroundOf(wanted));
    if (backgroundOf(wanted) !== backgroundOf(before)) this.#set(ATTRIBUTES.Background.code, backgroundOf(wanted));
    if (charsetOf(wanted) !== charsetOf(before)) this.#set(ATTRIBUTES.Charset.code, charsetValue(charsetOf(wanted)));
    if (hasInputControl(wanted) !== hasInputControl(before)) {
      this.#set(ATTRIBUTES.InputControl.code, hasInputControl(wanted) ? 1 : 0);
    }
  }

  #set(type: number, value: number): void {
    this.#out.put(ORDERS.SA.code);
    this.#out.put(type);
    this.#out.put(value);
  }

  #moveTo(address: BufferAddress): void {
    this.#out.put(ORDERS.SBA.code);
    this.#address(address);
  }

  /** The end of the buffer is its beginning. */
  #address(address: BufferAddress): void {
    const { size } = this.#screen;
    this.#out.putAddress(address === size ? 0 : address, size);
  }
}

/** The wire value of highlighting bits: F0 with the bits, 00 for none. */
function highlightValue(bits: number): number {
  return bits === 0 ? 0 : 0xf0 | bits;
}
