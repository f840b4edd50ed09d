import type { ComplianceReportResource, ComplianceResult, ComplianceRule } from '@roundhouse/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeApi, Problem } from '../../api.fixture.ts';
import { EXIT } from '../../exit.ts';

const AT = '2026-01-01T00:00:00.000Z';
const DESCRIBED = {
  title: 'Locked out soon',
  type: 'password_policy',
  severity: 'high' as const,
  mappings: { pci_dss: ['8.3.4'], hipaa: [], soc2: ['CC6.1'] },
  limits: null,
  expression: 'lockout.max_failures <= params.max',
  remediation: { text: 'Lock out sooner.', configuration: 'authentication:\n  lockout: { max_failures: 10 }\n' },
};
const RULE: ComplianceRule = {
  id: 'RH-C16',
  ...DESCRIBED,
  applies: null,
  parameters: { max: 10 },
  needs: ['lockout.max_failures'],
  profiles: ['all', 'soc2'],
};
const PROFILES = ['all', 'soc2', 'hipaa'].map((id) => ({ id, title: id, notes: '', rules: 1 }));
const FACT = { name: 'lockout.max_failures', type: 'number', unit: null, meaning: 'Failures', source: 'configuration' };

function result(status: ComplianceResult['status'], more: Partial<ComplianceResult> = {}): ComplianceResult {
  const fact = { name: FACT.name, value: 50, code: null, reason: null, source: FACT.source, at: AT };
  return {
    rule: 'RH-C16',
    ...DESCRIBED,
    status,
    would_be: null,
    reason: null,
    evidence: { digest: 'sha256:ab', parameters: { max: 10 }, facts: [{ ...fact, state: 'known' }] },
    waiver: null,
    ...more,
  };
}

function report(...results: readonly ComplianceResult[]): ComplianceReportResource {
  const summary = { pass: 0, fail: 0, waived: 0, not_applicable: 0, unknown: 0 };
  for (const { status } of results) summary[status]++;
  const profile = { id: 'all', title: 'All rules', notes: '' };
  const product = { name: 'Roundhouse', version: '1' };
  return { generated_at: AT, product, profile, statement: 'Evidence.', summary, digest: 'd', results: [...results] };
}

let api: FakeApi;

beforeEach(async () => {
  api = await FakeApi.start();
  api.replies.listComplianceRules = { rules: [RULE], profiles: PROFILES, facts: [FACT] };
});
afterEach(() => api[Symbol.asyncDispose]());

describe('compliance report', () => {
  it('shows what wants attention first, and ends with 8 when a rule fails', async () => {
    api.replies.getComplianceReport = report(
      result('pass', { rule: 'A' }),
      result('waived', { rule: 'B', would_be: 'fail' }),
      result('fail', { rule: 'C', title: 'Evil\u001b[2J' }),
    );
    const { code, stdout } = await api.cli(['compliance', 'report', '--profile', 'soc2']);
    expect(code).toBe(EXIT.Findings);
    expect(stdout).toMatch(/1 fail, 0 unknown, 1 waived, 1 pass, 0 not_applicable/);
    expect(stdout).toMatch(/^C +high +fail +Evil·\[2J\nB +high +waived \(fail\) .*\nA +high +pass/m);
    expect(api.asked[0]?.query).toEqual({ profile: 'soc2', format: 'json' });
  });

  it('ends with 0 when none fails, and gives JSON when it is asked to', async () => {
    api.replies.getComplianceReport = report(result('unknown'));
    for (const flags of [['--json'], ['--format', 'json']]) {
      const { code, stdout } = await api.cli(['compliance', 'report', ...flags]);
      expect([code, JSON.parse(stdout)]).toEqual([EXIT.Ok, api.replies.getComplianceReport]);
    }
  });

  it.each(['csv', 'html', 'oscal'])('passes %s of the server on', async (format) => {
    api.replies.getComplianceReport = 'one,two\r\nthree\u001b[2J\r\n';
    const { stdout } = await api.cli(['compliance', 'report', '--format', format]);
    expect(stdout).toBe('one,two\nthree·[2J\n');
    expect(api.asked[0]?.query).toEqual({ format });
  });
});

describe('compliance rules', () => {
  it('lists rules and profiles, or those of one profile', async () => {
    const { stdout } = await api.cli(['compliance', 'rules']);
    expect(stdout).toMatch(/^RH-C16 +high +password_policy +Locked out soon$/m);
    expect(stdout).toMatch(/^soc2 +1 +soc2$/m);
    expect((await api.cli(['compliance', 'rules', '--profile', 'hipaa'])).stdout).not.toContain('RH-C16');
    const wrong = await api.cli(['compliance', 'rules', '--profile', 'socc2']);
    expect([wrong.code, wrong.stderr]).toEqual([EXIT.Usage, expect.stringContaining('did you mean soc2?')]);
  });
});

describe('compliance facts', () => {
  it('lists what rules may ask for', async () => {
    const { stdout } = await api.cli(['compliance', 'facts']);
    expect(stdout).toMatch(/^lockout\.max_failures +number +- +Failures$/m);
  });
});

describe('compliance explain', () => {
  it('shows rule, result, evidence, and what to write', async () => {
    api.replies.getComplianceReport = report(result('fail'));
    const { stdout } = await api.cli(['compliance', 'explain', 'rh-c16']);
    expect(stdout).toMatch(/^expression +lockout\.max_failures <= params\.max$/m);
    expect(stdout).toMatch(/^result +fail$/m);
    expect(stdout).toMatch(/^lockout\.max_failures +50 +configuration$/m);
    expect(stdout).toContain('What makes it pass: Lock out sooner.\n');
    expect(stdout).toContain('  authentication:\n    lockout: { max_failures: 10 }\n');
  });

  it('shows the rule to those who may not see the evidence', async () => {
    api.replies.getComplianceReport = () => new Problem(403, 'FORBIDDEN');
    const { code, stdout } = await api.cli(['compliance', 'explain', 'RH-C16']);
    expect([code, stdout]).toEqual([EXIT.Ok, expect.stringContaining('No result')]);
  });

  it('names the nearest rule', async () => {
    const { code, stderr } = await api.cli(['compliance', 'explain', 'RH-C61']);
    expect([code, stderr]).toEqual([EXIT.Usage, expect.stringContaining('did you mean RH-C16?')]);
  });
});
