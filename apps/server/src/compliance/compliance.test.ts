import { readFileSync } from 'node:fs';
import {
  type ComplianceReportResource,
  complianceReportSchema,
  complianceRulesSchema,
  validate,
} from '@roundhouse/api';
import { isRoundhouseError } from '@roundhouse/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JournalEvent } from '../event/record.ts';
import { eventFault } from '../event/catalogue.ts';
import { bearer, call, type WireAnswer } from '../wire.fixture.ts';
import { Site, TOKEN } from './site.fixture.ts';

const DAY_MS = 86_400_000;
const LENIENT = 'authentication: { lockout: { max_failures: 50 } }\n';

let site: Site;
let url: string;

beforeEach(async () => {
  site = await Site.prepare();
});
afterEach(() => site[Symbol.asyncDispose]());

async function listen(...layers: readonly string[]): Promise<void> {
  await site.start(...layers);
  ({ url } = await site.server.start());
}

const get = (path: string): Promise<WireAnswer> => call(url, 'GET', path, { authorization: bearer(TOKEN) });

/** What the configuration is refused for. */
async function faults(text: string): Promise<ReadonlyArray<Readonly<Record<string, unknown>>>> {
  try {
    await site.start(text);
    return [];
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
    return error.details['diagnostics'] as ReadonlyArray<Readonly<Record<string, unknown>>>;
  }
}

describe('GET /api/v1/compliance/report', () => {
  it('evaluates now, and answers in JSON as its schema says', async () => {
    await listen('{}\n');
    const { status, json } = await get('/api/v1/compliance/report?profile=pci_dss_4');
    expect(status).toBe(200);
    expect(validate(complianceReportSchema, json, 'body')).toMatchObject({ ok: true });
    const report = json as unknown as ComplianceReportResource;
    expect(report.profile.id).toBe('pci_dss_4');
    expect(report.results).toHaveLength(30);
    expect(report.generated_at).toBe(new Date(site.clock.now()).toISOString());
  });

  it.each([
    ['csv', 'text/csv', 'generated_at,profile,rule,'],
    ['html', 'text/html', '<!doctype html>'],
    ['oscal', 'application/oscal+json', '{"assessment-results":'],
  ])('answers in %s', async (format, type, beginning) => {
    await listen('{}\n');
    const { status, headers, text } = await get(`/api/v1/compliance/report?format=${format}`);
    expect([status, headers['content-type']]).toEqual([200, `${type}; charset=utf-8`]);
    expect(text.startsWith(beginning)).toBe(true);
  });

  it('shows the profile of the configuration when none is asked for, and names the nearest of a wrong one', async () => {
    await listen('compliance: { profile: soc2 }\n');
    expect((await get('/api/v1/compliance/report')).json).toMatchObject({ profile: { id: 'soc2' } });
    const { status, json } = await get('/api/v1/compliance/report?profile=soc');
    expect([status, json]).toMatchObject([404, { code: 'COMPLIANCE_PROFILE_UNKNOWN', hint: /Did you mean soc2\?/ }]);
    expect((await get('/api/v1/compliance/report?format=pdf')).status).toBe(422);
  });

  it('tells no secret', async () => {
    await listen(
      `principals: [{ id: jane, roles: [admin], password_hash: "$argon2id$v=19$m=8192,t=1,p=1$${'A'.repeat(22)}$${'B'.repeat(43)}" }]\n`,
    );
    for (const format of ['json', 'csv', 'html', 'oscal']) {
      const { text } = await get(`/api/v1/compliance/report?format=${format}`);
      expect(text).not.toContain(TOKEN);
      expect(text).not.toMatch(/AAAAAAAA|BBBBBBBB/);
    }
  });
});

describe('GET /api/v1/compliance/rules', () => {
  it('shows own rules and profiles beside those of the product', async () => {
    await listen(`compliance:
  rules:
    - id: ACME-1
      title: Nobody may do everything
      type: access_control
      severity: low
      expression: size(policy.wildcard_admins) <= params.most
      parameters: { most: 0 }
      remediation: Take admin away.
  profiles: [{ id: acme, title: Ours, rules: [ACME-1, RH-C16], parameters: { RH-C16: { max_failures: 5 } } }]
`);
    const { json } = await get('/api/v1/compliance/rules');
    expect(validate(complianceRulesSchema, json, 'body')).toMatchObject({ ok: true });
    expect(json).toMatchObject({
      rules: expect.arrayContaining([
        expect.objectContaining({ id: 'ACME-1', profiles: ['all', 'acme'], needs: ['policy.wildcard_admins'] }),
      ]),
      profiles: expect.arrayContaining([expect.objectContaining({ id: 'acme', rules: 2 })]),
    });
    const { results } = await site.assess('acme');
    expect(results.map(({ rule, status }) => [rule.id, status])).toEqual([
      ['RH-C16', 'fail'],
      ['ACME-1', 'pass'],
    ]);
  });
});

describe('the section compliance of the configuration', () => {
  it.each([
    ['profile: socc2', 'compliance.profile', 'soc2'],
    [
      'waivers: [{ rule: RH-C61, owner: o, reason: long enough, expires: "2030-01-01T00:00:00Z" }]',
      'compliance.waivers[0].rule',
      'RH-C01',
    ],
    ['parameters: { RH-C16: { max_failure: 3 } }', 'compliance.parameters.RH-C16.max_failure', 'max_failures'],
    ['parameters: { RH-C166: { max_failures: 3 } }', 'compliance.parameters.RH-C166', 'RH-C16'],
    ['profiles: [{ id: p, title: t, rules: [RHC16] }]', 'compliance.profiles[p].rules[0]', 'RH-C16'],
    [
      'rules: [{ id: A-1, title: t, type: other, severity: low, remediation: r, expression: lockout.max_failurs < 3 }]',
      'compliance.rules[A-1].expression',
      'lockout.max_failures < 3',
    ],
  ])('tells where a name is wrong, and what was meant: %s', async (text, path, suggestion) => {
    const [fault, ...others] = await faults(`compliance: { ${text} }\n`);
    expect(others).toEqual([]);
    expect(fault).toMatchObject({ path, suggestion, line: 1, column: expect.any(Number) });
  });

  it.each([
    ['parameters: { RH-C16: { max_failures: many } }', 'is a number'],
    [
      'rules: [{ id: RH-C01, title: t, type: other, severity: low, remediation: r, expression: audit.is_enabled }]',
      'part of the product',
    ],
    [
      'rules: [{ id: A-1, title: t, type: other, severity: low, remediation: r, expression: audit.is_enabled && }]',
      'character',
    ],
    [
      'rules: [{ id: A-1, title: t, type: other, severity: low, remediation: r, expression: size(policy.wildcard_admins) }]',
      'true or false',
    ],
    ['profiles: [{ id: soc2, title: t, rules: [RH-C16] }]', 'part of the product'],
    ['waivers: [{ rule: RH-C16, owner: o, reason: short, expires: "2030-01-01T00:00:00Z" }]', '10'],
    ['waivers: [{ rule: RH-C16, owner: o, reason: long enough }]', 'expires'],
  ])('refuses %s', async (text, reason) => {
    expect(JSON.stringify(await faults(`compliance: { ${text} }\n`))).toContain(reason);
  });

  it('waives a rule for a while, and says so', async () => {
    const expires = new Date(site.clock.now() + DAY_MS).toISOString();
    const waiver = `{ rule: RH-C16, owner: jane, reason: A host that needs it, expires: "${expires}" }`;
    await site.start(LENIENT, `compliance: { waivers: [${waiver}] }\n`);
    expect(await site.result('RH-C16')).toMatchObject({ status: 'waived', wouldBe: 'fail', waiver: { owner: 'jane' } });
    site.clock.shift(DAY_MS);
    expect(await site.result('RH-C16')).toMatchObject({ status: 'fail', waiver: { isExpired: true } });
  });

  it('holds from a reload on', async () => {
    await site.start(LENIENT);
    expect((await site.result('RH-C16')).status).toBe('fail');
    site.server.compliance.configure({ parameters: { 'RH-C16': { max_failures: 60 } } });
    expect((await site.result('RH-C16')).status).toBe('pass');
  });
});

describe('the page about compliance', () => {
  const page = readFileSync(new URL('../../../../docs/compliance.md', import.meta.url), 'utf8');

  it('has an example that is valid, and whose rules can be evaluated', async () => {
    const [, example] = /```yaml\n(.*?)```/s.exec(page) ?? [];
    await site.start(example ?? '');
    const { results } = await site.assess('acme');
    expect(results.map(({ rule, status }) => [rule.id, status])).toEqual([
      ['RH-C16', 'fail'],
      ['RH-C23', 'pass'],
      ['ACME-1', 'pass'],
    ]);
  });
});

describe('violations', () => {
  const told: JournalEvent[] = [];
  const follow = (): void => {
    told.length = 0;
    site.server.journal.watch((event) => {
      if (event.type.startsWith('roundhouse.compliance.')) told.push(event);
    });
  };
  const toldOf = (rule: string) => told.flatMap(({ type, subject }) => (subject === rule ? [type] : []));

  it('are events of the catalogue, and records, when they begin and when they end', async () => {
    await site.start(LENIENT);
    follow();
    await site.assess();
    site.server.compliance.configure({ parameters: { 'RH-C16': { max_failures: 60 } } });
    await site.assess();
    await site.server.journal.settled();
    expect(toldOf('RH-C16')).toEqual(['roundhouse.compliance.violated', 'roundhouse.compliance.restored']);
    expect(told.map(eventFault)).toEqual(told.map(() => undefined));
    expect(
      site.transitions.flatMap(({ result, from, fact }) =>
        result.rule.id === 'RH-C16' ? [[from, result.status, fact]] : [],
      ),
    ).toEqual([
      [null, 'fail', 'violated'],
      ['fail', 'pass', 'restored'],
    ]);
  });

  it('are not told again after a restart', async () => {
    await site.start(LENIENT);
    await site.assess();
    await site.start(LENIENT);
    follow();
    await site.assess();
    await site.server.journal.settled();
    expect(told).toEqual([]);
  });

  it('are found soon after a change, without anybody asking', async () => {
    await site.start('{}\n');
    await site.clock.advance(35_000);
    follow();
    const { resources } = site.server;
    await resources.create('principal', { id: 'helpdesk', roles: [] }, { by: 'jane' });
    for (const id of ['a', 'b', 'c']) await resources.create('principal', { id, roles: ['admin'] }, { by: 'jane' });
    await expect
      .poll(
        async () => {
          await site.clock.advance(1_000);
          return toldOf('RH-C21');
        },
        { timeout: 8_000 },
      )
      .toEqual(['roundhouse.compliance.violated']);
  });

  it('are looked for on schedule', async () => {
    await site.start('compliance: { interval_ms: 60000 }\n');
    const monitor = await site.server.compliance.monitor();
    const soon = { timeout: 8_000 };
    // Facts come from the machine, which takes its own time beside that of the clock.
    const evaluatedAfter = (moment: number) =>
      expect
        .poll(async () => {
          await site.clock.advance(5_000);
          return (monitor.latest?.at ?? 0) > moment;
        }, soon)
        .toBe(true);
    await evaluatedAfter(0);
    await evaluatedAfter(monitor.latest?.at ?? Infinity);
  });
});

describe('secrets at rest', () => {
  const secret = `whsec_${Buffer.alloc(24, 9).toString('base64')}`;

  it('are looked for in the store', async () => {
    await site.start(`webhooks: [{ id: w, url: "https://example.com/", secret: [${secret}, ${secret}] }]\n`);
    expect((await site.result('RH-C18')).status).toBe('pass');
    const { value } = (await site.store.get('webhook', 'w')) ?? {};
    expect(JSON.stringify(value)).not.toContain(secret);
    const spec = { id: 'w', url: 'https://example.com/', secret: [secret] };
    await site.store.commit({
      writes: [{ op: 'put', kind: 'webhook', id: 'w', value: { origin: 'api', spec }, expect: 'any' }],
    });
    expect((await site.result('RH-C18')).status).toBe('fail');
  });
});

describe('changes', () => {
  it('have an author, and no approver that is known', async () => {
    await site.start('principals: [{ id: jane, roles: [] }]\n');
    const { status, evidence } = await site.result('RH-C28');
    expect(status).toBe('unknown');
    expect(evidence.facts).toMatchObject([
      { name: 'changes.can_roll_back', code: 'NO_CONFIGURATION_FILE' },
      { name: 'changes.without_approver', code: 'NOT_SUPPORTED' },
      { name: 'changes.without_author', value: 0 },
    ]);
  });
});
