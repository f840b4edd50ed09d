import type { Timer } from '@roundhouse/core';
import type { RawTerminal } from '@roundhouse/tn3270/host';

/**
 * Calls back once, when the terminal was not used for `idleMs`. One timer, that looks when the time since the last use is
 * over: a key costs it nothing. Returns a function that withdraws the callback.
 */
export function whenIdle(
  terminal: Pick<RawTerminal, 'scope' | 'lastUseAt'>,
  idleMs: number,
  onIdle: () => void,
): () => void {
  const { clock } = terminal.scope;
  let timer: Timer | undefined;
  const look = (): void => {
    const leftMs = terminal.lastUseAt + idleMs - clock.monotonic();
    if (leftMs <= 0) onIdle();
    else timer = clock.setTimer(leftMs, look);
  };
  look();
  return () => timer?.cancel();
}
