import type { Scope } from '@roundhouse/core';
import type { LineOperation } from '../mail/lineSession.ts';
import {
  ChangesReceiver,
  formatKnown,
  type KnownMailbox,
  type MailboxChanges,
  type ResumedMailbox,
} from './changes.ts';
import { checkFlag, type CommandPart, type LiteralPart, spaced } from './command.ts';
import { codeOf } from './completion.ts';
import { checkModSeq, formatCriteria, formatDateTime, type ImapCriteria } from './criteria.ts';
import type { ResponseUse } from './dialogue.ts';
import {
  identityOf,
  type ImapNamespaces,
  type ListedMailbox,
  listedOf,
  type MailboxStatus,
  namespacesOf,
  statusOf,
} from './listing.ts';
import {
  answerOf,
  checkSection,
  formatFetchItems,
  type ImapFetchItems,
  type ImapMessage,
  messageOf,
} from './message.ts';
import type { OpenMailbox } from './openMailbox.ts';
import type { DataResponse } from './response.ts';
import { ImapSession } from './session.ts';
import { TextReceiver, whole } from './text.ts';
import { type AppendedUid, appendedOf, copiedOf, type CopiedUids, foundUids, modifiedOf } from './uids.ts';
import { checkUid, invalid, type UidSet } from './uidSet.ts';

/** A text whose size is known before it comes. */
export type SizedText = LiteralPart;

export interface AppendOptions {
  readonly flags?: readonly string[];
  /** When it came; default: now, by the server's clock. */
  readonly receivedAt?: Date;
}

export interface RetrieveOptions {
  /** `1.2`, `1.2.MIME`, `HEADER`, `TEXT`. Default: the whole message. */
  readonly section?: string;
  /** Of the text, a part: from that byte, so many at most. */
  readonly range?: { readonly from: number; readonly bytes: number };
}

export interface StoreChange {
  readonly action: 'add' | 'remove' | 'replace';
  readonly flags: readonly string[];
  /** Not of messages that changed behind that value; the server must offer CONDSTORE. RFC 7162 §3.1.3 */
  readonly unchangedSince?: bigint;
}

const MAX_NUMBER = 4_294_967_295;

/** A connection to a server of mailboxes, of which one at a time is open. Calls take turns. */
export class ImapClient extends ImapSession {
  /** LIST: the mailboxes of a pattern, where `*` is anything and `%` anything within one level. */
  async list(pattern = '*', scope?: Scope): Promise<readonly ListedMailbox[]> {
    const listed: ListedMailbox[] = [];
    const data = (response: DataResponse): void => {
      if (response.name === 'LIST') listed.push(listedOf(response, this.hasPlainNames));
    };
    return this.ask('list', spaced('LIST ""', this.nameOf(pattern)), scope, () => listed, { data });
  }

  /** STATUS: of a mailbox that need not be open. Rejects with PEER_REFUSED or PEER_NOT_FOUND. */
  async status(mailbox: string, scope?: Scope): Promise<MailboxStatus> {
    let status: MailboxStatus | undefined;
    const data = (response: DataResponse): void => {
      if (response.name === 'STATUS') status = statusOf(response);
    };
    const items = `(MESSAGES UNSEEN UIDNEXT UIDVALIDITY${this.has('CONDSTORE') ? ' HIGHESTMODSEQ' : ''})`;
    return this.ask('status', spaced('STATUS', this.nameOf(mailbox), items), scope, () => status ?? this.missed(), {
      data,
    });
  }

  /** SELECT: opens a mailbox, to read and to change; what was open is closed. */
  select(mailbox: string, scope?: Scope): Promise<OpenMailbox> {
    return this.open('SELECT', mailbox, scope);
  }

  /** EXAMINE: opens a mailbox to read it alone. */
  examine(mailbox: string, scope?: Scope): Promise<OpenMailbox> {
    return this.open('EXAMINE', mailbox, scope);
  }

  /**
   * SELECT with what is known of the mailbox: opens it, and tells what has changed since, in one answer. Rejects with
   * NOT_SUPPORTED where the server has no QRESYNC. RFC 7162 §3.2.5
   */
  async resume(mailbox: string, known: KnownMailbox, scope?: Scope): Promise<ResumedMailbox> {
    this.demand('QRESYNC');
    const changes = new ChangesReceiver();
    const opened = await this.reopen('SELECT', mailbox, formatKnown(known), changes, scope);
    const { changed, vanished } = changes;
    return { mailbox: opened, isSame: opened.uidValidity === known.uidValidity, changed, vanished };
  }

  /** UID FETCH: what has changed in the open mailbox behind that value. Rejects with NOT_SUPPORTED. RFC 7162 §3.2.6 */
  async changes(since: bigint, scope?: Scope): Promise<MailboxChanges> {
    this.demand('QRESYNC');
    const command = `UID FETCH 1:* (UID FLAGS) (CHANGEDSINCE ${checkModSeq(since)} VANISHED)`;
    const found = new ChangesReceiver();
    return this.operate('changes', scope, async (operation) => {
      await this.enableVanished(operation);
      await this.request([command], operation, { data: found.data });
      const { changed, vanished } = found;
      return { changed, vanished };
    });
  }

  async create(mailbox: string, scope?: Scope): Promise<void> {
    return this.run('create', spaced('CREATE', this.nameOf(mailbox)), scope);
  }

  async delete(mailbox: string, scope?: Scope): Promise<void> {
    return this.run('delete', spaced('DELETE', this.nameOf(mailbox)), scope);
  }

  async rename(from: string, to: string, scope?: Scope): Promise<void> {
    return this.run('rename', spaced('RENAME', this.nameOf(from), this.nameOf(to)), scope);
  }

  async subscribe(mailbox: string, scope?: Scope): Promise<void> {
    return this.run('subscribe', spaced('SUBSCRIBE', this.nameOf(mailbox)), scope);
  }

  async unsubscribe(mailbox: string, scope?: Scope): Promise<void> {
    return this.run('unsubscribe', spaced('UNSUBSCRIBE', this.nameOf(mailbox)), scope);
  }

  /** NOOP: hears what is new. */
  noop(scope?: Scope): Promise<void> {
    return this.run('noop', ['NOOP'], scope);
  }

  /** ID: what the server tells of itself, not to be relied on. Rejects with NOT_SUPPORTED. RFC 2971 */
  async identify(scope?: Scope): Promise<ReadonlyMap<string, string>> {
    this.demand('ID');
    let identity: ReadonlyMap<string, string> = new Map();
    const data = (response: DataResponse): void => {
      if (response.name === 'ID') identity = identityOf(response);
    };
    return this.ask('id', ['ID NIL'], scope, () => identity, { data });
  }

  /** NAMESPACE: where mailboxes are. Rejects with NOT_SUPPORTED. RFC 2342 */
  async namespaces(scope?: Scope): Promise<ImapNamespaces> {
    this.demand('NAMESPACE');
    let namespaces: ImapNamespaces | undefined;
    const data = (response: DataResponse): void => {
      if (response.name === 'NAMESPACE') namespaces = namespacesOf(response, this.hasPlainNames);
    };
    return this.ask('namespace', ['NAMESPACE'], scope, () => namespaces ?? this.missed(), { data });
  }

  /** UID SEARCH: the UIDs of what is found. Rejects with NET_OPTION_INVALID, or PEER_REFUSED. */
  async search(criteria: ImapCriteria, scope?: Scope): Promise<readonly number[]> {
    const keys = formatCriteria(criteria);
    const isSet = this.has('ESEARCH');
    // Quoted strings are ASCII. RFC 9051 §6.4.4
    const charset = keys.every((key) => typeof key === 'string') ? '' : 'CHARSET UTF-8 ';
    const { uids, use } = foundUids();
    return this.ask(
      'search',
      [`UID SEARCH ${isSet ? 'RETURN (ALL) ' : ''}${charset}`, ...keys],
      scope,
      () => uids,
      use,
    );
  }

  /** UID FETCH: all at once, within `maxAnswerBytes`. Those that are not there are left out. */
  async fetch(uids: UidSet, items: ImapFetchItems, scope?: Scope): Promise<readonly ImapMessage[]> {
    const messages = new Map<number, ImapMessage>();
    const take = async (message: ImapMessage): Promise<void> => void messages.set(message.uid, message);
    await this.#fetch(uids, items, take, this.options.maxAnswerBytes, scope);
    return [...messages.values()];
  }

  /** UID FETCH: one after the other, as they come. Who takes long slows the server down. */
  async fetchEach(
    uids: UidSet,
    items: ImapFetchItems,
    use: (message: ImapMessage) => Promise<void>,
    scope?: Scope,
  ): Promise<void> {
    await this.#fetch(uids, items, use, Infinity, scope);
  }

  /**
   * UID FETCH: gives the text of a message, or of a part, to `use` while it comes, and settles as `use` does. Who reads
   * slowly slows the server down; what `use` leaves is read and dropped. The message does not become `\Seen`. Rejects
   * with PEER_NOT_FOUND, or with MESSAGE_TOO_LARGE, which costs the connection.
   */
  async retrieve<T>(
    uid: number,
    use: (text: AsyncIterable<Uint8Array>) => Promise<T>,
    { section = '', range }: RetrieveOptions = {},
    scope?: Scope,
  ): Promise<T> {
    const part = range === undefined ? '' : `<${checkNumber(range.from, 0)}.${checkNumber(range.bytes, 1)}>`;
    const command = `UID FETCH ${checkUid(uid)} (UID BODY.PEEK[${checkSection(section)}]${part})`;
    return this.operate('retrieve', scope, async (operation) => {
      const wanted = { uid, section, maxBytes: this.options.maxMessageBytes, peer: this.peer };
      const receiver = new TextReceiver(wanted, use, operation.scope);
      await this.request([command], operation, receiver);
      return receiver.result();
    });
  }

  /** UID FETCH: the whole text of a message, or of a part. */
  async download(uid: number, options?: RetrieveOptions, scope?: Scope): Promise<Uint8Array> {
    return this.retrieve(uid, whole, options, scope);
  }

  /** UID STORE: resolves to the UIDs that were not changed, since they had changed before. */
  async store(uids: UidSet, change: StoreChange, scope?: Scope): Promise<readonly number[]> {
    if (change.unchangedSince !== undefined) this.demand('CONDSTORE');
    const flags = change.flags.map(checkFlag).join(' ');
    const sign = { add: '+', remove: '-', replace: '' }[change.action];
    const only = change.unchangedSince === undefined ? '' : `(UNCHANGEDSINCE ${checkModSeq(change.unchangedSince)}) `;
    const completions = await this.forEach(
      'store',
      uids,
      (set) => [`UID STORE ${set} ${only}${sign}FLAGS.SILENT (${flags})`],
      scope,
    );
    return completions.flatMap((completion) => modifiedOf(codeOf(completion, 'MODIFIED')));
  }

  /** UID COPY: resolves to where they are, as far as the server tells. */
  async copy(uids: UidSet, mailbox: string, scope?: Scope): Promise<readonly CopiedUids[]> {
    return this.#transfer('copy', uids, mailbox, scope);
  }

  /** UID MOVE. Rejects with NOT_SUPPORTED where the server cannot. RFC 6851 */
  async move(uids: UidSet, mailbox: string, scope?: Scope): Promise<readonly CopiedUids[]> {
    this.demand('MOVE');
    return this.#transfer('move', uids, mailbox, scope);
  }

  /** EXPUNGE: removes what is `\Deleted`; of these UIDs alone, where the server offers UIDPLUS, else NOT_SUPPORTED. */
  async expunge(uids?: UidSet, scope?: Scope): Promise<void> {
    if (uids === undefined) return this.run('expunge', ['EXPUNGE'], scope);
    this.demand('UIDPLUS');
    await this.forEach('expunge', uids, (set) => [`UID EXPUNGE ${set}`], scope);
  }

  /**
   * APPEND: puts a message, with CRLF, into a mailbox. Resolves to where it is, or null where the server does not tell.
   * A text of another size than was said costs the connection. Rejects with PEER_NOT_FOUND, PEER_REFUSED …
   */
  async append(
    mailbox: string,
    message: Uint8Array | SizedText,
    { flags = [], receivedAt }: AppendOptions = {},
    scope?: Scope,
  ): Promise<AppendedUid | null> {
    const text = message instanceof Uint8Array ? { bytes: message.byteLength, chunks: [message] } : message;
    checkNumber(text.bytes, 1);
    const before = [
      ...(flags.length === 0 ? [] : [`(${flags.map(checkFlag).join(' ')})`]),
      ...(receivedAt === undefined ? [] : [formatDateTime(receivedAt)]),
    ];
    const command = spaced('APPEND', this.nameOf(mailbox), ...before, text);
    return this.ask('append', command, scope, (completion) => appendedOf(codeOf(completion, 'APPENDUID')));
  }

  async #transfer(
    verb: 'copy' | 'move',
    uids: UidSet,
    mailbox: string,
    scope: Scope | undefined,
  ): Promise<readonly CopiedUids[]> {
    const name = this.nameOf(mailbox);
    const write = (set: string): CommandPart[] => spaced(`UID ${verb.toUpperCase()} ${set}`, name);
    const completions = await this.forEach(verb, uids, write, scope);
    return completions.flatMap((completion) => copiedOf(codeOf(completion, 'COPYUID') ?? '') ?? []);
  }

  async #fetch(
    uids: UidSet,
    items: ImapFetchItems,
    take: (message: ImapMessage) => Promise<void>,
    maxBytes: number,
    scope: Scope | undefined,
  ): Promise<void> {
    if (items.modSeq === true || items.changedSince !== undefined) this.demand('CONDSTORE');
    const asked = formatFetchItems(items);
    const use = (operation: LineOperation): ResponseUse => ({
      maxBytes,
      data: async (response) => {
        if (response.name !== 'FETCH') return;
        const message = answerOf(messageOf(response), items);
        if (message !== undefined) await operation.scope.race(take(message));
      },
    });
    await this.forEach('fetch', uids, (set) => [`UID FETCH ${set} ${asked}`], scope, use);
  }
}

function checkNumber(value: number, least: number): number {
  if (Number.isInteger(value) && value >= least && value <= MAX_NUMBER) return value;
  throw invalid(`${value} is no number of bytes: a whole number from ${least} to ${MAX_NUMBER}`);
}
