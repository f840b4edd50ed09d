import { AID, type AidByte, isShortRead } from '../datastream/aid.ts';
import { ATTRIBUTES, CHARSET, FIELD_ATTRIBUTE, isModified } from '../datastream/attribute.ts';
import { GRAPHIC_CODES, type BufferAddress } from '../datastream/address.ts';
import type { ByteBuffer } from '../datastream/byteBuffer.ts';
import { ORDERS } from '../datastream/order.ts';
import type { ReplyMode } from '../datastream/replyMode.ts';
import { backgroundOf, type Cell, CELL_CHARSET, CHAR_MASK, charsetOf, foregroundOf, highlightOf } from './cell.ts';
import { NO_FIELD, type Screen } from './screen.ts';

/** Heading of a Test Request (SysReq) read: SOH % / STX. GA23-0059-07 §3.5.6. */
const TEST_REQUEST = [0x01, 0x6c, 0x61, 0x02];

/**
 * Writes what Read Modified sends: AID, cursor address, and each modified field as SBA, address, data without NULs. A PA
 * key or Clear gives a short read (the AID alone), cursor select the addresses without data; with `all` (Read Modified
 * All) they do not. An unformatted screen is sent whole, without NULs. (GA23-0059-07 §3.5.4)
 */
export function readModified(out: ByteBuffer, screen: Screen, aid: AidByte, mode: ReplyMode, all: boolean): void {
  if (aid === AID.SysReq) out.putAll(TEST_REQUEST);
  else {
    out.put(aid);
    if (isShortRead(aid) && !all) return;
    out.putAddress(screen.cursor, screen.size);
  }
  const withData = all || !(isShortRead(aid) || aid === AID.Select);
  const attributes = new AttributeTracker(out, mode);
  const { cells, size } = screen;
  if (!screen.formatted) {
    for (let at = 0; at < size; at++) {
      const cell = cells[at] as Cell;
      if ((cell & CHAR_MASK) === 0) continue;
      attributes.follow(cell, 0);
      if (charsetOf(cell) === CELL_CHARSET.Escape) out.put(ORDERS.GE.code);
      out.put(cell & CHAR_MASK);
    }
    return;
  }
  for (const field of screen.fieldStarts) {
    const governing = cells[field] as Cell;
    if (!isModified(governing)) continue;
    let at = screen.next(field);
    out.put(ORDERS.SBA.code);
    out.putAddress(at, size);
    if (!withData) continue;
    for (; (cells[at] as Cell) >= 0; at = screen.next(at)) {
      const cell = cells[at] as Cell;
      if ((cell & CHAR_MASK) === 0) continue;
      attributes.follow(cell, governing);
      if (needsEscape(cell, governing)) out.put(ORDERS.GE.code);
      out.put(cell & CHAR_MASK);
    }
  }
}

/**
 * Writes what Read Buffer sends: AID, cursor address, and every position; field attributes as SF or, in the extended
 * modes, SFE. (GA23-0059-07 §3.5.3)
 */
export function readBuffer(out: ByteBuffer, screen: Screen, aid: AidByte, mode: ReplyMode): void {
  const { cells, size } = screen;
  out.put(aid);
  out.putAddress(screen.cursor, size);
  const attributes = new AttributeTracker(out, mode);
  const first = screen.fieldAt(0);
  let governing = first === NO_FIELD ? 0 : (cells[first] as Cell);
  for (let at = 0; at < size; at++) {
    const cell = cells[at] as Cell;
    if (cell < 0) {
      governing = cell;
      if (mode.kind === 'field') {
        out.put(ORDERS.SF.code);
        out.put(graphicAttribute(cell));
      } else putExtendedField(out, cell);
      continue;
    }
    attributes.follow(cell, 0);
    if (needsEscape(cell, governing)) out.put(ORDERS.GE.code);
    out.put(cell & CHAR_MASK);
  }
}

/**
 * Writes an SSCP-LU line: what stands between `start` and the end of the buffer, without NULs, at most 255 characters.
 * There is no AID and no address. (RFC 2355 §3.3; SNA LU 2 on the SSCP session)
 */
export function readSscp(out: ByteBuffer, screen: Screen, start: BufferAddress): void {
  const { cells, size } = screen;
  let count = 0;
  for (let at = start; at < size && count < MAX_SSCP_CHARACTERS; at++) {
    const cell = cells[at] as Cell;
    if ((cell & CHAR_MASK) === 0) continue;
    if (charsetOf(cell) === CELL_CHARSET.Escape) out.put(ORDERS.GE.code);
    out.put(cell & CHAR_MASK);
    count++;
  }
}

const MAX_SSCP_CHARACTERS = 255;

/** Sends SA orders in character reply mode, when an attribute that the host asked for changes from cell to cell. */
class AttributeTracker {
  readonly #out: ByteBuffer;
  readonly #types: ReadonlySet<number> | undefined;
  #foreground = 0;
  #background = 0;
  #highlight = 0;
  #charset = 0;

  constructor(out: ByteBuffer, mode: ReplyMode) {
    this.#out = out;
    this.#types = mode.kind === 'character' ? mode.attributes : undefined;
  }

  /** A cell without an attribute of its own has that of `governing`, the field (0 for none). */
  follow(cell: Cell, governing: Cell): void {
    const types = this.#types;
    if (types === undefined) return;
    if (types.has(ATTRIBUTES.Foreground.code)) {
      const value = foregroundOf(cell) || foregroundOf(governing);
      if (value !== this.#foreground) this.#set(ATTRIBUTES.Foreground.code, (this.#foreground = value));
    }
    if (types.has(ATTRIBUTES.Background.code)) {
      const value = backgroundOf(cell) || backgroundOf(governing);
      if (value !== this.#background) this.#set(ATTRIBUTES.Background.code, (this.#background = value));
    }
    if (types.has(ATTRIBUTES.Highlighting.code)) {
      const value = highlightValue(highlightOf(cell) || highlightOf(governing));
      if (value !== this.#highlight) this.#set(ATTRIBUTES.Highlighting.code, (this.#highlight = value));
    }
    if (types.has(ATTRIBUTES.Charset.code)) {
      const value = charsetValue(charsetOf(cell) || charsetOf(governing));
      if (value !== this.#charset) this.#set(ATTRIBUTES.Charset.code, (this.#charset = value));
    }
  }

  #set(type: number, value: number): void {
    this.#out.put(ORDERS.SA.code);
    this.#out.put(type);
    this.#out.put(value);
  }
}

function putExtendedField(out: ByteBuffer, cell: Cell): void {
  out.put(ORDERS.SFE.code);
  const count = out.length;
  let pairs = 1;
  out.put(pairs);
  out.put(ATTRIBUTES.Field.code);
  out.put(graphicAttribute(cell));
  const pair = (type: number, value: number): void => {
    if (value === 0) return;
    out.put(type);
    out.put(value);
    pairs++;
  };
  pair(ATTRIBUTES.Foreground.code, foregroundOf(cell));
  pair(ATTRIBUTES.Background.code, backgroundOf(cell));
  pair(ATTRIBUTES.Highlighting.code, highlightValue(highlightOf(cell)));
  pair(ATTRIBUTES.Charset.code, charsetValue(charsetOf(cell)));
  out.patch(count, pairs);
}

function graphicAttribute(cell: Cell): number {
  return GRAPHIC_CODES[cell & CHAR_MASK & ~FIELD_ATTRIBUTE.Printable] as number;
}

/** A character of code page 310: sent with GE, whether GE, SA or the field made it so. */
function needsEscape(cell: Cell, governing: Cell): boolean {
  const charset = charsetOf(cell);
  if (charset === CELL_CHARSET.Escape || charset === CELL_CHARSET.Apl) return true;
  return charset === CELL_CHARSET.Base && charsetOf(governing) === CELL_CHARSET.Apl;
}

/** The wire value of a cell's highlighting bits: F0 with the bits, 00 for none. */
function highlightValue(bits: number): number {
  return bits === 0 ? 0 : 0xf0 | bits;
}

/** The wire value of a cell's charset; GE is not one of them. */
export function charsetValue(charset: number): number {
  if (charset === CELL_CHARSET.Apl) return CHARSET.Apl;
  return charset === CELL_CHARSET.Dbcs ? CHARSET.Dbcs : CHARSET.Base;
}
