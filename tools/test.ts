/**
 * Runs all tests: the quick suites in one process, then each process suite in its own. The last line of its output is
 * `N passed, N failed`, with `, N skipped` when there are any.
 *
 * node tools/test.ts [--long] [--only PATTERN]
 *   --long          longer fuzzing and soaking (sets ROUNDHOUSE_LONG=1)
 *   --only PATTERN  only test files whose path contains PATTERN
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { countTests, formatTotals, type Totals } from './testTotals.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const CONFIGURATIONS = ['vitest.config.ts', 'vitest.process.config.ts'];

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
for (const configuration of CONFIGURATIONS) {
  if (interruptedBy !== undefined) break;
  const counted = await runSuite(configuration);
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

async function runSuite(configuration: string): Promise<Totals> {
  const folder = mkdtempSync(join(tmpdir(), 'roundhouse-test-'));
  const report = join(folder, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const files = flags.only === undefined ? [] : [flags.only];
    const exitCode = await runVitest(['run', '--config', configuration, '--passWithNoTests', ...reporters, ...files]);
    const counted = countTests(readReport(report), exitCode);
    if (counted.problem !== undefined && interruptedBy === undefined) {
      console.error(`${configuration}: ${counted.problem}; counted as failed.`);
    }
    return counted;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runVitest(args: readonly string[]): Promise<number> {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  return new Promise((resolve, reject) => {
    running = spawn(process.execPath, [vitest, ...args], {
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
