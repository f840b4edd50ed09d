import { openSync } from 'node:fs';
import { createScope, systemClock } from '@roundhouse/core';
import { processPressure } from '../http/processPressure.ts';
import { historySeries } from '../metrics/historySeries.ts';
import { createMetrics } from '../metrics/metrics.ts';
import { processLimits } from './processLimits.ts';

/** A process that uses up what it may open, and then reads what a server reads again and again. */
const scope = createScope({ clock: systemClock });
const [memory] = processLimits();
const pressure = processPressure(scope);
const metrics = createMetrics({ clock: systemClock, version: '1' });
const series = historySeries(metrics, {});
try {
  for (;;) openSync('/dev/null', 'r');
} catch (error) {
  process.stdout.write(`${(error as NodeJS.ErrnoException).code} `);
}
const figures = [memory?.usage(), pressure().memoryRatio];
for (const { read } of series) read();
await metrics.render();
process.stdout.write(figures.join(' '));
scope.end();
