/** First and last byte. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** Ranges of one request; more, or such that overlap, are answered with the whole (RFC 9110 §14.2). */
const MAX_RANGES = 8;
const MAX_DIGITS = 15;

/**
 * Reads a Range field for `length` bytes: `ignored` for what is none, what is in other units, or too much; `unsatisfiable`
 * when nothing of it is there; else the ranges in ascending order.
 */
export function readRange(field: string, length: number): readonly ByteRange[] | 'ignored' | 'unsatisfiable' {
  const set = /^bytes=(.+)$/i.exec(field)?.[1];
  if (set === undefined) return 'ignored';
  const specs = set.split(',').map((spec) => spec.trim());
  if (specs.length > MAX_RANGES) return 'ignored';
  const ranges: ByteRange[] = [];
  for (const spec of specs) {
    const [, first = '', last = ''] = /^(\d*)-(\d*)$/.exec(spec) ?? [];
    if ((first === '' && last === '') || first.length > MAX_DIGITS || last.length > MAX_DIGITS) return 'ignored';
    if (first !== '' && last !== '' && Number(first) > Number(last)) return 'ignored';
    const range = rangeOf(first, last, length);
    if (range !== undefined) ranges.push(range);
  }
  if (ranges.length === 0) return 'unsatisfiable';
  ranges.sort((a, b) => a.from - b.from);
  const overlaps = ranges.some((range, index) => range.from <= (ranges[index - 1]?.to ?? -1));
  return overlaps ? 'ignored' : ranges;
}

function rangeOf(first: string, last: string, length: number): ByteRange | undefined {
  if (first === '') {
    const suffix = Number(last);
    return suffix === 0 || length === 0 ? undefined : { from: Math.max(0, length - suffix), to: length - 1 };
  }
  const from = Number(first);
  if (from >= length) return undefined;
  return { from, to: last === '' ? length - 1 : Math.min(Number(last), length - 1) };
}
