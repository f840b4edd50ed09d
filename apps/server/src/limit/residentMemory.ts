import { memoryUsage } from 'node:process';

/**
 * Resident memory of this process, bytes; NaN while the system does not tell: libuv opens `/proc/self/stat` for it, which
 * fails when all descriptors are in use.
 */
export function residentMemory(): number {
  try {
    return memoryUsage.rss();
  } catch {
    return Number.NaN;
  }
}
