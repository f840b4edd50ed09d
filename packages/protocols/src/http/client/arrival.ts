import type { RoundhouseError, Timer } from '@roundhouse/core';
import { type BegunOperation, netError, type NetRuntime } from '@roundhouse/net';
import { StreamBody } from '../body.ts';
import type { Fields } from '../message.ts';
import type { HttpClientResponse } from './contract.ts';

/** What waits for a slow reader before the server is held back, bytes. */
const HIGH_WATER_BYTES = 131_072;

/** The wire that a response comes from. */
interface ResponseSource {
  pause(): void;
  resume(): void;
  /** Gives up the request, at once. */
  abandon(reason: RoundhouseError): void;
}

export interface ArrivalInit {
  readonly version: '1.1' | '2';
  readonly peer: string;
  readonly operation: BegunOperation;
  readonly source: ResponseSource;
  readonly runtime: NetRuntime;
  readonly idleMs: number;
  readonly maxBodyBytes: number;
  readonly isHead: boolean;
}

/** A response while it arrives: what comes waits here for whoever reads, and holds the server back. */
export class Arrival implements HttpClientResponse, AsyncIterator<Uint8Array> {
  status = 0;
  headers: Fields = {};
  setCookies: readonly string[] = [];
  trailers: Fields = {};
  /** Settles when the fields are there, or never will be. */
  readonly head: Promise<HttpClientResponse>;
  readonly done: Promise<void>;
  readonly #init: ArrivalInit;
  readonly #head = Promise.withResolvers<HttpClientResponse>();
  readonly #done = Promise.withResolvers<void>();
  readonly #leaveScope: () => void;
  #parts: Uint8Array[] = [];
  #waitingBytes = 0;
  #isPaused = false;
  #isEnded = false;
  #isOver = false;
  #failure: RoundhouseError | undefined;
  #wake: (() => void) | undefined;
  /** Runs while the head of a response without a time of its own is waited for. */
  #headTimer: Timer | undefined;
  #body: StreamBody | undefined;

  constructor(init: ArrivalInit) {
    this.#init = init;
    this.head = this.#head.promise;
    this.done = this.#done.promise;
    this.#leaveScope = init.operation.scope.onEnd((reason) => this.fail(reason));
  }

  get version(): '1.1' | '2' {
    return this.#init.version;
  }

  get body(): StreamBody {
    const { peer, maxBodyBytes } = this.#init;
    const length = this.headers['content-length'];
    this.#body ??= new StreamBody({
      open: () => ({ [Symbol.asyncIterator]: () => this }),
      takeWhole: () => this.#takeWhole(),
      // The answer to a HEAD, and a 304, say what a GET would have.
      length: length === undefined || this.#init.isHead || this.status === 304 ? null : Number(length),
      maxBytes: maxBodyBytes,
      scope: undefined,
      tooLarge: (limit) => {
        const details = { limit, unit: 'bytes', what: 'content' };
        const error = netError('MESSAGE_TOO_LARGE', { protocol: 'http', phase: 'read', peer, sent: 'all', details });
        this.fail(error);
        return error;
      },
    });
    return this.#body;
  }

  /** The request has left whole: from now on its response is waited for no longer than for a part of it. */
  expectHead(): void {
    if (this.status !== 0 || this.#isOver) return;
    this.#headTimer = this.#init.runtime.clock.setTimer(this.#init.idleMs, () => this.fail(this.#late()));
  }

  /** The fields are there. */
  begin(status: number, headers: Fields, setCookies: readonly string[]): void {
    this.#headTimer?.cancel();
    this.status = status;
    this.headers = headers;
    this.setCookies = setCookies;
    this.#init.operation.sent('all');
    this.#head.resolve(this);
  }

  push(part: Uint8Array): void {
    if (this.#isOver) return;
    this.#parts.push(part);
    this.#waitingBytes += part.length;
    if (this.#waitingBytes > HIGH_WATER_BYTES && !this.#isPaused) {
      this.#isPaused = true;
      this.#init.source.pause();
    }
    this.#wake?.();
  }

  /** The last byte is here: the connection is free, though what has come may not be read yet. */
  end(trailers: Fields): void {
    if (this.#isOver) return;
    this.trailers = trailers;
    this.#isEnded = true;
    this.#wake?.();
    this.#over();
    this.#init.operation.end();
  }

  /** It will not arrive. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#over();
    const failure = this.#init.operation.fail(error);
    this.#failure = failure;
    this.#parts = [];
    this.#init.source.abandon(failure);
    this.#head.reject(failure);
    this.#wake?.();
  }

  discard(): void {
    this.fail(netError('CONNECTION_CLOSED', { protocol: 'http', phase: 'read', peer: this.#init.peer, sent: 'all' }));
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const part = this.#parts.shift();
      if (part !== undefined) {
        this.#waitingBytes -= part.length;
        if (this.#isPaused && this.#waitingBytes <= HIGH_WATER_BYTES / 2) {
          this.#isPaused = false;
          this.#init.source.resume();
        }
        return { done: false, value: part };
      }
      if (this.#isEnded) return { done: true, value: undefined };
      await this.#wait();
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.discard();
    return { done: true, value: undefined };
  }

  #takeWhole(): readonly Uint8Array[] | undefined {
    if (!this.#isEnded) return undefined;
    const parts = this.#parts;
    this.#parts = [];
    this.#waitingBytes = 0;
    return parts;
  }

  async #wait(): Promise<void> {
    const { runtime, idleMs } = this.#init;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = runtime.clock.setTimer(idleMs, () => this.fail(this.#late()));
    await promise;
    timer.cancel();
    this.#wake = undefined;
  }

  #late(): RoundhouseError {
    const { idleMs, peer } = this.#init;
    const details = { timeout_ms: idleMs };
    return netError('TIMEOUT', { protocol: 'http', phase: 'read', peer, sent: 'all', details });
  }

  #over(): void {
    this.#isOver = true;
    this.#headTimer?.cancel();
    this.#leaveScope();
    this.#done.resolve();
  }
}
