import type { AplPage, CodePage } from '../codepage/codePage.ts';
import { type BufferAddress, encodeAddress, GRAPHIC_CODES } from '../datastream/address.ts';
import { ATTRIBUTES } from '../datastream/attribute.ts';
import { type Command, COMMANDS } from '../datastream/command.ts';
import { isGraphic } from '../datastream/decode.ts';
import { ORDERS } from '../datastream/order.ts';

/** An attribute type and its value, as SFE, SA and MF carry them. */
export type AttributePair = readonly [type: number, value: number];

/** How text becomes EBCDIC. */
export interface TextEncoding {
  readonly codePage: CodePage;
  /** Brought by GE where the code page has no such character; undefined when the terminal has no graphic escape. */
  readonly apl: AplPage | undefined;
}

/** Stands for a character that neither the code page nor the APL page has: the question mark, 6F in every page. */
const SUBSTITUTE = 0x6f;

/**
 * Writes an outbound 3270 data stream: one command, its WCC, then orders and text. Addresses take the form that a
 * buffer of `cells` cells asks for. Framing (TN3270E header, IAC doubling, EOR) is not its business.
 */
export class OutboundStream {
  readonly #cells: number;
  #bytes = new Uint8Array(512);
  #length = 0;

  constructor(cells: number) {
    this.#cells = cells;
  }

  /** The stream so far, borrowed until the next call. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** SNA command codes, which every terminal takes on any session. */
  command(command: Command): this {
    return this.byte(COMMANDS[command].snaCode);
  }

  /** `bits` of the WCC table; the byte goes out in its graphic form, which always carries the reset bit (X'40'). */
  wcc(bits: number): this {
    return this.byte(GRAPHIC_CODES[bits & 0x3f] as number);
  }

  /** Set Buffer Address. */
  sba(address: BufferAddress): this {
    return this.byte(ORDERS.SBA.code).#address(address);
  }

  /** Start Field with the bits of the field attribute. */
  sf(attribute: number): this {
    return this.byte(ORDERS.SF.code).byte(GRAPHIC_CODES[attribute & 0x3f] as number);
  }

  /** Start Field Extended: the field attribute and at most 254 further pairs. */
  sfe(attribute: number, pairs: readonly AttributePair[]): this {
    return this.byte(ORDERS.SFE.code).#pairs([
      [ATTRIBUTES.Field.code, GRAPHIC_CODES[attribute & 0x3f] as number],
      ...pairs,
    ]);
  }

  /** Modify Field: changes only what the pairs name. */
  mf(pairs: readonly AttributePair[]): this {
    return this.byte(ORDERS.MF.code).#pairs(pairs);
  }

  /** Set Attribute: holds for the text that follows. */
  sa(type: number, value: number): this {
    return this.byte(ORDERS.SA.code).byte(type).byte(value);
  }

  /** Insert Cursor at the current address. */
  ic(): this {
    return this.byte(ORDERS.IC.code);
  }

  /** Repeat one EBCDIC code up to, not including, `stop`. */
  ra(stop: BufferAddress, code: number): this {
    return this.byte(ORDERS.RA.code).#address(stop).byte(code);
  }

  /** Erase Unprotected to, not including, `stop`. */
  eua(stop: BufferAddress): this {
    return this.byte(ORDERS.EUA.code).#address(stop);
  }

  /** Graphic Escape: one character of code page 310. */
  ge(code: number): this {
    return this.byte(ORDERS.GE.code).byte(code);
  }

  /** One cell a code point; what the terminal cannot show becomes a question mark. */
  text(text: string, encoding: TextEncoding): this {
    for (const character of text) {
      const codePoint = character.codePointAt(0) as number;
      const code = encoding.codePage.fromUnicode(codePoint);
      if (isGraphic(code)) {
        this.byte(code);
        continue;
      }
      const escaped = encoding.apl?.fromUnicode(codePoint) ?? -1;
      if (isGraphic(escaped)) this.ge(escaped);
      else this.byte(SUBSTITUTE);
    }
    return this;
  }

  /** One byte as it is. */
  byte(value: number): this {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(this.#length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = value;
    return this;
  }

  #address(address: BufferAddress): this {
    this.byte(0).byte(0);
    encodeAddress(this.#bytes, this.#length - 2, address, this.#cells);
    return this;
  }

  #pairs(pairs: readonly AttributePair[]): this {
    this.byte(pairs.length);
    for (const [type, value] of pairs) this.byte(type).byte(value);
    return this;
  }
}

/** Number of cells that a text takes: one a code point. */
export function cellsOf(text: string): number {
  let cells = 0;
  for (const _ of text) cells++;
  return cells;
}
