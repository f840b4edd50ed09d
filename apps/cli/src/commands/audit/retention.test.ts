import type { AuditRetention } from '@roundhouse/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeApi } from '../../api.fixture.ts';
import { EXIT } from '../../exit.ts';

const AT = '2026-01-01T00:00:00.000Z';
const STEP: AuditRetention['steps'][number] = {
  kind: 'segment',
  segment: 0,
  action: 'remove',
  reason: 'due',
  erases: false,
  removes: true,
  due: AT,
  holds: [],
  from: AT,
  to: AT,
  records: 20,
  outcome: null,
  failure: null,
};
const HOLD = { id: 'case-1', owner: 'legal', reason: 'Evil\u001b[2J', from: null, to: null, class: null };
const REPORT: AuditRetention = {
  journal: 'J',
  at: AT,
  applied: false,
  steps: [
    STEP,
    { ...STEP, segment: 2, action: 'keep', reason: 'held', holds: ['case-1'] },
    { ...STEP, segment: 1, action: 'keep', reason: 'kept_for_ever', due: null, holds: [], records: null },
  ],
  holds: [{ ...HOLD, session: null, user: 'bob', host: null, segments: [1], archives: [] }],
  last_run: null,
};

let api: FakeApi;
beforeEach(async () => {
  api = await FakeApi.start();
  api.replies.getAuditRetention = REPORT;
});
afterEach(() => api[Symbol.asyncDispose]());

describe('audit retention', () => {
  it('shows what would be done, and why', async () => {
    const { code, stdout } = await api.cli(['audit', 'retention', 'plan']);
    expect(code).toBe(EXIT.Ok);
    expect(stdout).toMatch(/^segment +0 +remove +due +20 +/m);
    expect(stdout).toMatch(/^segment +1 +keep +kept_for_ever +- .* never +-$/m);
    expect(stdout).toMatch(/^segment +2 +keep +held \(case-1\) /m);
    const json = await api.cli(['audit', 'retention', 'plan', '--json']);
    expect(JSON.parse(json.stdout)).toEqual(REPORT);
    expect(api.asked.map(({ route }) => route)).toEqual(['getAuditRetention', 'getAuditRetention']);
  });

  it.each([
    ['done', null, EXIT.Ok],
    ['failed', 'the disk is full', EXIT.Findings],
  ] as const)('runs it, and ends with what came of it: %s', async (outcome, failure, expected) => {
    api.replies.runAuditRetention = { ...REPORT, applied: true, steps: [{ ...STEP, outcome, failure }] };
    const { code, stdout } = await api.cli(['audit', 'retention', 'run']);
    expect([code, stdout]).toEqual([expected, expect.stringContaining(failure ?? outcome)]);
  });
});

describe('audit hold', () => {
  it('lists holds, with what they keep', async () => {
    const { stdout } = await api.cli(['audit', 'hold', 'list']);
    expect(stdout).toMatch(/^case-1 +legal +user=bob +1 +0 +Evil·\[2J$/m);
  });
});
