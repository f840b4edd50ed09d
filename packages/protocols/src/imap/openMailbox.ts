import { messageOf } from './message.ts';
import type { DataResponse, ImapCode, ImapValue } from './response.ts';
import { textsOf, unexpected } from './value.ts';
import { type ClosedUidRange, countOf, vanishedOf } from './vanished.ts';

/** The mailbox that is selected, as far as the server has told. */
export interface OpenMailbox {
  readonly name: string;
  readonly isReadOnly: boolean;
  readonly messages: number;
  /** UIDs of another validity are worth nothing. */
  readonly uidValidity: number | null;
  readonly uidNext: number | null;
  readonly flags: readonly string[];
  /** Those that stay; `\*`: new keywords may be made. */
  readonly permanentFlags: readonly string[];
  /** Null where CONDSTORE is not had. RFC 7162 */
  readonly highestModSeq: bigint | null;
}

/** What the server tells of its own accord about the mailbox. */
export type ImapEvent =
  | { readonly type: 'exists'; readonly messages: number }
  /** The number of those behind it is one less from now on. */
  | { readonly type: 'expunged'; readonly number: number }
  /** In its place, once changes were asked for by `resume` or `changes`: by UID. */
  | { readonly type: 'vanished'; readonly uids: readonly ClosedUidRange[] }
  | {
      readonly type: 'flags';
      readonly number: number;
      readonly uid: number | null;
      readonly flags: readonly string[];
      readonly modSeq: bigint | null;
    };

export function newlyOpened(name: string, isReadOnly: boolean): OpenMailbox {
  return {
    name,
    isReadOnly,
    messages: 0,
    uidValidity: null,
    uidNext: null,
    flags: [],
    permanentFlags: [],
    highestModSeq: null,
  };
}

/** The mailbox after a code. */
export function afterCode(mailbox: OpenMailbox, { name, text }: ImapCode): OpenMailbox {
  const number = /^\d{1,19}$/.test(text) ? text : undefined;
  switch (name) {
    case 'CLOSED':
      // What came so far was of the mailbox before. RFC 7162 §3.2.11
      return newlyOpened(mailbox.name, mailbox.isReadOnly);
    case 'READ-ONLY':
    case 'READ-WRITE':
      return { ...mailbox, isReadOnly: name === 'READ-ONLY' };
    case 'UIDVALIDITY':
      return number === undefined ? mailbox : { ...mailbox, uidValidity: Number(number) };
    case 'UIDNEXT':
      return number === undefined ? mailbox : { ...mailbox, uidNext: Number(number) };
    case 'HIGHESTMODSEQ':
      return number === undefined ? mailbox : { ...mailbox, highestModSeq: BigInt(number) };
    case 'PERMANENTFLAGS':
      return {
        ...mailbox,
        permanentFlags: text
          .replace(/^\(|\)$/g, '')
          .split(' ')
          .filter((flag) => flag !== ''),
      };
    default:
      return mailbox;
  }
}

/** The mailbox after data, and what happened to it. */
export function afterData(
  mailbox: OpenMailbox,
  response: DataResponse,
): { readonly mailbox: OpenMailbox; readonly event?: ImapEvent } {
  const { name, number } = response;
  switch (name) {
    case 'FLAGS':
      return { mailbox: { ...mailbox, flags: textsOf(response.values[0] as ImapValue, 'FLAGS') } };
    case 'EXISTS': {
      const messages = demanded(number, name);
      return { mailbox: { ...mailbox, messages }, event: { type: 'exists', messages } };
    }
    case 'EXPUNGE': {
      const gone = demanded(number, name);
      const messages = Math.max(0, mailbox.messages - 1);
      return { mailbox: { ...mailbox, messages }, event: { type: 'expunged', number: gone } };
    }
    case 'VANISHED': {
      const { uids, isEarlier } = vanishedOf(response);
      if (isEarlier) return { mailbox };
      const messages = Math.max(0, mailbox.messages - countOf(uids));
      return { mailbox: { ...mailbox, messages }, event: { type: 'vanished', uids } };
    }
    case 'FETCH': {
      const message = messageOf(response);
      const { uid, flags, modSeq } = message;
      return flags === null
        ? { mailbox }
        : { mailbox, event: { type: 'flags', number: message.number, uid, flags, modSeq } };
    }
    default:
      return { mailbox };
  }
}

function demanded(number: number | null, name: string): number {
  if (number === null) throw unexpected(name);
  return number;
}
