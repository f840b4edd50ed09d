import { dnsError } from '../errors.ts';
import { formatIp, ipBytes } from './ipAddress.ts';
import { formatName, parseName } from './name.ts';
import type { WireReader } from './reader.ts';
import { type FieldKind, fieldsOf, type RecordData, typeCode, typeName } from './types.ts';
import type { MessageWriter } from './writer.ts';

const MAX_STRING_BYTES = 255;

/** Reads the data of a record, `length` bytes of it. Raises DNS_MESSAGE_INVALID, also when a byte is left over. */
export function decodeData(code: number, reader: WireReader, length: number): RecordData {
  const end = reader.offset + length;
  if (length > reader.left) throw reader.invalid('the data of a record goes beyond the end');
  const type = typeName(code);
  const fields = fieldsOf(code);
  if (fields === undefined) return { type, bytes: reader.take(length) } as RecordData;
  const data: Record<string, unknown> = { type };
  for (const [name, kind] of fields) {
    data[name] = decodeField(kind, reader, end);
    if (reader.offset > end) throw reader.invalid(`the data of a ${type} record is shorter than its fields`, end);
  }
  if (reader.offset !== end) throw reader.invalid(`the data of a ${type} record is longer than its fields`);
  return data as unknown as RecordData;
}

/** Writes the data of a record behind its length. Raises DNS_DATA_INVALID or DNS_NAME_INVALID. */
export function encodeData(data: RecordData, writer: MessageWriter): void {
  const lengthAt = writer.offset;
  writer.u16(0);
  const code = typeCode(data.type) as number;
  const fields = fieldsOf(code);
  const values = data as unknown as Readonly<Record<string, unknown>>;
  if (fields === undefined) writer.raw(values['bytes'] as Uint8Array);
  else for (const [name, kind] of fields) encodeField(data.type, name, kind, values[name], writer);
  if (!writer.isFull) writer.patch16(lengthAt, writer.offset - lengthAt - 2);
}

function decodeField(kind: FieldKind, reader: WireReader, end: number): unknown {
  switch (kind) {
    case 'u8':
      return reader.u8();
    case 'u16':
      return reader.u16();
    case 'u32':
    case 'seconds':
      return reader.u32();
    case 'ipv4':
      return formatIp(reader.take(4));
    case 'ipv6':
      return formatIp(reader.take(16));
    case 'name':
    case 'compressible':
      return formatName(reader.name());
    case 'string':
      return reader.take(reader.u8());
    case 'strings':
      return decodeStrings(reader, end);
    case 'tag':
      return Buffer.from(reader.take(reader.u8())).toString('latin1');
    case 'remainder':
    case 'hex':
    case 'base64':
      return reader.take(Math.max(end - reader.offset, 0));
  }
}

function decodeStrings(reader: WireReader, end: number): Uint8Array[] {
  const strings: Uint8Array[] = [];
  // RFC 1035 §3.3.14: one or more.
  do strings.push(reader.take(reader.u8()));
  while (reader.offset < end);
  return strings;
}

function encodeField(type: string, name: string, kind: FieldKind, value: unknown, writer: MessageWriter): void {
  const invalid = (reason: string): Error =>
    dnsError('DNS_DATA_INVALID', { details: { type, reason: `${name} ${reason}` } });
  switch (kind) {
    case 'u8':
      return writer.u8(wholeNumber(value, 0xff, invalid));
    case 'u16':
      return writer.u16(wholeNumber(value, 0xffff, invalid));
    case 'u32':
    case 'seconds':
      return writer.u32(wholeNumber(value, 0xffff_ffff, invalid));
    case 'ipv4':
    case 'ipv6': {
      const bytes = ipBytes(String(value));
      if (bytes?.length !== (kind === 'ipv4' ? 4 : 16)) throw invalid(`is not an address of ${kind}`);
      return writer.raw(bytes);
    }
    case 'name':
      return writer.name(parseName(String(value)));
    case 'compressible':
      return writer.compressedName(parseName(String(value)));
    case 'string':
      return writeString(value as Uint8Array, writer, invalid);
    case 'strings': {
      const strings = value as readonly Uint8Array[];
      if (strings.length === 0) throw invalid('has at least one string, which may be empty');
      for (const each of strings) writeString(each, writer, invalid);
      return;
    }
    case 'tag':
      if (!/^[0-9a-z]{1,255}$/i.test(String(value))) throw invalid('consists of letters and digits');
      return writeString(Buffer.from(String(value), 'latin1'), writer, invalid);
    case 'remainder':
    case 'hex':
    case 'base64':
      return writer.raw(value as Uint8Array);
  }
}

function wholeNumber(value: unknown, most: number, invalid: (reason: string) => Error): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw invalid(`is a whole number from 0 to ${most}`);
}

function writeString(bytes: Uint8Array, writer: MessageWriter, invalid: (reason: string) => Error): void {
  if (bytes.byteLength > MAX_STRING_BYTES) throw invalid(`has at most ${MAX_STRING_BYTES} bytes a string`);
  writer.u8(bytes.byteLength);
  writer.raw(bytes);
}
