import { isRoundhouseError, type Scope } from '@roundhouse/core';
import type { NetRuntime, Timeouts } from '@roundhouse/net';
import type { LineConnection } from '../mail/lineConnection.ts';
import { type LineOperation, LineSession } from '../mail/lineSession.ts';
import { SmtpDialogue } from './dialogue.ts';
import type { Envelope } from './envelope.ts';
import type { SmtpExtensions } from './extensions.ts';
import type { MessageSource } from './message.ts';
import { isPositive, replyError } from './reply.ts';
import { type SendOptions, type SendReport, transact, type TransactionContext } from './transaction.ts';

interface SmtpClientInit {
  readonly connection: LineConnection;
  readonly extensions: SmtpExtensions;
  readonly runtime: NetRuntime;
  readonly timeouts: Timeouts;
  readonly acceptanceMs: number;
  readonly openedInMs: number;
}

/** A connection to a mail server, logged in. Calls take turns. */
export class SmtpClient extends LineSession {
  readonly extensions: SmtpExtensions;
  readonly #context: TransactionContext;
  #messages = 0;

  constructor({ connection, extensions, acceptanceMs, ...rest }: SmtpClientInit) {
    const dialogue = new SmtpDialogue(connection, rest.timeouts.requestMs);
    super({
      ...rest,
      connection,
      isOwed: () => dialogue.isOwed,
      sayGoodBye: async (scope) => void (await dialogue.ask('QUIT', scope)),
    });
    this.extensions = extensions;
    this.#context = { dialogue, extensions, acceptanceMs, idleMs: rest.timeouts.idleMs };
  }

  /** Messages that the server has taken on this connection. */
  get messages(): number {
    return this.#messages;
  }

  /**
   * Sends a message. Resolves when the server has taken it for at least one recipient; what it said of each is in the
   * report. Rejects with ADDRESS_INVALID or NET_OPTION_INVALID before anything is said; with PEER_REFUSED or
   * PEER_UNAVAILABLE as the server answers (`refusedRecipients` tells of each when nobody was accepted); or with what
   * ended the connection. `sent` of the error is about the message: `none` of it, `maybe` some, or `all`, in which case
   * the server may have taken it. A stream that throws costs the connection.
   */
  send(envelope: Envelope, message: MessageSource, scope?: Scope, options: SendOptions = {}): Promise<SendReport> {
    return this.#run('send', scope, async (operation) => {
      const report = await transact(envelope, message, options, this.#context, operation);
      this.#messages++;
      return report;
    });
  }

  /** Asks whether the connection is still good. */
  noop(scope?: Scope): Promise<void> {
    return this.#simple('NOOP', scope);
  }

  /** Asks the server to forget what was not finished. */
  reset(scope?: Scope): Promise<void> {
    return this.#simple('RSET', scope);
  }

  #simple(command: 'NOOP' | 'RSET', scope: Scope | undefined): Promise<void> {
    return this.#run(command.toLowerCase(), scope, async (operation) => {
      operation.sent('maybe');
      const reply = await this.#context.dialogue.ask(command, operation.scope);
      operation.sent('all');
      if (!isPositive(reply)) throw replyError(reply, { peer: this.peer, phase: 'request', sent: 'all' });
    });
  }

  #run<T>(name: string, scope: Scope | undefined, run: (operation: LineOperation) => Promise<T>): Promise<T> {
    return this.operate(name, scope, async (operation) => {
      try {
        return await run(operation);
      } catch (error) {
        // The server leaves.
        if (isRoundhouseError(error) && error.details['status'] === '421') this.lost(error);
        throw error;
      }
    });
  }
}
