import { env } from 'node:process';
import { type Clock, createScope, systemClock } from '@roundhouse/core';
import {
  HEALTH_STATUSES,
  type Health,
  METRIC_KINDS,
  type Metric,
  type Notice,
  SEVERITIES,
} from '../contract/contract.ts';
import type { RpcMethod } from '../contract/grpc/call.ts';
import { METHODS, SOCKET_VARIABLE } from '../contract/messages.ts';
import { RpcRefusal, serveUnary, type UnaryHandler } from './server.ts';

type Awaitable<T> = T | Promise<T>;

/** What a program does when it is asked. All are optional. */
export interface WorkerHandlers {
  /** Default: well. One that throws is not. */
  readonly health?: () => Awaitable<Pick<Health, 'status'> & Partial<Health>>;
  /**
   * Takes no more work, finishes what it has, and gives how much was left: when all is done, or when the signal aborts,
   * at the end of the time that there is. Called once.
   */
  readonly onDrain?: (signal: AbortSignal) => Awaitable<number>;
  /** Reads the configuration again; throws where it goes on with the one it had. Default: it cannot. */
  readonly onReload?: () => Awaitable<void>;
  readonly metrics?: () => Awaitable<ReadonlyArray<Pick<Metric, 'name' | 'value'> & Partial<Metric>>>;
}

export interface ServeOptions {
  /** Default: what ROUNDHOUSE_WORKER_SOCKET says. */
  readonly path?: string;
  readonly clock?: Clock;
}

/** The side of the worker contract that the program holds. */
export interface ServedContract extends AsyncDisposable {
  /** False where nobody asked for it: the program was started by hand. */
  readonly isServed: boolean;
  /** Not ready, with the reason `starting`, until it is said. Once it drains it is not ready any more. */
  setReady(isReady: boolean, reason?: string): void;
  /** Tells people something; the latest 256 are kept. */
  notice(severity: Exclude<Notice['severity'], 'unspecified'>, message: string): void;
  /** Idempotent. */
  close(): Promise<void>;
}

const KEPT_NOTICES = 256;
const MAX_NOTICE_CHARACTERS = 2_048;
/** What a drain has behind its time to say what was left, ms. */
const LAST_WORD_MS = 100;

/**
 * Serves the worker contract for this program, on the socket that Roundhouse has named. Resolves when it listens, and
 * rejects with what the system says; where no socket is named it serves nothing. It does not keep the process running.
 */
export async function serveWorkerContract(
  handlers: WorkerHandlers,
  { path = env[SOCKET_VARIABLE], clock = systemClock }: ServeOptions = {},
): Promise<ServedContract> {
  const state = new ContractState(handlers, clock);
  const server = path === undefined || path === '' ? undefined : await serveUnary(path, state.methods());
  const close = async (): Promise<void> => server?.close();
  return {
    isServed: server !== undefined,
    setReady: (isReady, reason = '') => state.setReady(isReady, reason),
    notice: (severity, message) => state.notice(severity, message),
    close,
    [Symbol.asyncDispose]: close,
  };
}

class ContractState {
  readonly #handlers: WorkerHandlers;
  readonly #clock: Clock;
  readonly #notices: Notice[] = [];
  #noticed = 0;
  #ready = { isReady: false, reason: 'starting' };
  #draining: Promise<number> | undefined;
  /** Aborts at the end of the time of the last drain that was asked for. */
  readonly #drainEnd = new AbortController();

  constructor(handlers: WorkerHandlers, clock: Clock) {
    this.#handlers = handlers;
    this.#clock = clock;
  }

  setReady(isReady: boolean, reason: string): void {
    this.#ready = { isReady, reason };
  }

  notice(severity: Notice['severity'], text: string): void {
    const message = text.slice(0, MAX_NOTICE_CHARACTERS);
    this.#notices.push({ number: ++this.#noticed, at: this.#clock.now(), severity, message });
    if (this.#notices.length > KEPT_NOTICES) this.#notices.shift();
  }

  methods(): ReadonlyMap<string, UnaryHandler> {
    const { health, onReload, metrics } = this.#handlers;
    return new Map([
      handler(METHODS.Ready, () => {
        if (this.#draining !== undefined) return { is_ready: false, reason: 'draining' };
        return { is_ready: this.#ready.isReady, reason: this.#ready.reason };
      }),
      handler(METHODS.Health, async () => {
        try {
          const { status, reason = '' } = (await health?.()) ?? { status: 'ok' };
          return { status: HEALTH_STATUSES.indexOf(status), reason };
        } catch (error) {
          return { status: HEALTH_STATUSES.indexOf('unhealthy'), reason: textOf(error) };
        }
      }),
      handler(METHODS.Drain, async ({ timeout_ms: timeoutMs }) => ({ remaining: await this.#drain(timeoutMs) })),
      handler(METHODS.Reload, async () => {
        if (onReload === undefined) throw new RpcRefusal('UNIMPLEMENTED', 'the program cannot reload');
        try {
          await onReload();
          return { is_reloaded: true, reason: '' };
        } catch (error) {
          return { is_reloaded: false, reason: textOf(error) };
        }
      }),
      handler(METHODS.Metrics, async () => ({
        metrics: ((await metrics?.()) ?? []).map(({ name, kind = 'gauge', help = '', value, labels = {} }) => {
          return { name, kind: METRIC_KINDS.indexOf(kind), help, value, labels };
        }),
      })),
      handler(METHODS.Notices, ({ after }) => ({
        notices: this.#notices
          .filter(({ number }) => number > after)
          .map(({ at, severity, ...notice }) => ({ ...notice, at_ms: at, severity: SEVERITIES.indexOf(severity) })),
      })),
    ]);
  }

  /** A second call waits for the drain of the first. */
  async #drain(timeoutMs: number): Promise<number> {
    this.#draining ??= this.#begin();
    if (timeoutMs === 0) return await this.#draining;
    using scope = createScope({ clock: this.#clock, timeoutMs: timeoutMs + LAST_WORD_MS });
    using time = scope.child({ timeoutMs });
    time.onEnd(({ code }) => {
      if (code === 'DEADLINE_EXCEEDED') this.#drainEnd.abort();
    });
    try {
      return await scope.race(this.#draining);
    } catch (error) {
      if (!scope.signal.aborted) throw error;
      throw new RpcRefusal('DEADLINE_EXCEEDED', 'the program did not say what was left');
    }
  }

  async #begin(): Promise<number> {
    return (await this.#handlers.onDrain?.(this.#drainEnd.signal)) ?? 0;
  }
}

function handler<Q, A>(
  { name, request, reply }: RpcMethod<Q, A>,
  handle: (message: Q) => Awaitable<A>,
): readonly [string, UnaryHandler] {
  const decode = (bytes: Uint8Array): Q => {
    try {
      return request.decode(bytes);
    } catch (error) {
      throw new RpcRefusal('INVALID_ARGUMENT', textOf(error));
    }
  };
  return [`/${name}`, async (bytes) => reply.encode(await handle(decode(bytes)))];
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
