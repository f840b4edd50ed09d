import type { AuditReview, AuditVerification } from '@roundhouse/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeApi } from '../../api.fixture.ts';
import { EXIT } from '../../exit.ts';

const AT = '2026-01-01T00:00:00.000Z';
const REVIEW: AuditReview = {
  records: { time: AT, by: 'Evil\u001b[2J', note: null },
  access: null,
  findings: [
    { seq: 7, time: AT, code: 'RHA-4002', title: 'Locked out', severity: 'alert', resource: 'authentication/joe' },
    { seq: 9, time: AT, code: 'RHA-5013', title: 'Not intact', severity: 'alert', resource: null },
  ],
  omitted: 3,
  incomplete: 0,
  first_incomplete: null,
  next_seq: 12,
  behind: 0,
  failure: null,
};
const VERIFICATION: AuditVerification = {
  running: false,
  last: {
    at: AT,
    verdict: 'intact',
    fault: null,
    first_seq: 0,
    next_seq: 12,
    signed_size: 12,
    segments: 1,
    is_whole: false,
    elapsed_ms: 3,
  },
};

let api: FakeApi;
beforeEach(async () => {
  api = await FakeApi.start();
  api.replies.getAuditReview = REVIEW;
});
afterEach(() => api[Symbol.asyncDispose]());

const asked = (): readonly unknown[] => api.asked.map(({ route, body }) => [route, body]);

describe('audit review', () => {
  it('shows what was found, and acknowledges what it has shown and nothing that came meanwhile', async () => {
    api.replies.giveAuditReview = { ...REVIEW, findings: [], omitted: 0 };
    const { code, stdout } = await api.cli(['audit', 'review', '--note', 'joe was on holiday']);
    expect(code).toBe(EXIT.Ok);
    expect(stdout).toMatch(/^7 +\S+ +alert +RHA-4002 +Locked out +authentication\/joe$/m);
    expect(stdout).toContain('3 more have no room here.');
    expect(stdout).toMatch(/^Records: reviewed 2026/m);
    expect(stdout).not.toContain('\u001b');
    expect(asked()[1]).toEqual(['giveAuditReview', { of: 'records', up_to: 11, note: 'joe was on holiday' }]);
  });

  it('shows it, and reviews nothing, when it is asked to', async () => {
    const { stdout } = await api.cli(['audit', 'review', '--list', '--json']);
    expect(JSON.parse(stdout)).toEqual(REVIEW);
    expect(asked()).toHaveLength(1);
  });

  it('reviews accounts and rights in place of records', async () => {
    api.replies.giveAuditReview = REVIEW;
    const { stdout } = await api.cli(['audit', 'review', '--access']);
    expect(stdout).not.toContain('RHA-4002');
    expect(stdout).toContain('Accounts and rights: never reviewed');
    expect(asked()[1]).toEqual(['giveAuditReview', { of: 'access' }]);
  });
});

describe('audit verify without a directory', () => {
  it.each([
    ['intact', EXIT.Ok],
    ['pruned', EXIT.Ok],
    ['altered', EXIT.Findings],
  ] as const)('has the server verify, and ends with what came of it: %s', async (verdict, expected) => {
    api.replies.verifyAudit = { ...VERIFICATION, last: { ...VERIFICATION.last, verdict } };
    const { code, stdout } = await api.cli(['audit', 'verify']);
    expect([code, stdout]).toEqual([expected, expect.stringMatching(new RegExp(`^verdict +${verdict}$`, 'm'))]);
    const json = await api.cli(['audit', 'verify', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ last: { verdict } });
  });

  it('has nothing to hold a key or a checkpoint against', async () => {
    const { code, stderr } = await api.cli(['audit', 'verify', '--key', 'x']);
    expect([code, stderr]).toEqual([EXIT.Usage, expect.stringContaining('are for the files in a directory')]);
    expect(api.asked).toEqual([]);
  });
});
