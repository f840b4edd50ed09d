/**
 * Logs numbered lines until it has enough, then ends in the way it is told; PATH is a file, or - for standard output:
 * logProcess.fixture.ts PATH LINES MAX_BYTES exit|throw|end|run
 */
import { setImmediate } from 'node:timers/promises';
import { systemClock } from '@roundhouse/core';
import { openLog } from './log.ts';

const [path = '', lines = '0', maxBytes = '0', ending = 'end'] = process.argv.slice(2);
/** Lines of one turn of the event loop. */
const BURST = 200;

const file = { path, rotation: { maxBytes: Number(maxBytes), maxFiles: 1_000 } };
const log = await openLog({ to: path === '-' ? 'stdout' : file }, { clock: systemClock });
for (let line = 0; line < Number(lines); line++) {
  log.logger.info('numbered', { line, padding: 'x'.repeat(100) });
  if (line % BURST === BURST - 1) await setImmediate();
}
if (ending === 'throw') throw new Error('the end');
if (ending === 'exit') process.exit(0);
