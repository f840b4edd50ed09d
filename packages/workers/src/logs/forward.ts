import type { Logger, Scope } from '@roundhouse/core';
import { createTokenBucket } from '@roundhouse/resilience';
import { type InstanceId, nameOf } from '../instance/id.ts';
import type { LogSpec } from '../spec/spec.ts';
import type { LogLine, Logs } from './contract.ts';
import { linePattern } from './pattern.ts';

/** Lines that are told a second, over time and at once: what floods the log is not to flood those who wait for events. */
const LINES_PER_S = 10;
const BURST = 100;

/** Tells the lines that somebody wants to hear of, from `sinceMs` (wall clock) until the scope ends. */
export function forwardLines(
  { pattern, stream }: NonNullable<LogSpec['forward']>,
  instance: InstanceId,
  sinceMs: number,
  deps: { readonly logs: Pick<Logs, 'follow'>; readonly log: Logger; readonly onLine: (line: LogLine) => void },
  scope: Scope,
): void {
  const { logs, log, onLine } = deps;
  const fits = linePattern(pattern);
  const name = nameOf(instance);
  const bucket = createTokenBucket({ ratePerSecond: LINES_PER_S, burst: BURST, what: `Lines of ${name}` }, scope);
  let isFlood = false;
  const forward = async (): Promise<void> => {
    for await (const line of logs.follow({ instances: [instance], sinceMs, ...(stream && { stream }) }, scope)) {
      if (!fits(line.bytes)) continue;
      const isRoom = bucket.tryTake();
      if (isRoom) onLine(line);
      else if (!isFlood) log.warn('more lines fit than are told', { worker: name, pattern, lines_per_s: LINES_PER_S });
      isFlood = !isRoom;
    }
  };
  forward().catch((error: unknown) => {
    if (!scope.signal.aborted) log.warn('lines are not told any more', { worker: name, reason: String(error) });
  });
}
