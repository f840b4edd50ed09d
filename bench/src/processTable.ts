import { readdirSync, readFileSync } from 'node:fs';

/** Processes of this machine as `/proc` tells of them. Linux only. */

export function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Empty for one that is gone, or dead and not yet waited for. */
export function argumentsOf(pid: number): readonly string[] {
  return read(pid, 'cmdline').split('\0').slice(0, -1);
}

/** Proportional set size, kB: what is shared is counted once over all that share it. 0 for one that is gone. */
export function proportionalKb(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB$/m.exec(read(pid, 'smaps_rollup'))?.[1] ?? 0);
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    return '';
  }
}
