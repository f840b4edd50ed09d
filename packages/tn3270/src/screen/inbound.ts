import { type BufferAddress, decodeAddress } from '../datastream/address.ts';
import { AID } from '../datastream/aid.ts';
import { FIELD_ATTRIBUTE } from '../datastream/attribute.ts';
import { ORDERS } from '../datastream/order.ts';
import { ATTRIBUTES_MASK, type Cell, CELL_CHARSET, CHAR_MASK, CHARSET_MASK, CHARSET_SHIFT } from './cell.ts';
import { NO_FIELD, type Screen } from './screen.ts';

const CHARSET_BITS = CHARSET_MASK << CHARSET_SHIFT;
const ESCAPE = CELL_CHARSET.Escape << CHARSET_SHIFT;
/** AID and cursor address. */
const HEADING_BYTES = 3;

/**
 * Makes a screen what it was at another terminal with the same contents when that sent `record`, the answer to Read
 * Modified of an attention key: the cursor, the fields it names with their modified data tags, and on an unformatted
 * screen what was typed. Nulls between characters are not in the record, so that they are lost; colours stay as they
 * are. Total: what names no place on the screen is passed over.
 */
export function applyInbound(screen: Screen, record: Uint8Array): void {
  if (record.length < HEADING_BYTES) return;
  const cursor = decodeAddress(record[1] as number, record[2] as number);
  if (screen.formatted) applyFields(screen, record);
  else applyUnformatted(screen, record, cursor);
  screen.changed(false);
  if (cursor < screen.size) screen.moveCursor(cursor);
}

function applyFields(screen: Screen, record: Uint8Array): void {
  const { cells } = screen;
  for (const field of screen.fieldStarts) cells[field] = (cells[field] as Cell) & ~FIELD_ATTRIBUTE.Modified;
  // Cursor select sends the addresses of fields and not their data.
  const withData = record[0] !== AID.Select;
  for (let at = HEADING_BYTES; at < record.length; ) {
    if (record[at] !== ORDERS.SBA.code || at + 2 >= record.length) return;
    const address = decodeAddress(record[at + 1] as number, record[at + 2] as number);
    const { codes, end } = charactersFrom(record, at + 3);
    at = end;
    if (address >= screen.size) continue;
    const field = screen.fieldAt(address);
    if (field === NO_FIELD || field === address) continue;
    cells[field] = (cells[field] as Cell) | FIELD_ATTRIBUTE.Modified;
    if (!withData) continue;
    let to = address;
    for (const code of codes) {
      if ((cells[to] as Cell) < 0) break;
      put(screen, to, code);
      to = screen.next(to);
    }
    for (; (cells[to] as Cell) >= 0; to = screen.next(to)) put(screen, to, 0);
  }
}

/**
 * The record has every character of the screen and no place. What differs from the characters that stood there was typed;
 * it replaced as many others, or ends at the cursor.
 */
function applyUnformatted(screen: Screen, record: Uint8Array, cursor: BufferAddress): void {
  const { cells, size } = screen;
  const { codes } = charactersFrom(record, HEADING_BYTES);
  const places: BufferAddress[] = [];
  for (let at = 0; at < size; at++) if (((cells[at] as Cell) & CHAR_MASK) !== 0) places.push(at);
  const stands = (index: number): number => codeOf(cells[places[index] as number] as Cell);
  const shorter = Math.min(codes.length, places.length);
  let head = 0;
  while (head < shorter && codes[head] === stands(head)) head++;
  let tail = 0;
  while (tail < shorter - head && codes[codes.length - 1 - tail] === stands(places.length - 1 - tail)) tail++;
  const typed = codes.slice(head, codes.length - tail);
  const replaced = places.slice(head, places.length - tail);
  for (const address of replaced) put(screen, address, 0);
  const first = cursor - typed.length + size;
  typed.forEach((code, index) => {
    const inPlace = typed.length === replaced.length ? replaced[index] : undefined;
    put(screen, inPlace ?? (first + index) % size, code);
  });
}

/** Character codes up to the next SBA, graphic escapes with their charset; SA is passed over. */
function charactersFrom(record: Uint8Array, start: number): { codes: number[]; end: number } {
  const codes: number[] = [];
  let at = start;
  for (; at < record.length && record[at] !== ORDERS.SBA.code; at++) {
    const code = record[at] as number;
    if (code === ORDERS.SA.code) at += 2;
    else if (code === ORDERS.GE.code) codes.push((record[++at] ?? 0) | ESCAPE);
    else codes.push(code);
  }
  return { codes, end: at };
}

function codeOf(cell: Cell): number {
  return cell & (CHAR_MASK | CHARSET_BITS);
}

function put(screen: Screen, address: BufferAddress, code: number): void {
  const { cells } = screen;
  cells[address] = ((cells[address] as Cell) & ATTRIBUTES_MASK & ~CHARSET_BITS) | code;
}
