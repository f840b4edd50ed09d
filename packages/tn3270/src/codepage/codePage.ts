/** A single-byte EBCDIC code page. Tables are generated; see `tables.ts`. */
export interface CodePage {
  /** Canonical name, e.g. `037`. */
  readonly id: string;
  /** Other names accepted, e.g. `cp037`, `us`. Compared without case. */
  readonly aliases: readonly string[];
  /** Graphic character set id (high 16 bits) and code page id (low 16 bits), as the Character Sets reply carries them. */
  readonly cgcsgid: number;
  /** IBM keyboard type that goes with the page, as KBDTYPE tells it to the host (RFC 4777 §5), e.g. `USB`. */
  readonly keyboardType: string;
  /** Unicode code point of an EBCDIC byte (00 … FF); 0 where the page has no graphic. */
  toUnicode(code: number): number;
  /** EBCDIC byte of a Unicode code point, or −1 where the page has none. */
  fromUnicode(codePoint: number): number;
}

/** The APL and line-drawing set that GE and charset F1 bring: code page 310. */
export interface AplPage {
  toUnicode(code: number): number;
  /** Byte in code page 310, or −1. */
  fromUnicode(codePoint: number): number;
}
