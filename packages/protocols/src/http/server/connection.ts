import type { RoundhouseError, Scope } from '@roundhouse/core';
import { CoreSession, netError, type NetRuntime, SessionCore } from '@roundhouse/net';
import type { AcceptedStream } from './accepted.ts';
import type { HttpSettings } from './options.ts';

/** Bytes of a body that nobody wants are taken up to here, so that the client can read the answer. */
const MAX_DISCARDED_BYTES = 1_048_576;

/** What the connections of both versions do alike: their life, and waits measured at intervals. */
export abstract class ServerConnection extends CoreSession {
  readonly settings: HttpSettings;
  readonly runtime: NetRuntime;
  readonly #accepted: AcceptedStream;
  /** Monotonic time since when a request is expected; undefined while one is under way. */
  #expectedSince: number | undefined;
  /** Bytes read by then. */
  #bytesThen = 0;
  /** When the first bytes of a request were noticed. */
  #headSince: number | undefined;
  #hasServed = false;
  readonly #drainCallbacks: (() => void)[] = [];

  constructor(accepted: AcceptedStream, settings: HttpSettings, runtime: NetRuntime, openedInMs: number) {
    const { stream, peer, tls } = accepted;
    super(
      new SessionCore({
        protocol: 'http',
        role: 'server',
        peer,
        tls,
        runtime,
        timeouts: settings.timeouts,
        openedInMs,
        destroy: () => void stream.destroy(),
        onDraining: () => this.#drainBegins(),
        goodBye: (scope) => this.sayGoodBye(scope),
        isExclusive: false,
      }),
    );
    this.#accepted = accepted;
    this.settings = settings;
    this.runtime = runtime;
    this.#expectedSince = runtime.clock.monotonic();
    // An error is told by what follows it.
    stream.on('error', () => {});
    stream.once('close', () => this.core.lost());
  }

  /** For whoever has taken a stream over. */
  readonly whenDraining = (callback: () => void): void => {
    if (this.core.state === 'open') this.#drainCallbacks.push(callback);
    else callback();
  };

  /** Ends waits that have lasted too long; called at intervals. */
  check(now: number): void {
    if (this.#expectedSince === undefined) return;
    const { greetingMs, idleMs } = this.settings.timeouts;
    const received = this.#accepted.stream.bytesRead - this.#bytesThen;
    const waited = now - this.#expectedSince;
    if (this.isTakingBody) {
      if (received > MAX_DISCARDED_BYTES || waited >= greetingMs) this.core.abort();
    } else if (received > 0) {
      this.#headSince ??= this.#hasServed ? now : this.#expectedSince;
      if (now - this.#headSince >= greetingMs) this.headLate();
    } else if (waited >= (this.#hasServed ? idleMs : greetingMs)) void this.core.drain();
  }

  /** A request has begun. */
  protected headArrived(): void {
    this.#expectedSince = undefined;
    this.#headSince = undefined;
    this.#hasServed = true;
  }

  /** No request is under way any more. */
  protected headExpected(): void {
    this.#expectedSince = this.runtime.clock.monotonic();
    this.#bytesThen = this.#accepted.stream.bytesRead;
  }

  /** The connection broke. */
  protected lost(cause: Error): void {
    const { peer } = this.core;
    const details = { reason: cause.message };
    this.core.lost(
      netError('CONNECTION_LOST', { protocol: 'http', phase: 'read', peer, sent: 'maybe', details, cause }),
    );
  }

  /** The client was told that what it sent is not served. */
  protected refused(error: RoundhouseError): void {
    this.runtime.log.debug('a request was refused', { peer: this.core.peer, code: error.code, reason: error.message });
  }

  /** A handler failed. */
  failed(error: RoundhouseError, method: string, target: string): void {
    if (error.status < 500) return;
    const { peer } = this.core;
    const path = target.split('?', 1)[0];
    this.runtime.log.error('a request failed', { peer, method, path, code: error.code, error });
  }

  #drainBegins(): void {
    this.drainBegins();
    for (const callback of this.#drainCallbacks.splice(0)) callback();
  }

  /** Whether the body of a request that was answered still arrives. */
  protected abstract get isTakingBody(): boolean;
  /** The fields of a request take too long. */
  protected abstract headLate(): void;
  protected abstract drainBegins(): void;
  /** The polite end; the scope is the time that the drain has left. */
  protected abstract sayGoodBye(scope: Scope): Promise<void>;
}

/** Looks after the waits of all connections of a server, with one timer that runs while there are any. */
export class WaitWatch {
  readonly #runtime: NetRuntime;
  readonly #intervalMs: number;
  readonly #connections = new Set<ServerConnection>();
  #isRunning = false;

  constructor({ timeouts }: HttpSettings, runtime: NetRuntime) {
    this.#runtime = runtime;
    const shortest = Math.min(timeouts.greetingMs, timeouts.idleMs, timeouts.requestMs);
    this.#intervalMs = Math.min(Math.max(shortest / 4, 5), 1_000);
  }

  add(connection: ServerConnection): void {
    this.#connections.add(connection);
    void connection.closed.then(() => {
      this.#connections.delete(connection);
      if (this.#connections.size === 0) this.#stop();
    });
    if (!this.#isRunning) this.#run();
  }

  #stop = (): void => {};

  #run(): void {
    this.#isRunning = true;
    const timer = this.#runtime.clock.setTimer(this.#intervalMs, () => {
      const now = this.#runtime.clock.monotonic();
      for (const connection of this.#connections) connection.check(now);
      this.#run();
    });
    this.#stop = () => {
      timer.cancel();
      this.#isRunning = false;
    };
  }
}
