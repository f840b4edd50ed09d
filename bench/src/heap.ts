export interface MemoryUse {
  /** What the engine and its buffers hold: heap in use and external memory, bytes. */
  readonly held: number;
  /** Resident set, bytes. */
  readonly rss: number;
}

/** Memory after a full collection. Needs `--expose-gc`. */
export async function memoryAfterCollection(): Promise<MemoryUse> {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('This measurement needs node --expose-gc');
  // Handles that were closed let go of their memory in later turns of the event loop.
  for (let turn = 0; turn < 3; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { held: heapUsed + external, rss };
}
