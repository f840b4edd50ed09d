/** What an escape stands for, and how many characters it takes; undefined: the backslash is itself. */
type Escape = (text: string, at: number, quote: string | undefined) => { text: string; length: number } | undefined;

/**
 * Splits a command line at white space; quotes of either kind hold words together and go away. Undefined when a quote is
 * not closed.
 */
function split(text: string, escape: Escape): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string;
    const escaped = char === '\\' ? escape(text, at, quote) : undefined;
    if (escaped !== undefined) {
      word = (word ?? '') + escaped.text;
      at += escaped.length - 1;
    } else if (quote !== undefined) {
      if (char === quote) quote = undefined;
      else word += char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + char;
  }
  if (word !== undefined) words.push(word);
  return quote === undefined ? words : undefined;
}

/** As a POSIX shell reads words, without its other signs: POSIX.1-2017, Shell Command Language, 2.2. */
export function shellWords(text: string): string[] | undefined {
  return split(text, (all, at, quote) => {
    const next = all[at + 1];
    if (next === undefined || quote === "'") return undefined;
    if (quote === '"' && !'"\\$`'.includes(next)) return undefined;
    return { text: next, length: 2 };
  });
}

const CONTROLS: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  s: ' ',
};

/** A number in hexadecimal or octal, or a single sign. */
const UNIT_ESCAPE = /^\\(?:x([\dA-Fa-f]{2})|u([\dA-Fa-f]{4})|U([\dA-Fa-f]{8})|([0-7]{3})|([abfnrtvs\\"']))/;

/**
 * As systemd reads words: systemd.syntax(7), "Quoting". Escapes count within both kinds of quotes; unknown ones are what
 * they look like.
 */
export function unitWords(text: string): string[] | undefined {
  return split(text, (all, at) => {
    const match = UNIT_ESCAPE.exec(all.slice(at, at + 10));
    if (match === null) return undefined;
    const [whole, byte, short, long, octal, sign = ''] = match;
    const hex = byte ?? short ?? long;
    const code = hex !== undefined ? Number.parseInt(hex, 16) : Number.parseInt(octal ?? '', 8);
    if (code > 0x10ffff) return undefined;
    const character = Number.isNaN(code) ? (CONTROLS[sign] ?? sign) : String.fromCodePoint(code);
    return { text: character, length: whole.length };
  });
}
