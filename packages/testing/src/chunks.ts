/** A byte string in pieces that joined give it back; the pieces are views. */
export type Chunks = readonly Uint8Array[];

/** The two pieces of every cut, from before the first byte to behind the last. */
export function* cutEverywhere(bytes: Uint8Array): Generator<Chunks> {
  for (let at = 0; at <= bytes.length; at++) yield [bytes.subarray(0, at), bytes.subarray(at)];
}

/** Pieces of `size` bytes; the last may be shorter. */
export function cutBySize(bytes: Uint8Array, size: number): Uint8Array[] {
  if (!Number.isInteger(size) || size < 1) throw new RangeError('A piece has at least one byte');
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}
