import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '@roundhouse/core';

/** How long the start of workers, and of what else goes on behind a started server, is taken to last, ms. */
const SETTLE_MS = 4_000;
/** Until what is done once behind that has ended, above all the first look at compliance, ms. */
const REST_MS = 40_000;

/**
 * What starts a server makes more garbage at once than all that comes later, and V8 would grow its young generation for
 * it, by some 30 MB, and never give them back. It would optimise, in threads of its own, code that runs once: 10 MB that
 * malloc keeps for these threads. Until a while after `started` was called the one is kept as small as it began, and the
 * other is left; then what was compiled is kept for the next start, which a kill would prevent later, and what only the
 * start has needed is given back.
 */
export function startingUp(clock: Clock, keepCompiled: () => void): { readonly started: () => void } {
  for (const flag of ['--semi-space-growth-factor=1', '--no-opt', '--no-maglev']) setFlagsFromString(flag);
  const settle = (): void => {
    for (const flag of ['--semi-space-growth-factor=2', '--opt', '--maglev']) setFlagsFromString(flag);
    // V8 takes it up only under the settings under which it was kept.
    keepCompiled();
  };
  // A start that ends early: whoever keeps it at the end does so behind this.
  process.prependOnceListener('exit', settle);
  return {
    started: () =>
      void clock.setTimer(SETTLE_MS, () => {
        process.off('exit', settle);
        settle();
        giveBack();
        clock.setTimer(REST_MS, giveBack);
      }),
  };
}

/**
 * V8 alone gives back the memory of the start hours later, if at all: a server that idles makes too little garbage. What
 * ran once is compiled again should it run once more. Stands still for as long as three full collections take.
 */
function giveBack(): void {
  setFlagsFromString('--expose-gc');
  setFlagsFromString('--bytecode-old-age=1');
  const collect = runInNewContext('gc') as NodeJS.GCFunction;
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  setFlagsFromString('--bytecode-old-age=6');
  setFlagsFromString('--no-expose-gc');
}
