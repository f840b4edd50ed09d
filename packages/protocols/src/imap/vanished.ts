import type { DataResponse, ImapValue } from './response.ts';
import { textOf, unexpected } from './value.ts';

/** UIDs from one to another, both included. */
export interface ClosedUidRange {
  readonly from: number;
  readonly to: number;
}

/** Messages that are there no longer. RFC 7162 §3.2.10 */
interface Vanished {
  /** As the server sums them up: UIDs that never were may be among them. */
  readonly uids: readonly ClosedUidRange[];
  /** They had gone before; no number of a message changes by it. */
  readonly isEarlier: boolean;
}

const WHAT = 'VANISHED';
const MAX_UID = 4_294_967_295;

export function vanishedOf({ values }: DataResponse): Vanished {
  const [first, second] = values;
  const isEarlier = Array.isArray(first);
  if (isEarlier && !isWord(first as readonly ImapValue[], 'EARLIER')) throw unexpected(WHAT);
  const text = textOf(isEarlier ? second : first, WHAT) ?? '';
  return { uids: text.split(',').map(rangeOf), isEarlier };
}

/** How many UIDs the ranges have. */
export function countOf(ranges: readonly ClosedUidRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);
}

function isWord(values: readonly ImapValue[], word: string): boolean {
  const [only] = values;
  return values.length === 1 && typeof only === 'string' && only.toUpperCase() === word;
}

/** RFC 9051 §9, seq-range: whichever end comes first. */
function rangeOf(text: string): ClosedUidRange {
  const [, begin = '', end = begin] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text) ?? [];
  const [from, to] = [Number(begin), Number(end)].sort((a, b) => a - b) as [number, number];
  if (begin === '' || from < 1 || to > MAX_UID) throw unexpected(WHAT);
  return { from, to };
}
