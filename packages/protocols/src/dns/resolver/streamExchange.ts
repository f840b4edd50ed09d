import { createScope, isRoundhouseError, type Scope } from '@roundhouse/core';
import {
  ByteReader,
  CoreSession,
  dialTransport,
  establish,
  NetError,
  netError,
  type NetRuntime,
  type Session,
  SessionCore,
  type Timeouts,
  type Transport,
} from '@roundhouse/net';
import { framed, readFrame } from '../frames.ts';
import type { DecodedMessage } from '../message/message.ts';
import type { QuestionType } from '../message/types.ts';
import type { Exchange } from './exchange.ts';
import type { NameServer } from './options.ts';
import { type Entropy, makeQuestion, readReply, type SentQuestion } from './question.ts';

/** What a connection carries questions by. */
export interface QuestionSession extends Session {
  /** Answers that have come. */
  answered(): number;
  ask(name: string, type: QuestionType, hasEdns: boolean, scope: Scope, onSent: () => void): Promise<DecodedMessage>;
}

/**
 * Asks over one connection, which stays for the next question until it is idle for too long. A question that finds out
 * that it was closed meanwhile is asked again over a new one (RFC 7766 §6.2.4).
 */
export function createConnectionExchange(
  open: (scope: Scope) => Promise<QuestionSession>,
  timeouts: Timeouts,
  runtime: NetRuntime,
): Exchange {
  const scope = createScope({ clock: runtime.clock });
  let current: Promise<QuestionSession> | undefined;
  const session = (): Promise<QuestionSession> => {
    if (current === undefined) {
      // It belongs to all who ask: the end of one must not take it from the others.
      const opening = open(scope);
      current = opening;
      const forget = (): void => {
        if (current === opening) current = undefined;
      };
      opening.then((opened) => {
        closeWhenIdle(opened, timeouts.idleMs, runtime);
        void opened.closed.then(forget);
      }, forget);
    }
    return current;
  };
  return {
    async ask(name, type, hasEdns, asking, onSent) {
      const isNew = current === undefined;
      const first = await asking.race(session());
      const answered = first.answered();
      try {
        return await first.ask(name, type, hasEdns, asking, onSent);
      } catch (error) {
        if (isTimeout(error) && first.answered() === answered) {
          // Something on the way lets nothing through: the next question goes another way.
          const details = { reason: 'nothing comes from it any more' };
          first.abort(
            netError('CONNECTION_LOST', { protocol: first.protocol, peer: first.peer, phase: 'read', details }),
          );
        }
        asking.throwIfEnded();
        if (isNew || first.state === 'open' || !isLoss(error)) throw error;
        const second = await asking.race(session());
        return await second.ask(name, type, hasEdns, asking, onSent);
      }
    },
    close() {
      current?.then(
        (opened) => opened.abort(),
        () => {},
      );
      scope.end();
    },
  };
}

/** Opens a connection over TCP, or TLS (RFC 7858). */
export async function openStreamSession(
  { address, label, transport: kind, tls, transport }: NameServer,
  timeouts: Timeouts,
  runtime: NetRuntime,
  entropy: Entropy,
  scope: Scope,
): Promise<QuestionSession> {
  const protocol = kind === 'tls' ? 'dot' : 'dns';
  return await establish(protocol, label, runtime, scope, async (elapsedMs) => {
    // RFC 7858 §3.2 names no application protocol, and RFC 9250 no other: `dot` is what IANA has.
    const secure = transport === 'tls' ? { tls: { ...tls, alpn: ['dot'] } } : {};
    const dialled = await dialTransport(address, { ...secure, timeouts }, runtime, scope);
    return new StreamSession(protocol, dialled, timeouts, runtime, entropy, elapsedMs());
  });
}

/** Messages in a row that answer nothing: a few come late, more are no answers at all. */
const MAX_STRAY = 64;

interface Pending {
  readonly question: SentQuestion;
  readonly resolve: (message: DecodedMessage) => void;
}

class StreamSession extends CoreSession implements QuestionSession {
  readonly #transport: Transport;
  readonly #entropy: Entropy;
  readonly #pending = new Map<number, Pending>();
  #answered = 0;

  constructor(
    protocol: string,
    transport: Transport,
    timeouts: Timeouts,
    runtime: NetRuntime,
    entropy: Entropy,
    openedInMs: number,
  ) {
    super(
      new SessionCore({
        protocol,
        role: 'client',
        peer: transport.peer,
        tls: transport.tls,
        runtime,
        timeouts,
        openedInMs,
        destroy: (reason) => transport.destroy(reason),
        goodBye: () => transport.close(),
        isExclusive: false,
      }),
    );
    this.#transport = transport;
    this.#entropy = entropy;
    const reader = new ByteReader(transport, {
      protocol,
      onClosed: (error) => this.core.lost(error),
      onEnded: () => this.core.lost(),
    });
    void this.#read(reader);
  }

  answered(): number {
    return this.#answered;
  }

  ask(name: string, type: QuestionType, hasEdns: boolean, scope: Scope, onSent: () => void): Promise<DecodedMessage> {
    return this.core.operate(
      'query',
      scope,
      async (operation) => {
        let question = makeQuestion(name, type, { randomizesCase: false, hasEdns }, this.#entropy);
        while (this.#pending.has(question.id)) {
          question = makeQuestion(name, type, { randomizesCase: false, hasEdns }, this.#entropy);
        }
        const { promise, resolve } = Promise.withResolvers<DecodedMessage>();
        this.#pending.set(question.id, { question, resolve });
        try {
          operation.sent('maybe');
          this.#transport.write(framed(question.bytes), (isTaken) => operation.sent(isTaken ? 'all' : 'maybe'));
          onSent();
          return await operation.scope.race(promise);
        } finally {
          this.#pending.delete(question.id);
        }
      },
      { timeoutMs: Infinity },
    );
  }

  /** Answers come in any order. RFC 7766 §7. */
  async #read(reader: ByteReader): Promise<void> {
    const { protocol, peer, scope } = this.core;
    let stray = 0;
    try {
      for (;;) {
        const bytes = await readFrame(reader, scope);
        const id = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
        const pending = this.#pending.get(id);
        // The answer to a question that was given up meanwhile.
        if (pending === undefined) stray += 1;
        if (pending === undefined && stray <= MAX_STRAY) continue;
        const reply = pending === undefined ? ({ kind: 'none' } as const) : readReply(bytes, pending.question);
        if (reply.kind !== 'answer') {
          const details = { reason: 'it sent something that is no answer to the question' };
          throw netError('PROTOCOL_VIOLATION', { protocol, peer, phase: 'read', sent: 'all', details });
        }
        stray = 0;
        this.#answered += 1;
        pending?.resolve(reply.message);
      }
    } catch (error) {
      // The end of the connection is told by the reader itself.
      if (!reader.isOver && isRoundhouseError(error)) this.core.abort(error);
    }
  }
}

/** Drains a session when nothing has been asked for so long. */
function closeWhenIdle(session: Session, idleMs: number, runtime: NetRuntime): void {
  const check = (): void => {
    if (session.inFlight === 0) void session.drain();
    else timer = runtime.clock.setTimer(idleMs, check);
  };
  let timer = runtime.clock.setTimer(idleMs, check);
  void session.closed.then(() => timer.cancel());
}

/** The end of the asking's time, as an operation tells it. */
function isTimeout(error: unknown): boolean {
  return error instanceof NetError && error.code === 'TIMEOUT';
}

function isLoss(error: unknown): boolean {
  return error instanceof NetError && ['CONNECTION_LOST', 'CONNECTION_CLOSED', 'DRAINING'].includes(error.code);
}
