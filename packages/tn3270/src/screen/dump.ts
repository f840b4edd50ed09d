import type { BufferAddress } from '../datastream/address.ts';
import { ATTRIBUTES, CHARSET } from '../datastream/attribute.ts';
import {
  backgroundOf,
  type Cell,
  CELL_CHARSET,
  CHAR_MASK,
  charsetOf,
  foregroundOf,
  hasInputControl,
  highlightOf,
} from './cell.ts';
import { charsetValue } from './read.ts';
import type { Screen } from './screen.ts';
import { isWide } from './width.ts';

const WRAPPED = 0x10;

interface DumpOptions {
  readonly mask?: (field: Cell) => boolean;
  readonly hides?: (address: BufferAddress) => boolean;
}

/**
 * The buffer in the notation of the reference's `ReadBuffer(Ebcdic)`: one string a row, one token a cell. `SF(c0=xx,…)`
 * is a field attribute, `SA(…)` stands before the cell it starts at, `GE(xx)` is a graphic escape, `xx` the EBCDIC code.
 * NVT characters have no code and show as 00. `..` stands for the codes of fields that `mask` names, and for those at
 * addresses that `hides` does.
 */
export function dumpScreen(screen: Screen, options: DumpOptions = {}): string[] {
  const { cells, rows, columns } = screen;
  const lines: string[] = [];
  let foreground = 0;
  let background = 0;
  let highlight = 0;
  let charset = 0;
  const first = screen.fieldAt(0);
  let masked = first >= 0 && options.mask?.(cells[first] as Cell) === true;
  for (let row = 0; row < rows; row++) {
    const tokens: string[] = [];
    for (let at = row * columns; at < (row + 1) * columns; at++) {
      const cell = cells[at] as Cell;
      if (cell < 0) {
        masked = options.mask?.(cell) === true;
        tokens.push(fieldToken(cell));
        continue;
      }
      const attributes: string[] = [];
      if (foregroundOf(cell) !== foreground)
        attributes.push(pair(ATTRIBUTES.Foreground.code, (foreground = foregroundOf(cell))));
      if (backgroundOf(cell) !== background)
        attributes.push(pair(ATTRIBUTES.Background.code, (background = backgroundOf(cell))));
      const codePoint = screen.unicodeAt(at);
      // The reference keeps the wrap of NVT text among the highlighting bits, and shows it by a change of them.
      const highlighting = highlightOf(cell) | (screen.isWrapped(at) ? WRAPPED : 0);
      if (highlighting !== highlight) {
        highlight = highlighting;
        attributes.push(pair(ATTRIBUTES.Highlighting.code, highlightOf(cell) | 0xf0));
      }
      if (codePoint === 0 && hasInputControl(cell)) attributes.push(pair(ATTRIBUTES.InputControl.code, 1));
      const set = codePoint === 0 ? charsetValue(charsetOf(cell)) : nvtCharset(screen, at, codePoint);
      if (set !== charset) attributes.push(pair(ATTRIBUTES.Charset.code, (charset = set)));
      if (attributes.length > 0) tokens.push(`SA(${attributes.join(',')})`);
      const isHidden = options.hides?.(at) === true || (masked && (cell & CHAR_MASK) !== 0);
      const code = isHidden ? '..' : hex(cell & CHAR_MASK);
      tokens.push(charsetOf(cell) === CELL_CHARSET.Escape ? `GE(${code})` : code);
    }
    lines.push(tokens.join(' '));
  }
  return lines;
}

const SPACE = 0x20;

/** Wide NVT characters count as double-byte, both halves. */
function nvtCharset(screen: Screen, address: number, codePoint: number): number {
  const isRightHalf = codePoint === SPACE && address > 0 && isWide(screen.unicodeAt(address - 1));
  return isRightHalf || isWide(codePoint) ? CHARSET.Dbcs : CHARSET.Base;
}

function fieldToken(cell: Cell): string {
  const pairs = [pair(ATTRIBUTES.Field.code, cell & CHAR_MASK)];
  if (foregroundOf(cell) !== 0) pairs.push(pair(ATTRIBUTES.Foreground.code, foregroundOf(cell)));
  if (backgroundOf(cell) !== 0) pairs.push(pair(ATTRIBUTES.Background.code, backgroundOf(cell)));
  if (highlightOf(cell) !== 0) pairs.push(pair(ATTRIBUTES.Highlighting.code, highlightOf(cell) | 0xf0));
  if (hasInputControl(cell)) pairs.push(pair(ATTRIBUTES.InputControl.code, 1));
  const charset = charsetValue(charsetOf(cell));
  if (charset !== 0) pairs.push(pair(ATTRIBUTES.Charset.code, charset));
  return `SF(${pairs.join(',')})`;
}

function pair(type: number, value: number): string {
  return `${hex(type)}=${hex(value)}`;
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}
