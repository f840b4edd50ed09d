/** A message as it goes: headers, an empty line, body. Line ends become CRLF on the way. */
export type MessageSource = string | Uint8Array | AsyncIterable<Uint8Array>;

/** What can be seen without reading a stream. */
export interface SizedMessage {
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** On the wire, without the dots; null for a stream. */
  readonly bytes: number | null;
  readonly isEightBit: boolean;
}

export function sizedMessage(source: MessageSource): SizedMessage {
  if (typeof source !== 'string' && !(source instanceof Uint8Array)) {
    return { chunks: source, bytes: null, isEightBit: false };
  }
  const bytes = typeof source === 'string' ? Buffer.from(source) : source;
  return { chunks: slices(bytes), bytes: wireBytes(bytes), isEightBit: bytes.some((byte) => byte >= 0x80) };
}

const SLICE_BYTES = 65_536;

/** Pieces that leave room for others between them. */
function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES);
}

/** How many bytes there are when every line ends with CRLF. */
function wireBytes(bytes: Uint8Array): number {
  const [CR, LF] = [0x0d, 0x0a];
  let count = bytes.byteLength;
  for (let at = 0; at < bytes.byteLength; at++) {
    const isLone = bytes[at] === LF ? bytes[at - 1] !== CR : bytes[at] === CR && bytes[at + 1] !== LF;
    if (isLone) count++;
  }
  const last = bytes.at(-1);
  return last === undefined || last === LF || last === CR ? count : count + 2;
}

/** The pieces, one by one; a source that does not give the next is left alone when `wait` rejects. */
export async function* piecesOf(
  { chunks }: SizedMessage,
  wait: <T>(next: Promise<T>) => Promise<T>,
): AsyncGenerator<Uint8Array> {
  const iterator = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  let isOver = false;
  try {
    for (;;) {
      const next = await wait(Promise.resolve(iterator.next()));
      isOver = next.done === true;
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    // It may still be busy with the piece that nobody waits for any more.
    if (!isOver) Promise.resolve(iterator.return?.()).catch(() => {});
  }
}
