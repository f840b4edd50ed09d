import type { RoundhouseError } from '@roundhouse/core';
import type {
  CloseReason,
  Drainable,
  DrainOptions,
  DrainReport,
  NetRuntime,
  SessionState,
  Timeouts,
} from '@roundhouse/net';
import type { AcceptedStream } from './accepted.ts';

/** How a client of HTTP/2 begins. RFC 9113 §3.4. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');

/** A connection without TLS whose first bytes tell which version it speaks. */
export class UndecidedConnection implements Drainable {
  readonly closed: Promise<CloseReason>;
  readonly #accepted: AcceptedStream;
  #served: Drainable | undefined;
  #reason: RoundhouseError | undefined;
  #begun: Buffer = Buffer.alloc(0);

  constructor(
    accepted: AcceptedStream,
    { greetingMs }: Timeouts,
    { clock }: NetRuntime,
    serve: (version: 'h2' | 'http/1.1') => Drainable,
  ) {
    this.#accepted = accepted;
    const { stream } = accepted;
    const { promise, resolve } = Promise.withResolvers<CloseReason>();
    this.closed = promise;
    const timer = clock.setTimer(greetingMs, () => stream.destroy());
    const onData = (chunk: Buffer): void => {
      this.#begun = Buffer.concat([this.#begun, chunk]);
      const known = Math.min(this.#begun.length, PREFACE.length);
      const isPreface = this.#begun.subarray(0, known).equals(PREFACE.subarray(0, known));
      if (isPreface && known < PREFACE.length) return;
      timer.cancel();
      stream.off('data', onData).off('close', onClose);
      stream.pause();
      stream.unshift(this.#begun);
      this.#served = serve(isPreface ? 'h2' : 'http/1.1');
      void this.#served.closed.then(resolve);
      // The session of HTTP/2 reads the handle itself, once it has read what is here.
      if (!isPreface) stream.resume();
    };
    const onClose = (): void => {
      timer.cancel();
      const error = this.#reason;
      resolve({ by: error === undefined ? 'remote' : 'local', ...(error !== undefined && { error }) });
    };
    stream.on('error', () => {});
    stream.on('end', () => {
      if (this.#served === undefined) stream.destroy();
    });
    stream.on('data', onData).on('close', onClose);
  }

  get state(): SessionState {
    return this.#served?.state ?? (this.#accepted.stream.destroyed ? 'closed' : 'open');
  }

  get inFlight(): number {
    return this.#served?.inFlight ?? 0;
  }

  async drain(options?: DrainOptions): Promise<DrainReport> {
    if (this.#served !== undefined) return this.#served.drain(options);
    this.abort();
    return { finished: 0, cut: 0, elapsedMs: 0 };
  }

  abort(reason?: RoundhouseError): void {
    this.#reason = reason;
    if (this.#served !== undefined) this.#served.abort(reason);
    else this.#accepted.destroy(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }
}
