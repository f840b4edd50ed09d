import { setInterval } from 'node:timers/promises';
import { isRoundhouseError } from '@roundhouse/core';
import { defineScreen, type HostTerminal, serveHost } from '@roundhouse/tn3270/host';

/**
 * A host whose screens keep changing, as a process: `trickleHost.ts INTERVAL_MS`. Prints `{"port":…}`. Each terminal gets
 * a form of 22 labelled fields, and their 22 values anew every interval.
 */
const intervalMs = Number(process.argv[2]);

const ROWS = Array.from({ length: 22 }, (_, index) => index + 1);
const Panel = defineScreen({
  fields: ROWS.flatMap((row) => [
    { row, column: 2, text: `LABEL ${String(row).padStart(2, '0')} . . . . :` },
    { row, column: 22, name: `value${row}`, length: 38 },
  ]),
});

function values(tick: number): Record<string, string> {
  return Object.fromEntries(ROWS.map((row) => [`value${row}`, `VALUE ${String(tick).padStart(6, '0')}`]));
}

async function trickle(terminal: HostTerminal): Promise<void> {
  const shown = terminal.show(Panel, { values: values(0) });
  // Whoever leaves ends the wait for a key; the ticks end with the same scope.
  shown.catch(() => {});
  let tick = 0;
  try {
    for await (const _ of setInterval(intervalMs, undefined, { signal: terminal.scope.signal })) {
      terminal.update(values(++tick));
    }
  } catch (error) {
    if (!terminal.scope.signal.aborted && !isRoundhouseError(error)) throw error;
  }
}

const host = await serveHost({ port: 0 }, trickle);
process.stdout.write(`${JSON.stringify({ port: host.port })}\n`);
