/** Bytes that one message may have. */
export const MAX_MESSAGE_BYTES = 1_048_576;

/** Flag and length before each message: gRPC over HTTP/2, "Length-Prefixed-Message". */
export const FRAME_HEADER_BYTES = 5;

export function frameOf(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(FRAME_HEADER_BYTES + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, FRAME_HEADER_BYTES);
  return frame;
}

/** The one message of a stream that has ended. Throws an Error that says what is wrong with it. */
export function messageOf(stream: Buffer): Uint8Array {
  if (stream.length < FRAME_HEADER_BYTES) throw new Error('the message is missing');
  if (stream[0] !== 0) throw new Error('the message is compressed, which nobody asked for');
  const length = stream.readUInt32BE(1);
  if (stream.length !== FRAME_HEADER_BYTES + length) throw new Error('there is not exactly one message');
  return stream.subarray(FRAME_HEADER_BYTES);
}
