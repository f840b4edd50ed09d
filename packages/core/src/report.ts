/**
 * Surfaces an error that nobody is left to take, as the process does with any other: a listener's bug must neither stop
 * the one who called it nor pass unseen.
 */
export function reportUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
