import { isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import { type NetRuntime, netError } from '@roundhouse/net';
import { RCODES, rcodeName } from '../message/codes.ts';
import type { DecodedMessage } from '../message/message.ts';
import type { QuestionType } from '../message/types.ts';
import type { Exchange } from './exchange.ts';
import { openHttpsSession } from './httpsExchange.ts';
import type { NameServer, ResolvedResolverOptions } from './options.ts';
import type { Entropy } from './question.ts';
import { createConnectionExchange, openStreamSession } from './streamExchange.ts';
import { createUdpExchange } from './udpExchange.ts';

/** How a server has done so far. */
export interface NameServerStats {
  /** `udp://192.0.2.1:53` */
  readonly server: string;
  readonly questions: number;
  readonly failures: number;
  /** Smoothed time to an answer, ms; null before the first. */
  readonly responseMs: number | null;
  /** Of the last failure; null when the last question was answered. */
  readonly lastCode: string | null;
}

/** Share of the newest in the smoothed time (RFC 6298 §2 has an eighth; names are asked for less often). */
const GAIN = 0.3;
/** A failure counts as such a time, at least, so that others are asked first. */
const FAILED_MS = 400;
const MOST_MS = 10_000;
/** Servers that are not asked come back into favour bit by bit. */
const FORGIVENESS = 0.98;

/** One name server, with how fast it is. */
export class Upstream {
  readonly server: NameServer;
  readonly #exchange: Exchange;
  readonly #clock: NetRuntime['clock'];
  #speed: number;
  #questions = 0;
  #failures = 0;
  #responseMs: number | null = null;
  #lastCode: string | null = null;
  /** Cleared for a server that refuses EDNS: RFC 6891 §7. */
  #hasEdns = true;

  /** `rank` keeps the order of the configuration among those that nothing is known of. */
  constructor(
    server: NameServer,
    rank: number,
    options: ResolvedResolverOptions,
    runtime: NetRuntime,
    entropy: Entropy,
  ) {
    this.server = server;
    this.#clock = runtime.clock;
    this.#speed = rank / 1_000;
    this.#exchange = exchangeOf(server, options, runtime, entropy);
  }

  /** What the order goes by: ms, the least first. */
  get speed(): number {
    return this.#speed;
  }

  /**
   * Asks once. Rejects with a NetError, whose code is PEER_UNAVAILABLE or PEER_REFUSED for a server that says that it
   * cannot or will not, TIMEOUT after `timeoutMs`, or with the reason of the scope.
   */
  async ask(
    name: string,
    type: QuestionType,
    timeoutMs: number,
    scope: Scope,
    onSent: () => void,
  ): Promise<DecodedMessage> {
    using own = scope.child({ what: `Asking ${this.server.label}`, timeoutMs });
    const startedAt = this.#clock.monotonic();
    this.#questions += 1;
    let isSent = false;
    const sent = (): void => {
      isSent = true;
      onSent();
    };
    try {
      const message = await this.#askWithFallback(name, type, own, sent);
      this.#judge(message);
      this.#succeeded(this.#clock.monotonic() - startedAt);
      return message;
    } catch (error) {
      // The caller's end says nothing of the server.
      scope.throwIfEnded();
      if (!isRoundhouseError(error)) throw error;
      const failure = error.code === 'DEADLINE_EXCEEDED' ? this.#timeout(timeoutMs, isSent, error) : error;
      this.#failed(failure);
      throw failure;
    }
  }

  /** Others were asked. */
  forgive(): void {
    this.#speed *= FORGIVENESS;
  }

  stats(): NameServerStats {
    return {
      server: this.server.label,
      questions: this.#questions,
      failures: this.#failures,
      responseMs: this.#responseMs,
      lastCode: this.#lastCode,
    };
  }

  close(): void {
    this.#exchange.close();
  }

  async #askWithFallback(name: string, type: QuestionType, scope: Scope, onSent: () => void): Promise<DecodedMessage> {
    const message = await this.#exchange.ask(name, type, this.#hasEdns, scope, onSent);
    if (!this.#hasEdns || message.edns !== null) return message;
    if (message.rcode !== RCODES.FORMERR && message.rcode !== RCODES.NOTIMP) return message;
    this.#hasEdns = false;
    return await this.#exchange.ask(name, type, false, scope, onSent);
  }

  /** Raises for a message that answers nothing. */
  #judge(message: DecodedMessage): void {
    const { rcode, answers, authorities, isAuthoritative } = message;
    const peer = this.server.label;
    if (rcode === RCODES.NXDOMAIN) return;
    if (rcode !== RCODES.NOERROR) {
      const remote = { status: rcodeName(rcode), text: 'instead of an answer' };
      const isFinal = rcode === RCODES.REFUSED || rcode === RCODES.NOTIMP || rcode === RCODES.FORMERR;
      throw netError(isFinal ? 'PEER_REFUSED' : 'PEER_UNAVAILABLE', {
        protocol: 'dns',
        peer,
        phase: 'request',
        sent: 'all',
        remote,
        details: remote,
      });
    }
    const isReferral =
      answers.length === 0 &&
      !isAuthoritative &&
      authorities.some(({ data }) => data.type === 'NS') &&
      !authorities.some(({ data }) => data.type === 'SOA');
    if (!isReferral) return;
    const remote = { status: 'NOERROR', text: 'it only refers to others: recursion is not available there' };
    throw netError('PEER_REFUSED', { protocol: 'dns', peer, phase: 'request', sent: 'all', remote, details: remote });
  }

  #timeout(timeoutMs: number, isSent: boolean, cause: RoundhouseError): RoundhouseError {
    const details = { timeout_ms: timeoutMs };
    const sent = isSent ? 'all' : 'none';
    return netError('TIMEOUT', { protocol: 'dns', peer: this.server.label, phase: 'request', sent, details, cause });
  }

  #succeeded(elapsedMs: number): void {
    this.#lastCode = null;
    this.#responseMs = this.#responseMs === null ? elapsedMs : smooth(this.#responseMs, elapsedMs);
    this.#speed = this.#speed < 1 ? elapsedMs : smooth(this.#speed, elapsedMs);
  }

  #failed({ code }: RoundhouseError): void {
    this.#failures += 1;
    this.#lastCode = code;
    this.#speed = Math.min(Math.max(this.#speed * 2, FAILED_MS), MOST_MS);
  }
}

function smooth(before: number, now: number): number {
  return before * (1 - GAIN) + now * GAIN;
}

function exchangeOf(
  server: NameServer,
  options: ResolvedResolverOptions,
  runtime: NetRuntime,
  entropy: Entropy,
): Exchange {
  const { timeouts } = options;
  if (server.transport === 'https') {
    return createConnectionExchange((scope) => openHttpsSession(server, timeouts, runtime, scope), timeouts, runtime);
  }
  const stream = createConnectionExchange(
    (scope) => openStreamSession(server, timeouts, runtime, entropy, scope),
    timeouts,
    runtime,
  );
  return server.transport === 'udp' ? createUdpExchange(server, options, stream, runtime, entropy) : stream;
}
