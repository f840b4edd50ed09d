import type { ResponseUse } from './dialogue.ts';
import { parseUidSet } from './uidSet.ts';
import { pairsOf, textOf, unexpected } from './value.ts';

/** Most UIDs that one answer may be worth: a range is short on the wire and long in memory. */
const MAX_UIDS = 1_000_000;

/** Where messages are after a copy or a move. RFC 9051 §7.1, COPYUID */
export interface CopiedUids {
  readonly uidValidity: number;
  /** Before and after, in the same order. */
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** Where a message is after APPEND. RFC 9051 §7.1, APPENDUID */
export interface AppendedUid {
  readonly uidValidity: number;
  readonly uid: number;
}

/** Undefined for what is none. */
export function copiedOf(text: string): CopiedUids | undefined {
  const [validity = '', from = '', to = ''] = text.split(' ');
  const [before, after] = [parseUidSet(from, MAX_UIDS), parseUidSet(to, MAX_UIDS)];
  if (!/^\d{1,10}$/.test(validity) || before === undefined || after === undefined) return undefined;
  return { uidValidity: Number(validity), from: before, to: after };
}

/** Null where the server does not tell. */
export function appendedOf(text: string | undefined): AppendedUid | null {
  const [, validity, uid] = /^(\d{1,10}) (\d{1,10})$/.exec(text ?? '') ?? [];
  return uid === undefined ? null : { uidValidity: Number(validity), uid: Number(uid) };
}

/** Of `MODIFIED`: a set. RFC 7162 §3.1.3 */
export function modifiedOf(text: string | undefined): readonly number[] {
  return text === undefined ? [] : (parseUidSet(text, MAX_UIDS) ?? []);
}

/** Receives what SEARCH finds, as a list or as a set (RFC 9051 §7.3.4, RFC 4731). */
export function foundUids(): { readonly uids: number[]; readonly use: ResponseUse } {
  const uids: number[] = [];
  const take = (text: string): void => {
    for (const uid of parseUidSet(text, MAX_UIDS - uids.length) ?? raise()) uids.push(uid);
  };
  const data: NonNullable<ResponseUse['data']> = ({ name, values }) => {
    if (name === 'SEARCH') {
      // Behind them may stand the MODSEQ of all, as a list.
      for (const value of values) if (!Array.isArray(value)) take(textOf(value, 'SEARCH') ?? raise());
    } else if (name === 'ESEARCH') {
      const said = values.filter((value) => !Array.isArray(value));
      if (String(said[0]).toUpperCase() === 'UID') said.shift();
      const all = pairsOf(said, 'ESEARCH').get('ALL');
      if (all !== undefined) take(textOf(all, 'ESEARCH') ?? raise());
    }
  };
  return { uids, use: { data } };
}

function raise(): never {
  throw unexpected('SEARCH');
}
