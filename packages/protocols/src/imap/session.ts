import { coreError, reportUncaught, type Scope } from '@roundhouse/core';
import type { DrainOptions, DrainReport, NetRuntime, Timeouts } from '@roundhouse/net';
import type { LineConnection } from '../mail/lineConnection.ts';
import { type LineOperation, LineSession } from '../mail/lineSession.ts';
import type { ChangesReceiver } from './changes.ts';
import { hasPlainNames, type ImapCapabilities, unaskedBytesOf } from './capabilities.ts';
import { type CommandPart, spaced, stringPart } from './command.ts';
import type { Completion } from './completion.ts';
import { ImapDialogue, type ResponseUse } from './dialogue.ts';
import { encodeMailboxName } from './mailboxName.ts';
import { afterCode, afterData, type ImapEvent, newlyOpened, type OpenMailbox } from './openMailbox.ts';
import type { ResolvedImapOptions } from './options.ts';
import type { DataResponse, ImapCode } from './response.ts';
import { formatUidSet, invalid, type UidSet } from './uidSet.ts';

interface ImapSessionInit {
  readonly connection: LineConnection;
  readonly capabilities: ImapCapabilities;
  readonly runtime: NetRuntime;
  readonly options: ResolvedImapOptions;
  readonly timeouts: Timeouts;
  readonly openedInMs: number;
}

const PARTS_OF_REV2: readonly string[] = ['ESEARCH', 'IDLE', 'MOVE', 'NAMESPACE', 'UIDPLUS'];

/** A connection on which commands take turns, and what the server has told of the mailbox that is open. */
export abstract class ImapSession extends LineSession {
  readonly capabilities: ImapCapabilities;
  readonly #dialogue: ImapDialogue;
  protected readonly options: ResolvedImapOptions;
  #mailbox: OpenMailbox | null = null;
  #onEvent: ((event: ImapEvent) => void) | undefined;
  #endIdle: (() => void) | undefined;
  #onClosed: (() => void) | undefined;
  #tellsOfVanished = false;

  constructor({ connection, capabilities, options, ...rest }: ImapSessionInit) {
    const { requestMs, idleMs } = rest.timeouts;
    const dialogue = new ImapDialogue(connection, { answerMs: requestMs, idleMs }, options.maxAnswerBytes, 'A');
    super({ ...rest, connection, isOwed: () => dialogue.isOwed, sayGoodBye: (scope) => dialogue.logOut(scope) });
    this.capabilities = capabilities;
    this.#dialogue = dialogue;
    this.options = options;
    dialogue.maxUnaskedBytes = unaskedBytesOf(capabilities);
    dialogue.heard = (heard) => this.#hear(heard);
  }

  /** The mailbox that is open; null when none is. */
  get mailbox(): OpenMailbox | null {
    return this.#mailbox;
  }

  /**
   * IDLE: tells what happens in the mailbox until the scope ends, or the session is drained; then it resolves. Other
   * calls wait as long. What `onEvent` throws is reported and changes nothing. Rejects with NOT_SUPPORTED, or what ended
   * the connection.
   */
  async idle(onEvent: (event: ImapEvent) => void, scope?: Scope): Promise<void> {
    this.demand('IDLE');
    return this.operate('idle', scope, async (operation) => {
      using leaving = operation.scope.child();
      // Who is to say that it is over needs a scope that is not.
      using own = this.scope.child();
      this.#endIdle = () => leaving.end();
      this.#onEvent = onEvent;
      try {
        while (!leaving.signal.aborted && this.state === 'open') {
          using spell = leaving.child({ timeoutMs: this.options.idleRenewMs });
          await this.#dialogue.idle(spell, own, (sent) => operation.sent(sent));
        }
      } finally {
        this.#endIdle = undefined;
        this.#onEvent = undefined;
      }
    });
  }

  override drain(options?: DrainOptions): Promise<DrainReport> {
    const draining = super.drain(options);
    this.#endIdle?.();
    return draining;
  }

  protected get hasPlainNames(): boolean {
    return hasPlainNames(this.capabilities);
  }

  /** IMAP4rev2 has what were extensions before. RFC 9051, appendix E */
  protected has(capability: string): boolean {
    const { capabilities } = this;
    return capabilities.has(capability) || (PARTS_OF_REV2.includes(capability) && capabilities.has('IMAP4REV2'));
  }

  protected demand(capability: string): void {
    if (!this.has(capability)) throw coreError('NOT_SUPPORTED', { details: { what: `${capability} by ${this.peer}` } });
  }

  protected nameOf(mailbox: string): CommandPart {
    if (mailbox === '') throw invalid('a mailbox has a name');
    return stringPart(this.hasPlainNames ? mailbox : encodeMailboxName(mailbox));
  }

  #hear(heard: DataResponse | ImapCode): void {
    if (this.#mailbox === null) return;
    if (!('kind' in heard)) {
      if (heard.name === 'CLOSED') this.#onClosed?.();
      this.#mailbox = afterCode(this.#mailbox, heard);
      return;
    }
    const { mailbox, event } = afterData(this.#mailbox, heard);
    this.#mailbox = mailbox;
    if (event === undefined) return;
    try {
      this.#onEvent?.(event);
    } catch (error) {
      reportUncaught(error);
    }
  }

  /** One operation, of as many commands as the set takes. */
  protected async forEach(
    name: string,
    uids: UidSet,
    write: (set: string) => CommandPart[],
    scope: Scope | undefined,
    use?: (operation: LineOperation) => ResponseUse,
  ): Promise<readonly Completion[]> {
    const sets = formatUidSet(uids);
    return this.operate(name, scope, async (operation) => {
      const completions: Completion[] = [];
      for (const set of sets) completions.push(await this.request(write(set), operation, use?.(operation)));
      return completions;
    });
  }

  protected run(name: string, command: readonly CommandPart[], scope: Scope | undefined): Promise<void> {
    return this.ask(name, command, scope, () => undefined);
  }

  protected ask<T>(
    name: string,
    command: readonly CommandPart[],
    scope: Scope | undefined,
    read: (completion: Completion) => T,
    use?: ResponseUse,
  ): Promise<T> {
    return this.operate(name, scope, async (operation) => read(await this.request(command, operation, use)));
  }

  protected request(command: readonly CommandPart[], operation: LineOperation, use?: ResponseUse): Promise<Completion> {
    const { data, more, streams, literal, maxBytes } = use ?? {};
    return this.#dialogue.ask(
      command,
      {
        sent: (sent) => operation.sent(sent),
        ...(data && { data }),
        ...(more && { more }),
        ...(streams && { streams }),
        ...(literal && { literal }),
        ...(maxBytes !== undefined && { maxBytes }),
      },
      operation.scope,
    );
  }

  protected missed(): never {
    throw this.#dialogue.connection.violation('it says that all is well, and not what was asked');
  }

  protected async open(verb: 'SELECT' | 'EXAMINE', name: string, scope: Scope | undefined): Promise<OpenMailbox> {
    const command = spaced(verb, this.nameOf(name), ...(this.has('CONDSTORE') ? ['(CONDSTORE)'] : []));
    return this.operate(verb.toLowerCase(), scope, async (operation) => {
      this.#mailbox = newlyOpened(name, verb === 'EXAMINE');
      return this.#opened(command, operation);
    });
  }

  /** SELECT or EXAMINE with what is known; `changes` gets what the server tells of. RFC 7162 §3.2.5 */
  protected async reopen(
    verb: 'SELECT' | 'EXAMINE',
    name: string,
    known: string,
    changes: ChangesReceiver,
    scope: Scope | undefined,
  ): Promise<OpenMailbox> {
    const command = spaced(verb, this.nameOf(name), known);
    return this.operate('resume', scope, async (operation) => {
      await this.enableVanished(operation);
      this.#mailbox = newlyOpened(name, verb === 'EXAMINE');
      this.#onClosed = changes.clear;
      try {
        return await this.#opened(command, operation, { data: changes.data });
      } finally {
        this.#onClosed = undefined;
      }
    });
  }

  /** From now on the server tells by UID what is gone. RFC 7162 §3.2.3; once on a connection. */
  protected async enableVanished(operation: LineOperation): Promise<void> {
    if (this.#tellsOfVanished) return;
    await this.request(['ENABLE QRESYNC'], operation);
    this.#tellsOfVanished = true;
  }

  async #opened(command: readonly CommandPart[], operation: LineOperation, use?: ResponseUse): Promise<OpenMailbox> {
    try {
      await this.request(command, operation, use);
    } catch (error) {
      // One that cannot be opened leaves none open. RFC 9051 §6.3.2
      this.#mailbox = null;
      throw error;
    }
    return this.#mailbox as OpenMailbox;
  }
}
