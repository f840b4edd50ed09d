import { invalid } from './uidSet.ts';

/** Bytes that go as they are, announced by their number. */
export interface LiteralPart {
  readonly bytes: number;
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** What a command is made of: text that holds no line end, and literals. */
export type CommandPart = string | LiteralPart;

const MAX_QUOTED_LENGTH = 1_000;

/** A string of the user: quoted where that is possible, else a literal. RFC 9051 §4.3 */
export function stringPart(text: string): CommandPart {
  if (text.length <= MAX_QUOTED_LENGTH && /^[ -~]*$/.test(text)) return `"${text.replace(/["\\]/g, '\\$&')}"`;
  if (text.includes('\0')) throw invalid('a string holds a NUL, which IMAP cannot carry (RFC 9051 §4.3)');
  const bytes = Buffer.from(text);
  return { bytes: bytes.byteLength, chunks: [bytes] };
}

/** A flag of the system (`\Seen`) or a keyword (`$Junk`). RFC 9051 §2.3.2 */
export function checkFlag(flag: string): string {
  if (/^\\?[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]{1,200}$/.test(flag)) return flag;
  throw invalid(`${JSON.stringify(flag.slice(0, 80))} is no flag: \\Seen, or a word of ASCII`);
}

/** A word that stands in a command by itself, such as a keyword. */
export function checkKeyword(keyword: string): string {
  if (!keyword.startsWith('\\')) return checkFlag(keyword);
  throw invalid(`${JSON.stringify(keyword.slice(0, 80))} is no keyword: a backslash begins a flag of the system`);
}

/** The parts, with a space between each two. */
export function spaced(...parts: readonly CommandPart[]): CommandPart[] {
  return parts.flatMap((part, at) => (at === 0 ? [part] : [' ', part]));
}
