/** Numbers from `first` up to `last`. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

/** Cuts a span into pieces of at most `size`, ascending. */
export function* slices({ first, last }: Span, size: number): Generator<Span> {
  for (let start = first; start <= last; start += size) {
    yield { first: start, last: Math.min(start + size - 1, last) };
  }
}

/** As `slices`, but from the last number down. */
export function* slicesDown({ first, last }: Span, size: number): Generator<Span> {
  for (let end = last; end >= first; end -= size) {
    yield { first: Math.max(end - size + 1, first), last: end };
  }
}

/** Lets the event loop go round once. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
