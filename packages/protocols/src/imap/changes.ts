import { checkModSeq } from './criteria.ts';
import { messageOf } from './message.ts';
import type { OpenMailbox } from './openMailbox.ts';
import type { DataResponse } from './response.ts';
import { checkUid, formatUidSet, invalid, type UidSet } from './uidSet.ts';
import { type ClosedUidRange, vanishedOf } from './vanished.ts';

/** What is known of a mailbox from the last time that it was open. */
export interface KnownMailbox {
  readonly uidValidity: number;
  /** The highest that was seen: from 1. */
  readonly modSeq: bigint;
  /** The messages that are known, where the server is to tell of these alone. */
  readonly uids?: UidSet;
}

export interface ChangedMessage {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly modSeq: bigint | null;
}

/** What has changed since. RFC 7162 §3.2 */
export interface MailboxChanges {
  /** New messages, and those whose flags are others. */
  readonly changed: readonly ChangedMessage[];
  /** Messages that are gone, as the server sums them up: UIDs that never were may be among them. */
  readonly vanished: readonly ClosedUidRange[];
}

export interface ResumedMailbox extends MailboxChanges {
  readonly mailbox: OpenMailbox;
  /** False: the mailbox is another one by now, and whatever is known of its messages is worth nothing. */
  readonly isSame: boolean;
}

/** Receives what a server tells of changes. */
export class ChangesReceiver implements MailboxChanges {
  readonly #changed = new Map<number, ChangedMessage>();
  #vanished: ClosedUidRange[] = [];

  get changed(): readonly ChangedMessage[] {
    return [...this.#changed.values()];
  }

  get vanished(): readonly ClosedUidRange[] {
    return this.#vanished;
  }

  readonly data = (response: DataResponse): void => {
    if (response.name === 'VANISHED') this.#vanished.push(...vanishedOf(response).uids);
    if (response.name !== 'FETCH') return;
    const { uid, flags, modSeq } = messageOf(response);
    if (uid !== null && flags !== null) this.#changed.set(uid, { uid, flags, modSeq });
  };

  /** What came so far was of the mailbox before. RFC 7162 §3.2.11 */
  readonly clear = (): void => {
    this.#changed.clear();
    this.#vanished = [];
  };
}

/** The parameter of SELECT. RFC 7162 §3.2.5. Raises NET_OPTION_INVALID. */
export function formatKnown({ uidValidity, modSeq, uids }: KnownMailbox): string {
  if (modSeq < 1n) throw invalid(`${modSeq} is no MODSEQ that was seen: from 1`);
  const known = uids === undefined ? [] : formatUidSet(uids);
  // More than a line holds, or without an end: the server goes by all that there are.
  const only = known.length === 1 && !known[0]?.includes('*') ? ` ${known[0]}` : '';
  return `(QRESYNC (${checkUid(uidValidity)} ${checkModSeq(modSeq)}${only}))`;
}
