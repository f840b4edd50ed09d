import { dnsError } from '../errors.ts';
import { formatIp, ipBytes } from './ipAddress.ts';
import { formatName, parseName, type WireName } from './name.ts';
import { WireReader } from './reader.ts';
import { type FieldKind, fieldsOf, typeName } from './types.ts';
import type { MessageWriter } from './writer.ts';

/** A word of a record's data as it was written. */
export interface DataWord {
  /** With its escapes, without the quotation marks. */
  readonly text: string;
  readonly isQuoted: boolean;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };
/** RFC 2181 §8. */
export const MAX_TTL = 0x7fff_ffff;

/** A time in seconds, as a number or with units (`1h30m`); undefined for what is none or too long. */
export function parseSeconds(text: string): number | undefined {
  let seconds = 0;
  if (/^\d+$/.test(text)) seconds = Number(text);
  else if (/^(\d+[smhdw])+$/i.test(text)) {
    for (const [, count, unit] of text.matchAll(/(\d+)([smhdw])/gi)) {
      seconds += Number(count) * (UNIT_SECONDS[(unit as string).toLowerCase()] as number);
    }
  } else return undefined;
  return seconds <= MAX_TTL ? seconds : undefined;
}

/** The word that is being read, to say where a fault is. */
export interface WordPosition {
  word: number;
}

/**
 * Writes the data that the words of a zone file stand for, without compression and without its length (RFC 1035 §5.1,
 * RFC 3597 §5 for any type). Raises DNS_DATA_INVALID or DNS_NAME_INVALID.
 */
export function writeTextData(
  code: number,
  words: readonly DataWord[],
  origin: WireName,
  writer: MessageWriter,
  position: WordPosition = { word: 0 },
): void {
  const type = typeName(code);
  const invalid = (reason: string): Error => dnsError('DNS_DATA_INVALID', { details: { type, reason } });
  const fields = fieldsOf(code);
  if (words[0]?.text === '\\#' && !words[0].isQuoted) return writeGeneric(code, words, writer, invalid);
  if (fields === undefined) throw invalid('its data is only taken in the form of RFC 3597');
  position.word = 0;
  for (const [name, kind] of fields) {
    const rest = words.slice(position.word);
    if (rest.length === 0) throw invalid(`${name} is missing`);
    position.word += writeWord(kind, name, rest, { origin, writer, invalid });
  }
  const more = words[position.word];
  if (more !== undefined) throw invalid(`there is more behind its fields: ${more.text}`);
}

interface WordPlace {
  readonly origin: WireName;
  readonly writer: MessageWriter;
  readonly invalid: (reason: string) => Error;
}

/** Writes one field; gives how many words it took. */
function writeWord(kind: FieldKind, name: string, words: readonly DataWord[], place: WordPlace): number {
  const { origin, writer, invalid } = place;
  const { text } = words[0] as DataWord;
  switch (kind) {
    case 'u8':
      writer.u8(number(text, name, 0xff, invalid));
      return 1;
    case 'u16':
      writer.u16(number(text, name, 0xffff, invalid));
      return 1;
    case 'u32':
      writer.u32(number(text, name, 0xffff_ffff, invalid));
      return 1;
    case 'seconds': {
      const seconds = parseSeconds(text);
      if (seconds === undefined) throw invalid(`${name} is a time from 0 to ${MAX_TTL} seconds, not ${text}`);
      writer.u32(seconds);
      return 1;
    }
    case 'ipv4':
    case 'ipv6': {
      const bytes = ipBytes(text);
      if (bytes?.length !== (kind === 'ipv4' ? 4 : 16)) throw invalid(`${name} is not an address of ${kind}: ${text}`);
      writer.raw(bytes);
      return 1;
    }
    case 'name':
    case 'compressible':
      writer.name(text === '@' ? origin : parseName(text, origin));
      return 1;
    case 'tag':
      if (!/^[0-9a-z]{1,255}$/i.test(text)) throw invalid(`${name} consists of letters and digits, not ${text}`);
      writeString(Buffer.from(text, 'latin1'), writer, invalid);
      return 1;
    case 'string':
      writeString(unescape(text, invalid), writer, invalid);
      return 1;
    case 'strings':
      for (const each of words) writeString(unescape(each.text, invalid), writer, invalid);
      return words.length;
    case 'remainder':
      writer.raw(unescape(text, invalid));
      return 1;
    case 'hex':
      writer.raw(hexBytes(words.map((word) => word.text).join(''), invalid));
      return words.length;
    case 'base64': {
      const joined = words.map((word) => word.text).join('');
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(joined)) throw invalid(`${name} is not base64`);
      writer.raw(Buffer.from(joined, 'base64'));
      return words.length;
    }
  }
}

/** The data as it is written in a zone file; names are absolute. */
export function formatData(code: number, bytes: Uint8Array): string {
  const fields = fieldsOf(code);
  const generic = (): string =>
    `\\# ${bytes.byteLength}${bytes.byteLength > 0 ? ` ${Buffer.from(bytes).toString('hex')}` : ''}`;
  if (fields === undefined) return generic();
  const reader = new WireReader(bytes, false);
  const words = fields.map(([, kind]) => formatField(kind, reader));
  return words.join(' ');
}

function formatField(kind: FieldKind, reader: WireReader): string {
  switch (kind) {
    case 'u8':
      return String(reader.u8());
    case 'u16':
      return String(reader.u16());
    case 'u32':
    case 'seconds':
      return String(reader.u32());
    case 'ipv4':
      return formatIp(reader.take(4));
    case 'ipv6':
      return formatIp(reader.take(16));
    case 'name':
    case 'compressible':
      return formatName(reader.name());
    case 'tag':
      return Buffer.from(reader.take(reader.u8())).toString('latin1');
    case 'string':
      return quote(reader.take(reader.u8()));
    case 'strings': {
      const strings: string[] = [];
      while (reader.left > 0) strings.push(quote(reader.take(reader.u8())));
      return strings.join(' ');
    }
    case 'remainder':
      return quote(reader.take(reader.left));
    case 'hex':
      return Buffer.from(reader.take(reader.left)).toString('hex');
    case 'base64':
      return Buffer.from(reader.take(reader.left)).toString('base64');
  }
}

/** RFC 3597 §5. Data of a known type must be what that type's is. */
function writeGeneric(
  code: number,
  words: readonly DataWord[],
  writer: MessageWriter,
  invalid: (reason: string) => Error,
): void {
  const length = number(words[1]?.text ?? '', 'the length behind \\#', 0xffff, invalid);
  const joined = words
    .slice(2)
    .map(({ text }) => text)
    .join('');
  const bytes = hexBytes(joined, invalid);
  if (bytes.byteLength !== length) throw invalid(`it has ${bytes.byteLength} bytes, and says ${length}`);
  if (fieldsOf(code) !== undefined) {
    try {
      formatStrictly(code, bytes);
    } catch {
      throw invalid('the bytes are not what data of this type is');
    }
  }
  writer.raw(bytes);
}

/** Raises when the bytes are not exactly the fields of the type. */
function formatStrictly(code: number, bytes: Uint8Array): void {
  const reader = new WireReader(bytes, false);
  for (const [, kind] of fieldsOf(code) ?? []) formatField(kind, reader);
  if (reader.left > 0) throw reader.invalid('bytes are left');
}

function number(text: string, name: string, most: number, invalid: (reason: string) => Error): number {
  if (/^\d{1,10}$/.test(text) && Number(text) <= most) return Number(text);
  throw invalid(`${name} is a whole number from 0 to ${most}, not ${text === '' ? 'nothing' : text}`);
}

function hexBytes(text: string, invalid: (reason: string) => Error): Buffer {
  if (!/^([0-9a-f]{2})*$/i.test(text)) throw invalid('it is not in pairs of hexadecimal digits');
  return Buffer.from(text, 'hex');
}

/** Undoes `\X` and `\DDD`; characters beyond ASCII stand for their bytes in UTF-8. */
function unescape(text: string, invalid: (reason: string) => Error): Buffer {
  if (!text.includes('\\')) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  for (const [part] of text.matchAll(/\\\d{3}|\\.|[^\\]+|\\/gsu)) {
    if (/^\\\d{3}$/.test(part)) {
      const byte = Number(part.slice(1));
      if (byte > 255) throw invalid(`${part} is no byte`);
      parts.push(Buffer.of(byte));
    } else if (part === '\\' || /^\\\d/.test(part))
      throw invalid('a backslash stands before nothing, or too few digits');
    else parts.push(Buffer.from(part.startsWith('\\') ? part.slice(1) : part, 'utf8'));
  }
  return Buffer.concat(parts);
}

function quote(bytes: Uint8Array): string {
  let text = '"';
  for (const byte of bytes) {
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, '0')}`;
  }
  return `${text}"`;
}

function writeString(bytes: Uint8Array, writer: MessageWriter, invalid: (reason: string) => Error): void {
  if (bytes.byteLength > 255) throw invalid('a string has at most 255 bytes');
  writer.u8(bytes.byteLength);
  writer.raw(bytes);
}
