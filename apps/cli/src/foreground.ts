/** A stop takes at most this long, ms: what still runs then is cut. */
const STOP_TIMEOUT_MS = 4_800;

/** Resolves at the first SIGINT or SIGTERM. Repeated signals change nothing: the stop has a deadline of its own. */
export function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        setTimeout(() => process.exit(0), STOP_TIMEOUT_MS).unref();
        resolve();
      });
    }
  });
}
