/**
 * Card and social security numbers in text: where they are, and the text without them. What is shown of a card are its last
 * four digits (PCI DSS 4.0.1, 3.4.1 allows them); of a social security number nothing, since its last four are the part
 * that cannot be guessed.
 */

const HIDDEN = '*';
const KEPT_DIGITS = 4;
/** ISO/IEC 7812-1 and the numbers that networks issue. */
const MIN_DIGITS = 13;
const MAX_DIGITS = 19;

/** What everything that is found has: the expressions below look only at text with it. */
const POSSIBLE = /\d(?:[ -]?\d){12}|\d{3}-\d{2}-\d{4}/;
/** SSN as it is written: AAA-GG-SSSS, never 000, 666 or 9xx first (20 CFR 422.103; SSA POMS RM 10201.035). */
const SSN = /(?<![\dA-Za-z-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\dA-Za-z]|-\d)/g;
/** Groups of digits with single spaces or dashes between them. What begins behind a point is the fraction of a number. */
const DIGIT_GROUPS = /(?<!\d\.?)\d(?:[ -]?\d){12,}/g;
/** The networks that PCI DSS is about begin with 2 to 6; what begins with 1 is mostly a time in ms. */
const ISSUED = /^[2-6]/;
/** YYYYMMDDhhmmss, and parts of a second: no network has numbers that begin with 20 but for 2014, given up in 1992. */
const DATE_TIME = /^20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d[0-5]\d\d{0,3}$/;
/** Words of an identifier in hexadecimal digits. One letter makes none: tracks of cards have a B before the number. */
const HEXADECIMAL = /^(?:0x[\da-f]+|(?=\d*[a-f]\d*[a-f])[\da-f]+)$/i;

/** Characters of a word that are looked at on each side: the largest digest in use has so many. */
const MAX_WORD = 128;

/** Whether digits, and nothing else, are the number of a card: 13 to 19 of them that pass the check of Luhn. */
export function isCardNumber(digits: string): boolean {
  return (
    digits.length >= MIN_DIGITS &&
    digits.length <= MAX_DIGITS &&
    ISSUED.test(digits) &&
    passesLuhn(digits) &&
    !DATE_TIME.test(digits)
  );
}

/** The same text, of the same length, with `*` for the digits of such numbers that are hidden. Idempotent. */
export function maskNumbers(text: string): string {
  if (!POSSIBLE.test(text)) return text;
  const open = text.replace(SSN, (number) => number.replace(/\d/g, HIDDEN));
  return open.replace(DIGIT_GROUPS, (run: string, start: number) => maskRun(run, start, open));
}

/** Strings of JSON, and numbers. */
const JSON_TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
/** Within strings: what stands behind one begins anew. */
const JSON_ESCAPE = /(\\(?:u[\da-f]{4}|.))/i;

/**
 * As `maskNumbers`, for a line that may be an object of JSON: it stays one, numbers that are masked as strings. Bytes in
 * any encoding that keeps ASCII may come as Latin-1.
 */
export function maskLine(line: string): string {
  if (!POSSIBLE.test(line)) return line;
  if (line[0] !== '{' || !isJson(line)) return maskNumbers(line);
  return line.replace(JSON_TOKEN, (token) => {
    if (token[0] === '"') return token.split(JSON_ESCAPE).map(maskNumbers).join('');
    const masked = maskNumbers(token);
    return masked === token ? token : `"${masked}"`;
  });
}

/** An object of JSON without such numbers; the object itself where there are none. */
export function maskValue<T extends object>(value: T): T {
  const text = JSON.stringify(value);
  const masked = maskLine(text);
  return masked === text ? value : (JSON.parse(masked) as T);
}

interface Group {
  readonly digits: string;
  /** In the run. */
  readonly start: number;
  /** Of its digits: where a number may begin, at the first and behind what is hidden of another one. */
  readonly begins: Set<number>;
}

/**
 * A card begins and ends with a group, and groups of other numbers may stand next to it: all that may be one are hidden. So
 * is what begins with the digits that are left of another one.
 */
function maskRun(run: string, start: number, text: string): string {
  const shown = run.split('');
  const groups: readonly Group[] = [...run.matchAll(/\d+/g)].map((group) => {
    return { digits: group[0], start: group.index, begins: new Set([0]) };
  });
  groups.forEach((first, index) => {
    // What is found adds beginnings to this very set, and to those of the groups behind it.
    for (const begin of first.begins) {
      let digits = '';
      for (let last = index; last < groups.length; last++) {
        const group = groups[last] as Group;
        digits += last === index ? group.digits.slice(begin) : group.digits;
        if (digits.length > MAX_DIGITS) break;
        if (!isCardNumber(digits)) continue;
        if (begin === 0 && isIdentifier(first, start, text)) continue;
        if (!isIdentifier(group, start, text)) hide(groups.slice(index, last + 1), begin, shown);
      }
    }
  });
  return shown.join('');
}

/** Puts stars for all but the last four digits of the number that begins at a digit of the first group. */
function hide(groups: readonly Group[], begin: number, shown: string[]): void {
  let kept = KEPT_DIGITS;
  for (const [index, { digits, start, begins }] of [...groups.entries()].reverse()) {
    const from = index === 0 ? begin : 0;
    const to = Math.max(from, digits.length - kept);
    shown.fill(HIDDEN, start + from, start + to);
    if (kept > 0) begins.add(to);
    kept -= digits.length - to;
  }
}

/** Whether a group is part of a longer word of hexadecimal digits: a digest, an identifier of a trace. */
function isIdentifier({ digits, start: begin }: Group, start: number, text: string): boolean {
  const [from, to] = [start + begin, start + begin + digits.length];
  const before = /[\dA-Za-z]*$/.exec(text.slice(Math.max(0, from - MAX_WORD), from))?.[0] ?? '';
  const behind = /^[\dA-Za-z]*/.exec(text.slice(to, to + MAX_WORD))?.[0] ?? '';
  return before.length + behind.length > 0 && HEXADECIMAL.test(`${before}${digits}${behind}`);
}

/** ISO/IEC 7812-1, annex B. */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = digits.charCodeAt(digits.length - 1 - at) - 48;
    const weighed = at % 2 === 0 ? digit : digit * 2;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10 === 0;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
