import { FIELD_ATTRIBUTE } from '../datastream/attribute.ts';
import type { BufferAddress } from '../datastream/address.ts';
import {
  ATTRIBUTES_MASK,
  type Cell,
  CELL_CHARSET,
  CHAR_MASK,
  CHARSET_MASK,
  CHARSET_SHIFT,
  hasInputControl,
  INPUT_CONTROL,
} from './cell.ts';

/** Rows and columns, counted from 1 to at most 16,383 cells in all. */
export interface ScreenSize {
  readonly rows: number;
  readonly columns: number;
}

/**
 * Marks a cell whose character stands in the Unicode plane: no EBCDIC code, double-byte charset. Whatever the 3270 data
 * stream writes there takes the mark away, so the plane need not be cleared cell by cell.
 */
const UNICODE_MARK = CELL_CHARSET.Dbcs << CHARSET_SHIFT;
const UNICODE_MARK_MASK = (CHARSET_MASK << CHARSET_SHIFT) | CHAR_MASK;

/** No field governs the position: the buffer is unformatted. */
export const NO_FIELD = -1;

/** The attribute that governs an unformatted buffer: unprotected, alphanumeric, normal. As the reference has it. */
export const UNFORMATTED_ATTRIBUTE = FIELD_ATTRIBUTE.Printable | FIELD_ATTRIBUTE.Modified;

/**
 * The character buffer of a display: packed cells, cursor, and an index of the fields. It knows nothing of bytes on
 * the wire, of keys or of the host. Addresses wrap at the end of the buffer.
 */
export class Screen {
  #rows: number;
  #columns: number;
  #cells: Int32Array;
  /** Characters of NVT sessions, which have no EBCDIC code; allocated at the first one. */
  #unicode: Uint32Array | undefined;
  #cursor: BufferAddress = 0;
  #version = 0;
  /** For each cell the address of its field attribute; built at the first lookup after a change of layout. */
  #fieldIndex: Int16Array | undefined;
  #fieldStarts: readonly BufferAddress[] | undefined;

  constructor(size: ScreenSize) {
    this.#rows = size.rows;
    this.#columns = size.columns;
    this.#cells = new Int32Array(size.rows * size.columns);
  }

  get rows(): number {
    return this.#rows;
  }

  get columns(): number {
    return this.#columns;
  }

  /** Number of cells. */
  get size(): number {
    return this.#cells.length;
  }

  /** The live buffer, borrowed: it is replaced when the size changes. Whoever writes to it calls `changed`. */
  get cells(): Int32Array {
    return this.#cells;
  }

  /** Grows with every change that an observer could see. */
  get version(): number {
    return this.#version;
  }

  get cursor(): BufferAddress {
    return this.#cursor;
  }

  /** `address` must lie in the buffer. */
  moveCursor(address: BufferAddress): void {
    if (address === this.#cursor) return;
    this.#cursor = address;
    this.#version++;
  }

  /** Says that cells were written. `layout` when a field attribute may have been set, moved or overwritten. */
  changed(layout: boolean): void {
    this.#version++;
    if (layout) {
      this.#fieldIndex = undefined;
      this.#fieldStarts = undefined;
    }
  }

  /** The Unicode plane, borrowed: a code point for each cell; undefined until an NVT character was drawn. */
  get unicode(): Uint32Array | undefined {
    return this.#unicode;
  }

  /** Code point that was drawn at `address` in NVT mode, or 0 when the cell holds 3270 data. */
  unicodeAt(address: BufferAddress): number {
    const plane = this.#unicode;
    if (plane === undefined || ((this.#cells[address] as Cell) & UNICODE_MARK_MASK) !== UNICODE_MARK) return 0;
    return plane[address] as number;
  }

  /** Draws an NVT character; `attributes` are cell bits without character and charset. The caller says `changed`. */
  setUnicode(address: BufferAddress, codePoint: number, attributes: Cell): void {
    this.#unicode ??= new Uint32Array(this.#cells.length);
    this.#unicode[address] = codePoint;
    this.#cells[address] = (attributes & ATTRIBUTES_MASK & ~UNICODE_MARK_MASK) | UNICODE_MARK;
  }

  /** NVT text runs on in the next row after the character at `address`. Drawing there again forgets it. */
  markWrapped(address: BufferAddress): void {
    this.#cells[address] = (this.#cells[address] as Cell) | INPUT_CONTROL;
  }

  /** Whether NVT text ran on in the next row after `address`. */
  isWrapped(address: BufferAddress): boolean {
    return hasInputControl(this.#cells[address] as Cell) && this.unicodeAt(address) !== 0;
  }

  /** Clears every cell, the fields too, and homes the cursor. */
  clear(): void {
    this.#cells.fill(0);
    this.#unicode = undefined;
    this.#cursor = 0;
    this.changed(true);
  }

  /** Moves every row up by one and clears the last. */
  scroll(): void {
    const keep = this.#cells.length - this.#columns;
    this.#cells.copyWithin(0, this.#columns);
    this.#cells.fill(0, keep);
    this.#unicode?.copyWithin(0, this.#columns);
    this.#unicode?.fill(0, keep);
    this.changed(true);
  }

  /** Takes another size with an empty buffer; keeps the buffer when the size is the same. */
  resize(size: ScreenSize): void {
    if (size.rows === this.#rows && size.columns === this.#columns) return;
    this.#rows = size.rows;
    this.#columns = size.columns;
    const cells = size.rows * size.columns;
    if (cells !== this.#cells.length) this.#cells = new Int32Array(cells);
    else this.#cells.fill(0);
    this.#unicode = undefined;
    this.#cursor = 0;
    this.changed(true);
  }

  /** Whether the buffer holds at least one field attribute. */
  get formatted(): boolean {
    return this.fieldStarts.length > 0;
  }

  /** Addresses of all field attributes, ascending. */
  get fieldStarts(): readonly BufferAddress[] {
    if (this.#fieldStarts === undefined) {
      const starts: BufferAddress[] = [];
      const cells = this.#cells;
      for (let address = 0; address < cells.length; address++) {
        if ((cells[address] as Cell) < 0) starts.push(address);
      }
      this.#fieldStarts = starts;
    }
    return this.#fieldStarts;
  }

  /** Address of the attribute that governs `address` (itself when it is one), or NO_FIELD. Constant time. */
  fieldAt(address: BufferAddress): BufferAddress {
    const index = this.#fieldIndex ?? this.#buildFieldIndex();
    return index[address] as number;
  }

  /** Attribute byte that governs `address`. */
  attributeAt(address: BufferAddress): number {
    const field = this.fieldAt(address);
    return field === NO_FIELD ? UNFORMATTED_ATTRIBUTE : (this.#cells[field] as Cell) & CHAR_MASK;
  }

  /** Data cells of the field whose attribute stands at `field`: up to the next attribute, over the end of the buffer. */
  fieldLength(field: BufferAddress): number {
    const starts = this.fieldStarts;
    const position = starts.indexOf(field);
    const next = starts[(position + 1) % starts.length] as number;
    return (next - field - 1 + this.size) % this.size;
  }

  /** Makes the data cells of the field whose attribute stands at `field` NUL in the base charset; colours stay. */
  eraseField(field: BufferAddress): void {
    const cells = this.#cells;
    for (let at = this.next(field); (cells[at] as Cell) >= 0; at = this.next(at)) {
      cells[at] = (cells[at] as Cell) & ~UNICODE_MARK_MASK;
    }
    this.#version++;
  }

  /** Sets or clears the modified data tag of the field that governs `address`; no effect when unformatted. */
  setModified(address: BufferAddress, modified: boolean): void {
    const field = this.fieldAt(address);
    if (field === NO_FIELD) return;
    const cell = this.#cells[field] as Cell;
    const next = modified ? cell | FIELD_ATTRIBUTE.Modified : cell & ~FIELD_ATTRIBUTE.Modified;
    if (next === cell) return;
    this.#cells[field] = next;
    this.#version++;
  }

  /**
   * First data position of the next unprotected field after `address` that is not empty, or 0 when there is none.
   * The search starts at `address` itself and wraps. (GA23-0059-07 §4.3.6)
   */
  nextUnprotected(address: BufferAddress): BufferAddress {
    const cells = this.#cells;
    const size = cells.length;
    let at = address;
    do {
      const next = at + 1 === size ? 0 : at + 1;
      const cell = cells[at] as Cell;
      if (cell < 0 && (cell & FIELD_ATTRIBUTE.Protected) === 0 && (cells[next] as Cell) >= 0) return next;
      at = next;
    } while (at !== address);
    return 0;
  }

  next(address: BufferAddress): BufferAddress {
    return address + 1 === this.#cells.length ? 0 : address + 1;
  }

  previous(address: BufferAddress): BufferAddress {
    return address === 0 ? this.#cells.length - 1 : address - 1;
  }

  #buildFieldIndex(): Int16Array {
    const cells = this.#cells;
    const size = cells.length;
    const index = new Int16Array(size);
    const starts = this.fieldStarts;
    if (starts.length === 0) index.fill(NO_FIELD);
    else {
      let governing = starts[starts.length - 1] as number;
      for (let address = 0; address < size; address++) {
        if ((cells[address] as Cell) < 0) governing = address;
        index[address] = governing;
      }
    }
    this.#fieldIndex = index;
    return index;
  }
}
