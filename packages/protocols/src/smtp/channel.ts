import { isRoundhouseError, type Scope } from '@roundhouse/core';
import type { LineConnection } from '../mail/lineConnection.ts';
import { ANSWERS, formatAnswer } from './answer.ts';
import { parseCommand, type SmtpAnswer, type SmtpCommand } from './command.ts';

interface ChannelLimits {
  readonly maxCommandBytes: number;
  readonly maxErrors: number;
  readonly maxCommands: number;
  readonly idleMs: number;
}

/** What a server says to one client and hears of it, until one of them has had enough. */
export class SmtpChannel {
  readonly connection: LineConnection;
  readonly #limits: ChannelLimits;
  #errors = 0;
  /** Since the last message. */
  #commands = 0;
  #isOver = false;

  constructor(connection: LineConnection, limits: ChannelLimits) {
    this.connection = connection;
    this.#limits = limits;
  }

  /** Nothing more is read. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The conversation ends behind what was said. */
  finish(): void {
    this.#isOver = true;
  }

  async say(answer: SmtpAnswer, scope: Scope): Promise<void> {
    await this.write(formatAnswer(answer), scope);
    if (answer.code === 421) this.finish();
    if (answer.code < 500) return;
    this.#errors++;
    if (this.#errors >= this.#limits.maxErrors) await this.say(ANSWERS.tooManyErrors, scope);
  }

  /** Whole lines. A client that does not read its answers is waited for as long as for one that says nothing. */
  write(text: string, scope: Scope): Promise<void> {
    const bytes = Buffer.from(text);
    return this.connection.within(this.#limits.idleMs, 'An answer', scope, (own) => this.connection.write(bytes, own));
  }

  /** The next command; undefined when there is none any more. */
  async command(scope: Scope): Promise<SmtpCommand | undefined> {
    const line = await this.line(this.#limits.maxCommandBytes, scope);
    const command = line && parseCommand(line);
    if (command === undefined || command.verb === 'BDAT') return command;
    this.#commands++;
    if (this.#commands <= this.#limits.maxCommands) return command;
    await this.say(ANSWERS.tooManyCommands, scope);
    return undefined;
  }

  /** A message has come: whoever sends mail may go on. */
  messageCame(): void {
    this.#commands = 0;
  }

  /** The next line; undefined when there is none any more. */
  async line(maxBytes: number, scope: Scope): Promise<Uint8Array | undefined> {
    if (this.#isOver) return undefined;
    const { connection } = this;
    try {
      return await connection.within(this.#limits.idleMs, 'The next command', scope, (own) =>
        connection.line(maxBytes, own, 'a command'),
      );
    } catch (error) {
      await this.leave(error, scope);
      return undefined;
    }
  }

  /** Ends the conversation because of an error, and says so when the client can still hear it. */
  async leave(error: unknown, scope: Scope): Promise<void> {
    this.finish();
    if (!isRoundhouseError(error) || error.code === 'INTERNAL') throw error;
    if (error.code === 'TIMEOUT') await this.say(ANSWERS.tooSlow, scope);
    else if (error.code === 'MESSAGE_TOO_LARGE') await this.say(ANSWERS.lineTooLong, scope);
    else throw error;
  }
}
