import { describe, expect, it } from 'vitest';
import { countTests, formatTotals } from './testTotals.ts';

const report = {
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 1,
  numTodoTests: 1,
  testResults: [{ status: 'passed', assertionResults: [{}] }],
};

describe('countTests', () => {
  it('sums what ran and what was left out', () => {
    expect(countTests(report, 0)).toEqual({ passed: 5, failed: 0, skipped: 2 });
  });

  it('counts failures once, though the run failed as well', () => {
    expect(countTests({ ...report, numFailedTests: 2 }, 1)).toEqual({ passed: 5, failed: 2, skipped: 2 });
  });

  it('counts a file that could not be loaded', () => {
    const testResults = [...report.testResults, { status: 'failed', assertionResults: [] }];
    expect(countTests({ ...report, testResults }, 1)).toMatchObject({ failed: 1, problem: expect.any(String) });
  });

  it('does not let a broken run pass for a good one', () => {
    expect(countTests(report, 1)).toMatchObject({ failed: 1, problem: expect.stringContaining('no test failed') });
    expect(countTests(null, 139)).toMatchObject({ passed: 0, failed: 1, problem: expect.stringContaining('139') });
  });

  it('takes no report for no tests when the run was good', () => {
    expect(countTests(null, 0)).toEqual({ passed: 0, failed: 0, skipped: 0 });
  });
});

describe('formatTotals', () => {
  it('says what was skipped only when there is something', () => {
    expect(formatTotals({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed');
    expect(formatTotals({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped');
  });
});
