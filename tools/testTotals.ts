export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

export interface CountedTests extends Totals {
  /** Why something beside the tests themselves was counted as failed. */
  readonly problem?: string;
}

/** The part that is read of a report of vitest's JSON reporter. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: ReadonlyArray<{ readonly status: string; readonly assertionResults: readonly unknown[] }>;
}

/** Counts the tests of a run. A file that could not be loaded and a run that broke count as one failure each. */
export function countTests(report: unknown, exitCode: number): CountedTests {
  if (report === null) {
    if (exitCode === 0) return { passed: 0, failed: 0, skipped: 0 };
    return { passed: 0, failed: 1, skipped: 0, problem: `vitest ended with ${exitCode} and no report` };
  }
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = report as Report;
  const unloaded = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  const totals = {
    passed: numPassedTests,
    failed: numFailedTests + unloaded.length,
    skipped: numPendingTests + numTodoTests,
  };
  if (unloaded.length > 0) return { ...totals, problem: `${unloaded.length} test files could not be run` };
  if (exitCode === 0 || totals.failed > 0) return totals;
  return { ...totals, failed: 1, problem: `vitest ended with ${exitCode} though no test failed` };
}

export function formatTotals({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
