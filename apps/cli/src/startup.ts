import { setFlagsFromString } from 'node:v8';
import type { Clock } from '@roundhouse/core';

/** How long the start of workers, and of what else goes on behind a started server, is taken to last, ms. */
const SETTLE_MS = 4_000;

/**
 * What starts a server makes more garbage at once than all that comes later, and V8 would grow its young generation for
 * it, by some 30 MB, and never give them back: until a while after `started` was called it is kept as small as it began.
 */
export function startingUp(clock: Clock): { readonly started: () => void } {
  setFlagsFromString('--semi-space-growth-factor=1');
  return {
    started: () => void clock.setTimer(SETTLE_MS, () => setFlagsFromString('--semi-space-growth-factor=2')),
  };
}
