/**
 * Runs all tests: the quick suites, then those that start processes, then what every protocol promises once more on the
 * next Node.js. The last line of its output is `N passed, N failed`, with `, N skipped` when there are any.
 *
 * node tools/test.ts [--long] [--only PATTERN]
 *   --long          more cases, kills and rounds, see docs/testing.md (sets ROUNDHOUSE_LONG=1)
 *   --only PATTERN  only test files whose path contains PATTERN
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { nextRuntime } from './nextRuntime.ts';
import { countTests, formatTotals, type Totals } from './testTotals.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** In the path of what has to pass on the next Node.js as well. */
const CONTRACT = 'contract.test';

interface Suite {
  readonly configuration: string;
  /** Only files whose path contains it. */
  readonly pattern?: string;
  /** Default: the one that runs this. */
  readonly runtime?: string;
}

const { values: flags } = parseArgs({ options: { long: { type: 'boolean' }, only: { type: 'string' } } });

let running: ChildProcess | undefined;
let interruptedBy: NodeJS.Signals | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second one no longer waits for vitest to tidy up.
    running?.kill(interruptedBy === undefined ? signal : 'SIGKILL');
    interruptedBy = signal;
  });
}

const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
for (const suite of suites()) {
  if (interruptedBy !== undefined) break;
  const counted = await runSuite(suite);
  totals.passed += counted.passed;
  totals.failed += counted.failed;
  totals.skipped += counted.skipped;
}
if (interruptedBy === undefined && flags.only !== undefined && totals.passed + totals.failed + totals.skipped === 0) {
  console.error(`No test file has ${flags.only} in its path.`);
  totals.failed = 1;
}

console.log(formatTotals(totals));
process.exitCode = totals.failed > 0 ? 1 : 0;
if (interruptedBy !== undefined) process.exitCode = 128 + constants.signals[interruptedBy];

function suites(): readonly Suite[] {
  const { only } = flags;
  const pattern = only === undefined ? {} : { pattern: only };
  const all: Suite[] = [
    { configuration: 'vitest.config.ts', ...pattern },
    { configuration: 'vitest.process.config.ts', ...pattern },
  ];
  if (only !== undefined && !only.includes(CONTRACT)) return all;
  try {
    all.push({ configuration: 'vitest.config.ts', pattern: only ?? CONTRACT, runtime: nextRuntime(root) });
  } catch (error) {
    console.error(`The contract of protocols is not tested on the next Node.js: ${(error as Error).message}`);
  }
  return all;
}

async function runSuite({ configuration, pattern, runtime = process.execPath }: Suite): Promise<Totals> {
  const folder = mkdtempSync(join(tmpdir(), 'roundhouse-test-'));
  const report = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const files = pattern === undefined ? [] : [pattern];
    const args = ['run', '--config', configuration, '--passWithNoTests', ...reporters, ...files];
    const exitCode = await runVitest(runtime, args);
    const counted = countTests(readReport(report), exitCode);
    if (counted.problem !== undefined && interruptedBy === undefined) {
      console.error(`${configuration}: ${counted.problem}; counted as failed.`);
    }
    return counted;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runVitest(runtime: string, args: readonly string[]): Promise<number> {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  return new Promise((resolve, reject) => {
    running = spawn(runtime, [vitest, ...args], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, ...(flags.long && { ROUNDHOUSE_LONG: '1' }) },
    });
    running.once('error', reject);
    running.once('close', (code) => resolve(code ?? 1));
  });
}

/** The report of a run, or null when vitest did not come so far as to write one. */
function readReport(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}
