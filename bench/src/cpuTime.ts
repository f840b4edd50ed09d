import { readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time, user and system, that the living threads of a process have used so far, in µs. From the scheduler's own
 * account (`/proc/PID/task/TID/schedstat`, ns), which is finer than the ticks of `/proc/PID/stat`. Linux only.
 */
export function cpuTimeUs(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const perThread = readdirSync(tasks).map((thread) =>
    Number(readFileSync(`${tasks}/${thread}/schedstat`, 'utf8').split(' ', 1)[0]),
  );
  return perThread.reduce((sum, ns) => sum + ns, 0) / 1e3;
}
