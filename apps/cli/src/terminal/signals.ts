/** Signals that ask for an end; kept back until the terminal is given back. */
export interface DeferredSignals extends Disposable {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Holds SIGINT, SIGTERM and SIGHUP back. On disposal the first one that came is sent again, without a handler: whoever
 * started the process learns that it was the signal that ended it.
 */
export function deferredSignals(): DeferredSignals {
  const controller = new AbortController();
  let first: NodeJS.Signals | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    first ??= signal;
    controller.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
      if (first !== undefined) process.kill(process.pid, first);
    },
  };
}
