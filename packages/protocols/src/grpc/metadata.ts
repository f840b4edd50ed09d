import type { Fields } from '../http/index.ts';
import { grpcError } from './errors.ts';

/** Metadata to send: names in lower case; bytes where the name ends with `-bin`, text elsewhere. */
export type Metadata = Readonly<Record<string, MetadataValue>>;
export type MetadataValue = string | Uint8Array | readonly string[] | readonly Uint8Array[];

/** gRPC over HTTP/2, "Header-Name". */
const NAME = /^[0-9a-z_.-]+$/;
/** "ASCII-Value": space and printable ASCII. */
const ASCII = /^[\x20-\x7e]*$/;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
/** What gRPC and HTTP say themselves. */
const RESERVED = new Set(['te', 'content-type', 'user-agent', 'host', 'content-length', 'connection', 'traceparent']);
/** Bytes that HPACK counts for a field besides its name and value. RFC 7541 §4.1. */
const FIELD_BYTES = 32;

const isBinary = (name: string): boolean => name.endsWith('-bin');

/** Metadata as fields of HTTP. Raises GRPC_METADATA_INVALID, also when it is larger than `maxBytes`. */
export function fieldsOf(metadata: Metadata, maxBytes: number): [name: string, value: string][] {
  const fields: [string, string][] = [];
  let bytes = 0;
  for (const [name, value] of Object.entries(metadata)) {
    if (!NAME.test(name) || name.startsWith('grpc-') || RESERVED.has(name)) throw invalid(`${name} cannot be a name`);
    for (const each of Array.isArray(value) ? (value as readonly (string | Uint8Array)[]) : [value]) {
      const text = textOf(name, each as string | Uint8Array);
      fields.push([name, text]);
      bytes += name.length + text.length + FIELD_BYTES;
    }
  }
  if (bytes > maxBytes) throw invalid(`it has ${bytes} bytes, more than ${maxBytes}`);
  return fields;
}

/**
 * The values of a field of bytes that was received; those that are not base64 are left out. Values of one name may come
 * in one field, separated by commas.
 */
export function binaryMetadata(fields: Fields, name: string): readonly Uint8Array[] {
  const value = fields[name];
  if (value === undefined) return [];
  const texts = value.split(',').map((text) => text.trim());
  return texts.filter((text) => BASE64.test(text)).map((text) => Uint8Array.from(Buffer.from(text, 'base64')));
}

function textOf(name: string, value: string | Uint8Array): string {
  if (typeof value !== 'string') {
    if (!isBinary(name)) throw invalid(`${name} carries text, since it does not end with -bin`);
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64').replace(/=+$/, '');
  }
  if (isBinary(name)) throw invalid(`${name} carries bytes, since it ends with -bin`);
  if (!ASCII.test(value)) throw invalid(`the value of ${name} is not printable ASCII`);
  return value;
}

function invalid(reason: string): Error {
  return grpcError('GRPC_METADATA_INVALID', { details: { reason } });
}
