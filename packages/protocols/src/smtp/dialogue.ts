import type { Scope } from '@roundhouse/core';
import type { LineConnection } from '../mail/lineConnection.ts';
import { readReply, replyError, type SmtpReply } from './reply.ts';

/** Commands that go together, before their answers are read. RFC 2920 */
const MAX_PIPELINED = 64;

/** Commands and answers on a connection, of which it knows how many are owed. */
export class SmtpDialogue {
  readonly connection: LineConnection;
  /** Longest wait for an answer, ms. */
  readonly #answerMs: number;
  #owed = 0;

  constructor(connection: LineConnection, answerMs: number) {
    this.connection = connection;
    this.#answerMs = answerMs;
  }

  /** Whether an answer is to come that nobody has read. */
  get isOwed(): boolean {
    return this.#owed > 0;
  }

  /** Something goes out that will be answered. */
  owe(): void {
    this.#owed++;
  }

  async ask(command: string, scope: Scope): Promise<SmtpReply> {
    this.owe();
    await this.connection.writeLines([command], scope);
    return this.answer(scope);
  }

  /** The next answer. 421 means that the server leaves, whatever was asked (RFC 5321 §3.8): it rejects then. */
  async answer(scope: Scope, timeoutMs: number = this.#answerMs): Promise<SmtpReply> {
    const { connection } = this;
    const reply = await connection.within(timeoutMs, 'The answer', scope, (own) => readReply(connection, own));
    this.#owed = Math.max(0, this.#owed - 1);
    if (reply.code === 421) throw replyError(reply, { peer: connection.peer, phase: connection.phase });
    return reply;
  }

  /**
   * Asks one after the other, or together when the server takes that. Without pipelining it stops behind an answer for
   * which `goesOn` says no.
   */
  async askAll(
    commands: readonly string[],
    { isPipelined, goesOn }: { readonly isPipelined: boolean; readonly goesOn: (reply: SmtpReply) => boolean },
    scope: Scope,
  ): Promise<SmtpReply[]> {
    const replies: SmtpReply[] = [];
    const atOnce = isPipelined ? MAX_PIPELINED : 1;
    for (let from = 0; from < commands.length; from += atOnce) {
      const group = commands.slice(from, from + atOnce);
      this.#owed += group.length;
      await this.connection.writeLines(group, scope);
      for (const _command of group) replies.push(await this.answer(scope));
      if (!replies.slice(from).every(goesOn)) break;
    }
    return replies;
  }
}
