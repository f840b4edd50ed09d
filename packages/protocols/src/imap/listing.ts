import { decodeMailboxName } from './mailboxName.ts';
import type { DataResponse, ImapValue } from './response.ts';
import { bigOf, listOf, numberOf, pairsOf, textOf, textsOf, unexpected } from './value.ts';

export interface ListedMailbox {
  readonly name: string;
  /** What parts the names of a hierarchy; null where there is none. */
  readonly delimiter: string | null;
  /** `\HasChildren`, `\Noselect`, `\Sent` … */
  readonly attributes: readonly string[];
}

export interface MailboxStatus {
  readonly messages: number | null;
  readonly unseen: number | null;
  readonly uidNext: number | null;
  readonly uidValidity: number | null;
  readonly highestModSeq: bigint | null;
}

export interface ImapNamespace {
  readonly prefix: string;
  readonly delimiter: string | null;
}

export interface ImapNamespaces {
  readonly personal: readonly ImapNamespace[];
  readonly others: readonly ImapNamespace[];
  readonly shared: readonly ImapNamespace[];
}

function nameOf(value: ImapValue | undefined, isPlain: boolean, what: string): string {
  // A mailbox may be called NIL, as an atom.
  const text = textOf(value, what) ?? 'NIL';
  return isPlain ? text : decodeMailboxName(text);
}

/** LIST. RFC 9051 §7.3.1 */
export function listedOf({ values }: DataResponse, isPlain: boolean): ListedMailbox {
  const [attributes, delimiter, name] = values;
  return {
    name: nameOf(name, isPlain, 'LIST'),
    delimiter: textOf(delimiter, 'LIST'),
    attributes: textsOf(attributes, 'LIST'),
  };
}

/** STATUS. RFC 9051 §7.3.4 */
export function statusOf({ values }: DataResponse): MailboxStatus {
  const items = pairsOf(listOf(values[1], 'STATUS'), 'STATUS');
  const number = (name: string): number | null => {
    const value = items.get(name);
    return value === undefined ? null : numberOf(value, 'STATUS');
  };
  const modSeq = items.get('HIGHESTMODSEQ');
  return {
    messages: number('MESSAGES'),
    unseen: number('UNSEEN'),
    uidNext: number('UIDNEXT'),
    uidValidity: number('UIDVALIDITY'),
    highestModSeq: modSeq === undefined ? null : bigOf(modSeq, 'STATUS'),
  };
}

/** NAMESPACE. RFC 9051 §7.3.3 */
export function namespacesOf({ values }: DataResponse, isPlain: boolean): ImapNamespaces {
  const [personal, others, shared] = values;
  const read = (value: ImapValue | undefined): ImapNamespace[] => {
    if (value === undefined) throw unexpected('NAMESPACE');
    return listOf(value, 'NAMESPACE').map((each) => {
      const [prefix, delimiter] = listOf(each, 'NAMESPACE');
      return { prefix: nameOf(prefix, isPlain, 'NAMESPACE'), delimiter: textOf(delimiter, 'NAMESPACE') };
    });
  };
  return { personal: read(personal), others: read(others), shared: read(shared) };
}

/** What a server tells of itself. RFC 2971 §3.2 */
export function identityOf({ values }: DataResponse): ReadonlyMap<string, string> {
  const fields = listOf(values[0], 'ID');
  if (fields.length % 2 !== 0) throw unexpected('ID');
  const identity = new Map<string, string>();
  for (let at = 0; at < fields.length; at += 2) {
    const name = textOf(fields[at], 'ID');
    const text = textOf(fields[at + 1], 'ID');
    if (name !== null && text !== null) identity.set(name, text);
  }
  return identity;
}
