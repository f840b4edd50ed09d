import { readdirSync, readFileSync, statSync } from 'node:fs';

/** Descriptors that this process has open; NaN where the system does not tell (proc(5), `/proc/self/fd`). */
export function openDescriptors(): number {
  try {
    // Linux 6.2 and later tell how many there are, at a fraction of the cost; others tell 0.
    const { size } = statSync('/proc/self/fd');
    if (size > 0) return size;
    // The folder that is being read is one of them.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return Number.NaN;
  }
}

/** Descriptors that this process may have open, the soft limit of getrlimit(2); Infinity where that is not told. */
export function maxDescriptors(): number {
  try {
    const soft = /^Max open files +(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
    return soft === undefined || soft === 'unlimited' ? Infinity : Number(soft);
  } catch {
    return Infinity;
  }
}
