import type { Io } from './io.ts';

/** A stop takes at most this long where nothing else is said, ms: what still runs then is cut. */
const STOP_TIMEOUT_MS = 4_800;

/**
 * Resolves at the first SIGINT or SIGTERM. Repeated signals change nothing: the stop has a deadline of its own. `stopMs`
 * gives a longer one, ms.
 */
export function stopRequested(stopMs: () => number = () => 0): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        setTimeout(() => process.exit(0), Math.max(STOP_TIMEOUT_MS, stopMs())).unref();
        resolve();
      });
    }
  });
}

/** Calls back at each SIGHUP, which then ends nothing. */
export function onHangUp(callback: () => void): Disposable {
  process.on('SIGHUP', callback);
  return { [Symbol.dispose]: () => process.off('SIGHUP', callback) };
}

/** Keeps the process alive while a command waits for a timer: those of the clock alone do not. */
export function stayAlive(): Disposable {
  const handle = setInterval(() => {}, 2_147_483_647);
  return { [Symbol.dispose]: () => clearInterval(handle) };
}

/** Aborts when a command that goes on until it is stopped is to end. */
export function stopSignal({ stop }: Io): AbortSignal {
  if (stop !== undefined) return stop;
  const controller = new AbortController();
  void stopRequested().then(() => controller.abort());
  return controller.signal;
}
