import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** Uses up what it may open, and then reads what a server reads again and again. */
const PROGRAM = `
import { openSync } from 'node:fs';
import { createScope, systemClock } from '@roundhouse/core';
import { createMetrics } from '${HERE}../metrics/metrics.ts';
import { historySeries } from '${HERE}../metrics/historySeries.ts';
import { processPressure } from '${HERE}../http/processPressure.ts';
import { processLimits } from '${HERE}processLimits.ts';

const scope = createScope({ clock: systemClock });
const limits = processLimits();
const pressure = processPressure(scope);
const metrics = createMetrics({ clock: systemClock, version: '1' });
const series = historySeries(metrics, {});
try {
  for (;;) openSync('/dev/null', 'r');
} catch (error) {
  process.stdout.write(error.code + ' ');
}
const figures = [limits[0].usage(), pressure().memoryRatio];
for (const { read } of series) read();
await metrics.render();
process.stdout.write(figures.join(' '));
scope.end();
`;

describe('a process without a descriptor left', () => {
  it('goes on without the figures that cannot be had', { timeout: 60_000 }, async () => {
    const node = [process.execPath, '--conditions=source', '--input-type=module-typescript', '-e', PROGRAM];
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', 'ulimit -n 64; exec "$@"', 'sh', ...node], {
      cwd: HERE,
    });
    expect(stdout).toBe('EMFILE NaN 0');
  });
});
