import type { Scope } from '@roundhouse/core';
import type { ByteReader, Transport } from '@roundhouse/net';

/** Reads a message of a stream: two bytes of length, and it. RFC 1035 §4.2.2. */
export async function readFrame(reader: ByteReader, scope: Scope): Promise<Uint8Array> {
  const [high = 0, low = 0] = await reader.exactly(2, scope);
  return await reader.exactly((high << 8) | low, scope);
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
  transport.write(framed(message), resolve);
  return scope.race(promise);
}
