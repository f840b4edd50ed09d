import { netError } from '@roundhouse/net';

/** From one UID to another, both included; `*` is the greatest that there is. */
export interface UidRange {
  readonly from: number;
  readonly to: number | '*';
}

/** Messages by UID, 1 … 4,294,967,295. */
export type UidSet = number | readonly number[] | UidRange;

const MAX_UID = 4_294_967_295;
/** RFC 7162 §4: a command line has 8,192 bytes at most. */
const MAX_SET_LENGTH = 4_000;

/** As it stands in commands, in pieces of lines that servers take; none for the empty set. Raises NET_OPTION_INVALID. */
export function formatUidSet(set: UidSet): readonly string[] {
  if (typeof set === 'number') return [String(checkUid(set))];
  if ('from' in set) return [`${checkUid(set.from)}:${set.to === '*' ? '*' : checkUid(set.to)}`];
  const pieces: string[] = [];
  let piece = '';
  for (const part of runs(set)) {
    if (piece.length + part.length > MAX_SET_LENGTH) {
      pieces.push(piece);
      piece = '';
    }
    piece += piece === '' ? part : `,${part}`;
  }
  return piece === '' ? pieces : [...pieces, piece];
}

function* runs(uids: readonly number[]): Generator<string> {
  const sorted = [...new Set(uids.map(checkUid))].sort((a, b) => a - b);
  for (let at = 0; at < sorted.length; ) {
    const first = sorted[at] as number;
    let last = first;
    while (sorted[at + 1] === last + 1) {
      last += 1;
      at += 1;
    }
    at += 1;
    yield first === last ? String(first) : `${first}:${last}`;
  }
}

/** Of what a server said, in its order; undefined for what is no set, or has more than `max`. */
export function parseUidSet(text: string, max: number): number[] | undefined {
  if (text === '') return [];
  const uids: number[] = [];
  for (const part of text.split(',')) {
    const [, begin, end = begin] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(part) ?? [];
    if (begin === undefined) return undefined;
    const [low, high] = [Number(begin), Number(end)].sort((a, b) => a - b) as [number, number];
    if (low < 1 || high > MAX_UID || uids.length + high - low + 1 > max) return undefined;
    for (let uid = low; uid <= high; uid++) uids.push(uid);
  }
  return uids;
}

export function checkUid(uid: number): number {
  if (Number.isInteger(uid) && uid >= 1 && uid <= MAX_UID) return uid;
  throw invalid(`${uid} is no UID: a whole number from 1 to ${MAX_UID}`);
}

export function invalid(reason: string): Error {
  return netError('NET_OPTION_INVALID', { protocol: 'imap', details: { reason } });
}
