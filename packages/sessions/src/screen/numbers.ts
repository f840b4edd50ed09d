import { isCardNumber, maskNumbers } from '@roundhouse/core';
import type { BufferAddress, Cell, Session } from '@roundhouse/tn3270';
import { cellTexts } from './text.ts';

/** Addresses whose characters are shown as `*`. */
export type HiddenAddresses = ReadonlySet<BufferAddress>;

export const NOTHING_HIDDEN: HiddenAddresses = new Set();

/** Stands for a field attribute: it ends a number as a letter would not. */
const ATTRIBUTE = '\u001d';
/** For characters that are no single UTF-16 unit. */
const OTHER = '\ufffd';

/** Between two fields that hold parts of one number: an attribute, and a blank or a dash in a field of its own. */
const BETWEEN = `${ATTRIBUTE}(?:[ -]${ATTRIBUTE}?)?`;
/** What numbers in several fields have in any case. */
const SIDE_BY_SIDE = new RegExp(`\\d${BETWEEN}\\d`);
/** A card as networks print it, in four fields (ISO/IEC 7812-1: up to 19 digits) or three (American Express, Diners Club). */
const CARD_IN_FIELDS = new RegExp(
  `(?<!\\d)(?=(\\d{4}(?:${BETWEEN}\\d{4}){2}${BETWEEN}\\d{1,7}(?!\\d)|\\d{4}${BETWEEN}\\d{6}${BETWEEN}\\d{4,5}(?!\\d)))`,
  'g',
);
/** Of the parts of a social security number; see the rules for one piece. */
const SSN_IN_FIELDS = new RegExp(
  `(?<!\\d)(?=((?!000|666|9)\\d{3}${BETWEEN}(?!00)\\d{2}${BETWEEN}(?!0000)\\d{4}(?!\\d)))`,
  'g',
);
const KEPT_DIGITS = 4;

/**
 * Digits of cards and social security numbers on a screen. A field is one piece, over the ends of rows and of the buffer;
 * since lists often are one field, each row of it is one too. Numbers whose groups have a field each are found where these
 * stand side by side.
 */
export function numbersOn({ screen, codePage }: Pick<Session, 'screen' | 'codePage'>): HiddenAddresses {
  const { cells, columns, size } = screen;
  const texts = cellTexts(screen, codePage);
  let buffer = '';
  for (let at = 0; at < size; at++) {
    const text = texts[at] as string;
    buffer += (cells[at] as Cell) < 0 ? ATTRIBUTE : text.length === 1 ? text : OTHER;
  }
  const hidden = new Set<BufferAddress>();
  const hideIn = (text: string, from: BufferAddress): void => {
    const masked = maskNumbers(text);
    if (masked === text) return;
    for (let at = 0; at < text.length; at++) if (masked[at] !== text[at]) hidden.add((from + at) % size);
  };
  const first = screen.fieldStarts[0] ?? 0;
  const linear = buffer.slice(first) + buffer.slice(0, first);
  hideIn(linear, first);
  for (let row = 0; row < size; row += columns) hideIn(buffer.slice(row, row + columns), row);
  if (!SIDE_BY_SIDE.test(linear)) return hidden;
  for (const [found, offset] of [...inFields(linear, CARD_IN_FIELDS), ...inFields(linear, SSN_IN_FIELDS)]) {
    const digits = [...found.matchAll(/\d/g)].map(({ index }) => (first + offset + index) % size);
    const number = found.replace(/\D/g, '');
    const isCard = number.length > SSN_DIGITS;
    if (isCard && !isCardNumber(number)) continue;
    for (const address of isCard ? digits.slice(0, -KEPT_DIGITS) : digits) hidden.add(address);
  }
  return hidden;
}

const SSN_DIGITS = 9;

function inFields(text: string, pattern: RegExp): Array<readonly [found: string, offset: number]> {
  return [...text.matchAll(pattern)].map((match) => [match[1] as string, match.index]);
}

/** Looks for them once for each version of a session's screen, however many read it. */
export class NumberMask {
  #version = -1;
  #hidden = NOTHING_HIDDEN;

  /** `version`: of the screen, as callers see it. */
  hidden(session: Session, version: number): HiddenAddresses {
    if (version !== this.#version) {
      this.#hidden = numbersOn(session);
      this.#version = version;
    }
    return this.#hidden;
  }
}
