/**
 * The long run of the fuzzers: every parser of the protocols, each with so many cases, in one process. Prints a table:
 * parser, cases, time, and the largest growth of the heap that was left behind by its cases. Exit status 1 when a promise
 * is broken; the seed and the smallest input are printed.
 *
 *   node tools/fuzz.ts [--cases N] [--only TEXT]… [--seed N]      N is 1,000,000 when nothing is said
 */
import { globSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { FuzzTarget } from '@roundhouse/testing';
import { table } from './docs/markdown.ts';

registerHooks({
  resolve: (specifier, context, next) => next(specifier, { ...context, conditions: [...context.conditions, 'source'] }),
});
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The heap is looked at after so many cases. */
const BATCH = 50_000;
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values: flags } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000000' },
    only: { type: 'string', multiple: true, default: [''] },
    seed: { type: 'string' },
  },
});
const cases = Number(flags.cases);
let seed = flags.seed === undefined ? Math.trunc(performance.timeOrigin) & 0x7fff_ffff : Number(flags.seed);

const rows: string[][] = [];
for (const target of (await targets()).filter(({ parser }) => flags.only.some((text) => parser.includes(text)))) {
  const row = await run(target);
  rows.push(row);
  process.stderr.write(`${row.join(' | ')}\n`);
}
console.log(table(['Parser', 'Cases', 'Seconds', 'Heap growth, KiB', 'Promise'], rows));

async function targets(): Promise<readonly FuzzTarget[]> {
  const files = globSync('packages/*/src/**/*.fuzz.fixture.ts', { cwd: root }).toSorted();
  const found = await Promise.all(
    files.map(async (file) => (await import(pathToFileURL(join(root, file)).href)) as { FUZZ: readonly FuzzTarget[] }),
  );
  // What takes longest comes last.
  const isLong = ({ parser }: FuzzTarget): boolean => parser.includes('conversations');
  const all = found.flatMap(({ FUZZ }) => FUZZ);
  return [...all.filter((each) => !isLong(each)), ...all.filter(isLong)];
}

async function run({ parser, promise, check }: FuzzTarget): Promise<string[]> {
  const startedAt = performance.now();
  let growth = 0;
  let done = 0;
  let outcome = promise;
  try {
    // What is loaded and compiled at the first use is no growth.
    await check(Math.min(cases, 1_000), seed);
    const before = heapBytes();
    while (done < cases) {
      const some = Math.min(BATCH, cases - done);
      seed = (seed + 1) & 0x7fff_ffff;
      await check(some, seed);
      done += some;
      growth = Math.max(growth, heapBytes() - before);
    }
  } catch (error) {
    process.exitCode = 1;
    outcome = 'BROKEN, see above';
    process.stderr.write(`${parser}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  return [parser, done.toLocaleString('en'), seconds, String(Math.round(growth / 1_024)), outcome];
}

function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
