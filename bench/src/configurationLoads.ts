import { systemFiles } from '@roundhouse/config';
import { createScope, systemClock } from '@roundhouse/core';
import { readConfiguration } from '@roundhouse/server';

/** Reads and checks a configuration TIMES times, as a process: `configurationLoads.ts FILE TIMES`. Prints the ms of each. */
const [file, times] = process.argv.slice(2) as [string, string];
using scope = createScope();
const elapsed: number[] = [];
while (elapsed.length < Number(times)) {
  const began = performance.now();
  await readConfiguration({ file }, { files: systemFiles, variables: {}, clock: systemClock }, scope);
  elapsed.push(performance.now() - began);
}
process.stdout.write(`${JSON.stringify(elapsed)}\n`);
