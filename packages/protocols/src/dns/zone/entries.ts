import type { DataWord } from '../message/dataText.ts';

export interface Word extends DataWord {
  readonly line: number;
  readonly column: number;
}

/** A line of a zone file, or the lines that parentheses make one. */
export interface Entry {
  readonly line: number;
  /** Whether it begins with a blank: the owner is that of the entry before. */
  readonly isContinued: boolean;
  readonly words: readonly Word[];
}

/** What is wrong with the characters themselves. */
export interface EntryFault {
  readonly line: number;
  readonly column: number;
  readonly reason: string;
}

/** A longer entry is no entry but a parenthesis that was not closed. */
const MAX_WORDS = 10_000;

/** Splits the text of a zone file into entries (RFC 1035 §5.1). After a fault it goes on with the next line. */
export class EntryReader {
  readonly #text: string;
  readonly #onFault: (fault: EntryFault) => void;
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string, onFault: (fault: EntryFault) => void) {
    this.#text = text;
    this.#onFault = onFault;
  }

  /** The next entry with words; undefined at the end. */
  next(): Entry | undefined {
    while (this.#at < this.#text.length) {
      const entry = this.#entry();
      if (entry !== undefined && entry.words.length > 0) return entry;
    }
    return undefined;
  }

  #entry(): Entry | undefined {
    const text = this.#text;
    const line = this.#line;
    const first = text[this.#at];
    const isContinued = first === ' ' || first === '\t';
    const words: Word[] = [];
    let open: { line: number; column: number } | undefined;
    for (;;) {
      const character = text[this.#at];
      if (character === undefined) break;
      if (character === '\n') {
        this.#endLine();
        if (open === undefined) break;
      } else if (character === ' ' || character === '\t' || character === '\r') this.#at += 1;
      else if (character === ';') this.#skipComment();
      else if (character === '(') {
        if (open !== undefined) return this.#fault('a parenthesis stands within another');
        open = this.#place();
        this.#at += 1;
      } else if (character === ')') {
        if (open === undefined) return this.#fault('a parenthesis is closed that was not opened');
        open = undefined;
        this.#at += 1;
      } else {
        if (words.length >= MAX_WORDS) return this.#fault(`an entry has more than ${MAX_WORDS} words`);
        const word = character === '"' ? this.#quoted() : this.#plain();
        if (word === undefined) return undefined;
        words.push(word);
      }
    }
    if (open !== undefined) {
      this.#onFault({ ...open, reason: 'a parenthesis is not closed' });
      return undefined;
    }
    return { line, isContinued, words };
  }

  #plain(): Word {
    const text = this.#text;
    const place = this.#place();
    const from = this.#at;
    for (;;) {
      const character = text[this.#at];
      if (character === undefined || ' \t\r\n;()"'.includes(character)) break;
      // What is escaped does not end the word, unless the line ends.
      this.#at += character === '\\' && this.#at + 1 < text.length && text[this.#at + 1] !== '\n' ? 2 : 1;
    }
    return { text: text.slice(from, this.#at), isQuoted: false, ...place };
  }

  #quoted(): Word | undefined {
    const text = this.#text;
    const place = this.#place();
    this.#at += 1;
    const from = this.#at;
    for (;;) {
      const character = text[this.#at];
      if (character === undefined || character === '\n') return this.#fault('a quotation mark is not closed', place);
      if (character === '"') break;
      this.#at += character === '\\' && this.#at + 1 < text.length && text[this.#at + 1] !== '\n' ? 2 : 1;
    }
    const word = { text: text.slice(from, this.#at), isQuoted: true, ...place };
    this.#at += 1;
    return word;
  }

  #skipComment(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end === -1 ? this.#text.length : end;
  }

  #endLine(): void {
    this.#at += 1;
    this.#line += 1;
    this.#lineStart = this.#at;
  }

  #place(): { line: number; column: number } {
    return { line: this.#line, column: this.#at - this.#lineStart + 1 };
  }

  /** Tells of it, and goes to the next line. */
  #fault(reason: string, place = this.#place()): undefined {
    this.#onFault({ ...place, reason });
    this.#skipComment();
    if (this.#at < this.#text.length) this.#endLine();
    return undefined;
  }
}
