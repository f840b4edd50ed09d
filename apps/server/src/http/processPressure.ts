import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { constrainedMemory } from 'node:process';
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { Scope } from '@roundhouse/core';
import { residentMemory } from '../limit/residentMemory.ts';
import type { Pressure } from './overload.ts';

/** How often the event loop is looked at, ms: the smallest lateness that is seen. */
const RESOLUTION_MS = 10;
const NS_PER_MS = 1e6;
/** Part of its time that a loop is busy from which on it is looked at: below, it waits more than it lets others wait. */
const BUSY = 0.5;

/**
 * Reads the pressure on this process, each time since the time before. A loop that has become busy is watched from the
 * next reading on, until it has been calm between two, or the scope ends: the watch alone would wake an idle process a
 * hundred times a second.
 */
export function processPressure(scope: Scope): () => Pressure {
  /** While it is watched: a histogram takes 370 kB. */
  let delays: ReturnType<typeof monitorEventLoopDelay> | undefined;
  let before = performance.eventLoopUtilization();
  scope.onEnd(() => void delays?.disable());
  return () => {
    // The histogram counts the interval itself; it is empty when the loop has not turned since.
    const meanMs = delays === undefined || delays.count === 0 ? 0 : delays.mean / NS_PER_MS - RESOLUTION_MS;
    const now = performance.eventLoopUtilization();
    if (performance.eventLoopUtilization(now, before).utilization < BUSY) {
      delays?.disable();
      delays = undefined;
    } else if (delays === undefined) {
      delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      delays.enable();
    } else delays.reset();
    before = now;
    const heap = getHeapStatistics();
    return {
      loopDelayMs: Math.max(meanMs, 0),
      heapRatio: heap.used_heap_size / heap.heap_size_limit,
      memoryRatio: (residentMemory() || 0) / memoryLimit(),
    };
  };
}

/** What the process may have, bytes: by its control group where there is one, else what the machine has. */
export function memoryLimit(): number {
  const constrained = constrainedMemory();
  const total = totalmem();
  // Without a bound the kernel tells a number beyond all memory.
  return constrained > 0 && constrained < total ? constrained : total;
}
