import type { RoundhouseError, Scope } from '@roundhouse/core';
import type { GroupTree } from '../cgroup/tree.ts';
import { workerError } from '../errors.ts';
import { type Processes, sendSignal, type TreeMark } from './processes.ts';

const MAX_KILL_DELAY_MS = 100;

/** All processes of an instance: by its control group, or else by session and token of its present or last run. */
export class InstanceTree {
  mark: TreeMark | undefined;
  readonly #worker: string;
  readonly #processes: Processes;
  readonly #group: GroupTree | undefined;

  constructor(worker: string, processes: Processes, group: GroupTree | undefined) {
    this.#worker = worker;
    this.#processes = processes;
    this.#group = group;
  }

  async pids(): Promise<readonly number[]> {
    const grouped = this.#group?.isPopulated() === true ? this.#group.pids() : [];
    const { mark } = this;
    if (mark === undefined) return grouped;
    const isInGroup = grouped.includes(mark.leader.pid) || !this.#processes.isAlive(mark.leader);
    // What is in a group stays there. A run of a time without groups is found by its marks.
    if (this.#group !== undefined && isInGroup) return grouped;
    return [...new Set([...grouped, ...(await this.#processes.treeOf(mark))])];
  }

  /** Sends SIGKILL until none is left. Raises WORKER_KILL_FAILED at the scope's deadline. */
  async kill(scope: Scope): Promise<void> {
    for (let delayMs = 1; ; delayMs = Math.min(delayMs * 2, MAX_KILL_DELAY_MS)) {
      const isGroupKilled = this.#group?.isPopulated() === true && (await this.#group.kill());
      const pids = await this.pids();
      if (pids.length === 0) return;
      if (!isGroupKilled) for (const pid of pids) sendSignal(pid, 'SIGKILL');
      try {
        await scope.sleep(delayMs);
      } catch (reason) {
        if ((reason as RoundhouseError).code !== 'DEADLINE_EXCEEDED') throw reason;
        throw workerError('WORKER_KILL_FAILED', { details: { worker: this.#worker, pids }, cause: reason });
      }
    }
  }
}
