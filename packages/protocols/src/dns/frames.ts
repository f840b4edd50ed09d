import type { Scope } from '@roundhouse/core';
import { type ByteReader, netError, type Transport } from '@roundhouse/net';

/** Longer queries have no meaning here, and many of them would fill memory. */
const MAX_QUERY_BYTES = 4_096;

/** Reads a message of a stream: two bytes of length, and it. RFC 1035 §4.2.2. */
export async function readFrame(reader: ByteReader, scope: Scope): Promise<Uint8Array> {
  return await reader.exactly(await lengthOf(reader, scope), scope);
}

/** As `readFrame`, for what a stranger sends. Rejects with MESSAGE_TOO_LARGE as well. */
export async function readQueryFrame(reader: ByteReader, peer: string, scope: Scope): Promise<Uint8Array> {
  const length = await lengthOf(reader, scope);
  if (length <= MAX_QUERY_BYTES) return await reader.exactly(length, scope);
  const details = { what: 'a query', limit: MAX_QUERY_BYTES, unit: 'bytes' };
  throw netError('MESSAGE_TOO_LARGE', { protocol: 'dns', phase: 'read', peer, details });
}

async function lengthOf(reader: ByteReader, scope: Scope): Promise<number> {
  const [high = 0, low = 0] = await reader.exactly(2, scope);
  return (high << 8) | low;
}

/** With its length before it, in one piece: two would be two packets (RFC 7766 §8). */
export function framed(message: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(2 + message.byteLength);
  frame.writeUInt16BE(message.byteLength, 0);
  frame.set(message, 2);
  return frame;
}

/** Writes a message; resolves when the system has taken it, so that whoever does not read holds the writer. */
export function writeFrame(transport: Transport, message: Uint8Array, scope: Scope): Promise<void> {
  scope.throwIfEnded();
  const { promise, resolve } = Promise.withResolvers<void>();
  transport.write(framed(message), () => resolve());
  return scope.race(promise);
}
