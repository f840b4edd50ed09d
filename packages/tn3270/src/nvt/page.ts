import { ATTRIBUTES_MASK, type Cell } from '../screen/cell.ts';
import type { Screen } from '../screen/screen.ts';
import { COLORS_MASK } from './rendition.ts';
import { isWide } from '../screen/width.ts';

const SPACE = 0x20;
/** Columns between the tab stops that a page begins with. */
const TAB_WIDTH = 8;

/** Where and how text goes on, as DECSC keeps it. */
interface SavedCursor {
  readonly row: number;
  readonly column: number;
  readonly attributes: Cell;
  readonly originMode: boolean;
}

const HOME: SavedCursor = { row: 0, column: 0, attributes: 0, originMode: false };

/**
 * The screen as a character terminal has it: active position, scrolling region, tab stops, and the editing functions
 * on rows and columns, which count from 0. A wide character takes its cell and holds a space in the next.
 *
 * The position is read from the screen by `begin` and written back by `end`; between them only the page draws.
 */
export class NvtPage {
  readonly #screen: Screen;
  /** Colours and highlighting of what is printed. */
  attributes: Cell = 0;
  /** Printing goes on in the next row after the last column (DECAWM). */
  autoWrap = true;
  /** Backspace goes on at the end of the row above (xterm's reverse-wraparound mode). */
  reverseWrap = false;
  /** Printing moves the rest of the row to the right (IRM). */
  insertMode = false;
  #originMode = false;
  #rows = 0;
  #columns = 0;
  #row = 0;
  #column = 0;
  /** The last column was printed: the next character wraps first. */
  #wrapPending = false;
  /** Scrolling region: first row, and the row after its last. */
  #top = 0;
  #bottom = 0;
  #tabStops = new Uint8Array(0);
  #saved = HOME;
  /** Contents of the primary buffer while the alternate one is shown. */
  #primary: { readonly cells: Int32Array; readonly unicode: Uint32Array | undefined } | undefined;
  #wideDrawn = false;
  #formatted = false;

  constructor(screen: Screen) {
    this.#screen = screen;
    this.reset();
  }

  get row(): number {
    return this.#row;
  }

  get column(): number {
    return this.#column;
  }

  get rows(): number {
    return this.#rows;
  }

  get columns(): number {
    return this.#columns;
  }

  get originMode(): boolean {
    return this.#originMode;
  }

  get alternate(): boolean {
    return this.#primary !== undefined;
  }

  /** Row of the active position as a report gives it, from 1: within the scrolling region in origin mode. */
  get reportedRow(): number {
    return this.#row - (this.#originMode ? this.#top : 0) + 1;
  }

  /** Everything as at the start, without touching the screen's contents. */
  reset(): void {
    this.attributes = 0;
    this.autoWrap = true;
    this.reverseWrap = false;
    this.insertMode = false;
    this.#originMode = false;
    this.#rows = this.#screen.rows;
    this.#columns = this.#screen.columns;
    this.#top = 0;
    this.#bottom = this.#rows;
    this.#tabStops = Uint8Array.from({ length: this.#columns }, (_, column) => (column % TAB_WIDTH === 0 ? 1 : 0));
    this.#saved = HOME;
    this.#primary = undefined;
    this.#wideDrawn = false;
    this.#wrapPending = false;
  }

  /** Takes up the position from the screen; a page whose screen has another size now is reset. */
  begin(): void {
    const screen = this.#screen;
    if (screen.rows !== this.#rows || screen.columns !== this.#columns) this.reset();
    const address = this.#row * this.#columns + this.#column;
    if (screen.cursor !== address) {
      this.#row = Math.floor(screen.cursor / this.#columns);
      this.#column = screen.cursor % this.#columns;
      this.#wrapPending = false;
    }
    this.#formatted = screen.formatted;
  }

  end(): void {
    this.#screen.moveCursor(this.#row * this.#columns + this.#column);
    this.#screen.changed(this.#formatted);
  }

  /** Empties the screen and homes the position. */
  clear(): void {
    this.#screen.clear();
    this.#wideDrawn = false;
    this.#place(0, 0);
  }

  print(codePoint: number): void {
    const wide = this.#columns > 1 && isWide(codePoint);
    if (this.#wrapPending) this.#wrap();
    if (wide && this.#column === this.#columns - 1) {
      if (!this.autoWrap) return;
      this.#put(this.#column, SPACE);
      this.#wrap();
    }
    const width = wide ? 2 : 1;
    if (this.insertMode) this.insertCells(width);
    this.#put(this.#column, codePoint);
    if (wide) {
      // Not by #put, which would take the left half just drawn for one that loses its right half.
      this.#screen.setUnicode(this.#row * this.#columns + this.#column + 1, SPACE, this.attributes);
      this.#wideDrawn = true;
    }
    this.#column += width;
    if (this.#column < this.#columns) return;
    this.#column = this.#columns - 1;
    this.#wrapPending = this.autoWrap;
  }

  carriageReturn(): void {
    this.#place(this.#row, 0);
  }

  /** Down one row, scrolling at the end of the region. Rows that a full screen scrolls in take the present colours. */
  lineFeed(): void {
    this.#wrapPending = false;
    if (this.#row === this.#bottom - 1) {
      const whole = this.#top === 0 && this.#bottom === this.#rows;
      this.#scroll(this.#top, 1, whole ? this.attributes & COLORS_MASK : 0);
    } else if (this.#row < this.#rows - 1) this.#row++;
  }

  /** Up one row, scrolling at the start of the region. */
  reverseLineFeed(): void {
    this.#wrapPending = false;
    if (this.#row === this.#top) this.#scroll(this.#top, -1, 0);
    else if (this.#row > 0) this.#row--;
  }

  backspace(): void {
    if (this.#wrapPending) this.#wrapPending = false;
    else this.#back(this.reverseWrap);
  }

  /** Takes back `columns` printed cells, over the start of the row if need be, as local editing does. */
  rubOut(columns: number): void {
    for (let count = columns; count > 0; count--) {
      if (this.#wrapPending) this.#wrapPending = false;
      else this.#back(true);
      this.#put(this.#column, SPACE);
    }
  }

  /** To the `count`th tab stop after the position, at most to the last column. */
  tab(count: number): void {
    let column = this.#column;
    for (let left = count; left > 0 && column < this.#columns - 1; left--) {
      do column++;
      while (column < this.#columns - 1 && this.#tabStops[column] === 0);
    }
    this.#place(this.#row, column);
  }

  /** To the `count`th tab stop before the position, at most to the first column. */
  backTab(count: number): void {
    let column = this.#column;
    for (let left = count; left > 0 && column > 0; left--) {
      do column--;
      while (column > 0 && this.#tabStops[column] === 0);
    }
    this.#place(this.#row, column);
  }

  setTabStop(): void {
    this.#tabStops[this.#column] = 1;
  }

  clearTabStop(): void {
    this.#tabStops[this.#column] = 0;
  }

  clearAllTabStops(): void {
    this.#tabStops.fill(0);
  }

  /** To a row and column; in origin mode the row counts from the region and stays in it. */
  moveTo(row: number, column: number): void {
    if (this.#originMode) this.#place(Math.min(row + this.#top, this.#bottom - 1), column);
    else this.#place(row, column);
  }

  moveToRow(row: number): void {
    this.moveTo(row, this.#column);
  }

  moveToColumn(column: number): void {
    this.#place(this.#row, column);
  }

  /** Up, or down when negative; a margin on the way is not passed. */
  moveUp(count: number): void {
    if (count >= 0) {
      const limit = this.#row >= this.#top ? this.#top : 0;
      this.#place(Math.max(limit, this.#row - count), this.#column);
    } else {
      const limit = this.#row < this.#bottom ? this.#bottom - 1 : this.#rows - 1;
      this.#place(Math.min(limit, this.#row - count), this.#column);
    }
  }

  moveRight(count: number): void {
    this.#place(this.#row, this.#column + count);
  }

  /** A pending wrap counts as nothing moved: the first step left only cancels it, as xterm has it. */
  moveLeft(count: number): void {
    if (this.#wrapPending) this.#wrapPending = false;
    else this.#place(this.#row, this.#column - count);
  }

  setOriginMode(on: boolean): void {
    this.#originMode = on;
    this.moveTo(0, 0);
  }

  /** Rows `top` to `bottom` inclusive; a region of fewer than two rows is the whole page. Homes the position. */
  setRegion(top: number, bottom: number): void {
    const last = Math.min(bottom, this.#rows - 1);
    const valid = top >= 0 && top < last;
    this.#top = valid ? top : 0;
    this.#bottom = valid ? last + 1 : this.#rows;
    this.moveTo(0, 0);
  }

  saveCursor(): void {
    const { attributes } = this;
    this.#saved = { row: this.#row, column: this.#column, attributes, originMode: this.#originMode };
  }

  restoreCursor(): void {
    this.attributes = this.#saved.attributes;
    this.#originMode = this.#saved.originMode;
    this.#place(this.#saved.row, this.#saved.column);
  }

  /** Empties the cells from a place up to, not including, another; as addresses. */
  eraseCells(start: number, end: number): void {
    this.#screen.cells.fill(0, start, end);
  }

  /** Empties cells of the present row, from a column up to another. */
  eraseColumns(start: number, end: number): void {
    const origin = this.#row * this.#columns;
    this.eraseCells(origin + start, origin + Math.min(end, this.#columns));
  }

  /** Moves the rest of the row right; what passes the last column is lost. */
  insertCells(count: number): void {
    const inserted = Math.min(count, this.#columns - this.#column);
    const at = this.#row * this.#columns + this.#column;
    const end = (this.#row + 1) * this.#columns;
    this.#splitWide(this.#column);
    this.#move(at + inserted, at, end - inserted);
    this.eraseCells(at, at + inserted);
    this.#splitWide(this.#columns);
  }

  /** Moves the rest of the row left. */
  deleteCells(count: number): void {
    const deleted = Math.min(count, this.#columns - this.#column);
    const at = this.#row * this.#columns + this.#column;
    const end = (this.#row + 1) * this.#columns;
    this.#splitWide(this.#column);
    this.#move(at, at + deleted, end);
    this.eraseCells(end - deleted, end);
  }

  /** Inserts rows at the position, or deletes when negative, within the region; no effect outside of it. */
  insertRows(count: number): void {
    if (this.#row < this.#top || this.#row >= this.#bottom) return;
    this.#scroll(this.#row, -count, 0);
    this.#place(this.#row, 0);
  }

  /** Scrolls the region up, or down when negative; the position stays. */
  scroll(count: number): void {
    this.#scroll(this.#top, count, 0);
  }

  /** Shows an empty alternate buffer, and keeps the primary one if it was shown. */
  enterAlternate(): void {
    this.#primary ??= { cells: this.#screen.cells.slice(), unicode: this.#screen.unicode?.slice() };
    this.eraseCells(0, this.#screen.size);
  }

  leaveAlternate(): void {
    const primary = this.#primary;
    if (primary === undefined) return;
    this.#primary = undefined;
    const screen = this.#screen;
    if (primary.unicode !== undefined) {
      // Drawing allocates the plane, which a clear may have dropped meanwhile.
      if (screen.unicode === undefined) screen.setUnicode(0, SPACE, 0);
      screen.unicode?.set(primary.unicode);
    }
    screen.cells.set(primary.cells);
    this.#formatted = true;
  }

  /** Moves to a place, clamped to the page, which cancels a pending wrap. */
  #place(row: number, column: number): void {
    this.#row = Math.max(0, Math.min(row, this.#rows - 1));
    this.#column = Math.max(0, Math.min(column, this.#columns - 1));
    this.#wrapPending = false;
  }

  #back(overRows: boolean): void {
    if (this.#column > 0) this.#column--;
    else if (overRows && this.#row > this.#top) {
      this.#row--;
      this.#column = this.#columns - 1;
    }
  }

  #wrap(): void {
    this.#screen.markWrapped(this.#row * this.#columns + this.#column);
    this.#column = 0;
    this.lineFeed();
  }

  #put(column: number, codePoint: number): void {
    this.#splitWide(column);
    this.#screen.setUnicode(this.#row * this.#columns + column, codePoint, this.attributes);
  }

  /** A wide character whose right half, at `column`, is about to go becomes a space. */
  #splitWide(column: number): void {
    if (!this.#wideDrawn || column === 0) return;
    const left = this.#row * this.#columns + column - 1;
    if (!isWide(this.#screen.unicodeAt(left))) return;
    this.#screen.setUnicode(left, SPACE, (this.#screen.cells[left] as Cell) & ATTRIBUTES_MASK);
  }

  /** Scrolls the rows from `top` to the end of the region; `blank` is what the new rows hold. */
  #scroll(top: number, count: number, blank: Cell): void {
    const start = top * this.#columns;
    const end = this.#bottom * this.#columns;
    const distance = Math.min(Math.abs(count) * this.#columns, end - start);
    if (count > 0) {
      this.#move(start, start + distance, end);
      this.#screen.cells.fill(blank, end - distance, end);
    } else {
      this.#move(start + distance, start, end - distance);
      this.#screen.cells.fill(blank, start, start + distance);
    }
  }

  #move(to: number, start: number, end: number): void {
    this.#screen.cells.copyWithin(to, start, end);
    this.#screen.unicode?.copyWithin(to, start, end);
  }
}
