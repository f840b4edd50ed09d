import { systemClock } from '@roundhouse/core';
import type { Command } from 'commander';
import { momentBefore } from '../../arguments.ts';
import type { Io } from '../../io.ts';

/** Options of the commands that speak of some deliveries. */
export interface FilterOptions {
  readonly type?: string;
  readonly since?: string;
  readonly until?: string;
}

export function withFilter(command: Command): Command {
  return command
    .option('--type <prefix>', 'only events whose type begins so')
    .option('--since <time>', 'only those from here on, like 1h or 2026-01-31T12:00:00Z')
    .option('--until <time>', 'only those up to here, like 10m');
}

export function filterOf({ type, since, until }: FilterOptions, { clock = systemClock }: Io): FilterOptions {
  const nowMs = clock.now();
  return {
    ...(type === undefined ? {} : { type }),
    ...(since === undefined ? {} : { since: momentBefore(nowMs, since) }),
    ...(until === undefined ? {} : { until: momentBefore(nowMs, until) }),
  };
}
