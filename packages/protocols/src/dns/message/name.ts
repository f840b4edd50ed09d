import { dnsError } from '../errors.ts';

/**
 * A domain name as it stands in a message without compression (RFC 1035 §3.1), one character a byte: each label behind
 * its length, the empty label of the root last. Where names are compared they are in lower case: see `canonicalName`.
 */
export type WireName = string & { readonly wireName: true };

/** RFC 1035 §2.3.4. */
const MAX_LABEL_BYTES = 63;
export const MAX_NAME_BYTES = 255;

export const ROOT = '\0' as WireName;

const BACKSLASH = 0x5c;
const DOT = 0x2e;

/**
 * Reads a name as people write it: labels with dots between them, `\.` for a dot and `\DDD` for any byte of a label
 * (RFC 1035 §5.1). A name without a dot at its end is relative to `origin`, by default to the root. Letters beyond ASCII
 * are refused: whoever has them converts to A-labels first. Raises DNS_NAME_INVALID.
 */
export function parseName(text: string, origin: WireName = ROOT): WireName {
  if (text === '.') return ROOT;
  let wire = '';
  let label = '';
  let endsWithDot = false;
  if (text === '') throw invalid(text, 'it is empty');
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    endsWithDot = code === DOT;
    if (endsWithDot) {
      wire += labelOf(label, text);
      label = '';
    } else if (code === BACKSLASH) {
      const [byte, length] = escapeAt(text, at);
      label += byte;
      at += length - 1;
    } else if (code > 0x7e || code <= 0x20) {
      throw invalid(text, 'a byte that is no visible ASCII is written \\DDD');
    } else label += text[at];
  }
  wire += endsWithDot ? ROOT : labelOf(label, text) + origin;
  if (wire.length > MAX_NAME_BYTES) throw invalid(text, `it has ${wire.length} bytes, more than ${MAX_NAME_BYTES}`);
  return wire as WireName;
}

/** As it is written in a zone file, with the dot of the root at its end. */
export function formatName(name: WireName): string {
  if (name === ROOT) return '.';
  let text = '';
  for (let at = 0; at < name.length - 1; ) {
    const end = at + 1 + name.charCodeAt(at);
    text += `${escapeLabel(name.slice(at + 1, end))}.`;
    at = end;
  }
  return text;
}

/** With its ASCII letters in lower case: equal for names that are equal (RFC 4343). Lengths are no letters. */
export function canonicalName(name: WireName): WireName {
  return (/[A-Z]/.test(name) ? name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : name) as WireName;
}

/** The name without its first label; the root has none. */
export function parentOf(name: WireName): WireName {
  return name.slice(1 + name.charCodeAt(0)) as WireName;
}

/** Labels without the root's. */
export function labelCount(name: WireName): number {
  let count = 0;
  for (let at = 0; name.charCodeAt(at) !== 0; at += 1 + name.charCodeAt(at)) count += 1;
  return count;
}

/** Whether it is `ancestor` or below it. Both canonical. */
export function isWithin(name: WireName, ancestor: WireName): boolean {
  if (!name.endsWith(ancestor)) return false;
  // A label may end in bytes that look like another name.
  const boundary = name.length - ancestor.length;
  let at = 0;
  while (at < boundary) at += 1 + name.charCodeAt(at);
  return at === boundary;
}

/** The wildcard directly below a name; undefined where it would be too long. RFC 4592 §2.1.1. */
export function wildcardOf(name: WireName): WireName | undefined {
  return name.length + 2 > MAX_NAME_BYTES ? undefined : (`\x01*${name}` as WireName);
}

function labelOf(label: string, text: string): string {
  if (label === '') throw invalid(text, 'a label is empty');
  if (label.length > MAX_LABEL_BYTES) {
    throw invalid(text, `a label has ${label.length} bytes, more than ${MAX_LABEL_BYTES}`);
  }
  return String.fromCharCode(label.length) + label;
}

/** The byte that an escape at `at` stands for, and the length of the escape. */
function escapeAt(text: string, at: number): readonly [string, number] {
  const digits = /^\\(\d{3})/.exec(text.slice(at, at + 4))?.[1];
  if (digits !== undefined) {
    if (Number(digits) > 255) throw invalid(text, `\\${digits} is no byte`);
    return [String.fromCharCode(Number(digits)), 4];
  }
  const next = text[at + 1];
  if (next === undefined || /[\d\s]/.test(next) || next > '~') {
    throw invalid(text, 'behind a backslash stands a character or three digits');
  }
  return [next, 2];
}

function escapeLabel(label: string): string {
  return label.replace(/[^\w*/+=:<>?!#%&'[\]^`{|}~,-]/g, (character) => {
    const code = character.charCodeAt(0);
    return code > 0x20 && code < 0x7f ? `\\${character}` : `\\${String(code).padStart(3, '0')}`;
  });
}

function invalid(name: string, reason: string): Error {
  return dnsError('DNS_NAME_INVALID', { details: { name: name.slice(0, MAX_NAME_BYTES), reason } });
}
