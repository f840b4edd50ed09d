import type { ScreenSize } from '@roundhouse/tn3270';
import type { Position } from './frame.ts';
import { isSteady, isWideGlyph } from './glyph.ts';

interface VtCell {
  glyph: string;
  /** SGR parameters, without those of the reset. */
  style: string;
}

/** A control sequence without its introducer, a blank with a mark over it, or any other character. */
const TOKEN = /\p{Cc}\[([?\d;]*[A-Za-z])|( \p{M})|([^])/gu;

/** Stands for what a character terminal shows after the bytes of `paint`; refuses what it does not know. */
export class VtModel {
  readonly rows: VtCell[][];
  cursor: Position = { row: 0, column: 0 };
  cursorVisible = true;
  #style = '';
  /** After a glyph whose width terminals do not agree on nobody knows where the cursor stands. */
  #isLost = false;
  readonly #columns: number;

  constructor({ rows, columns }: ScreenSize) {
    this.#columns = columns;
    this.rows = Array.from({ length: rows }, () => this.#blankRow('old'));
  }

  get text(): string[] {
    return this.rows.map((row) => row.map(({ glyph }) => glyph).join(''));
  }

  write(bytes: string): void {
    for (const [, csi, combined, other] of bytes.matchAll(TOKEN)) {
      if (csi !== undefined) this.#control(csi.slice(0, -1), csi.slice(-1));
      else this.#print((combined ?? other) as string);
    }
  }

  #control(parameters: string, final: string): void {
    if (final === 'H') {
      const [row = 1, column = 1] = parameters.split(';').map(Number);
      if (row < 1 || row > this.rows.length || column < 1 || column > this.#columns) throw new Error('moved out');
      this.cursor = { row: row - 1, column: column - 1 };
      this.#isLost = false;
    } else if (final === 'm') this.#style = parameters.replace(/^0;?/, '');
    else if (final === 'J' && parameters === '2') {
      for (let row = 0; row < this.rows.length; row++) this.rows[row] = this.#blankRow(' ');
    } else if (parameters === '?25') this.cursorVisible = final === 'h';
    else if (parameters !== '?2026') throw new Error(`unknown: CSI ${parameters}${final}`);
  }

  #print(glyph: string): void {
    if (this.#isLost) throw new Error(`printed ${glyph} nobody knows where`);
    if (glyph < ' ') throw new Error(`control ${JSON.stringify(glyph)}`);
    const cells = this.rows[this.cursor.row] as VtCell[];
    const { column } = this.cursor;
    const width = isWideGlyph(glyph) ? 2 : 1;
    if (column + width > this.#columns) throw new Error('printed over the edge');
    // Half of a wide glyph does not stay.
    if (cells[column]?.glyph === '') (cells[column - 1] as VtCell).glyph = ' ';
    if (cells[column + width]?.glyph === '') (cells[column + width] as VtCell).glyph = ' ';
    cells[column] = { glyph, style: this.#style };
    if (width === 2) cells[column + 1] = { glyph: '', style: this.#style };
    // Without automatic wrap the cursor stays in the last column.
    this.cursor = { row: this.cursor.row, column: Math.min(column + width, this.#columns - 1) };
    this.#isLost = !isSteady(glyph);
  }

  #blankRow(glyph: string): VtCell[] {
    return Array.from({ length: this.#columns }, () => ({ glyph, style: '' }));
  }
}
