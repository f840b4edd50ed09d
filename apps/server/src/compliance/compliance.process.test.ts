import type { ComplianceReportResource } from '@roundhouse/api';
import { afterEach, describe, expect, it } from 'vitest';
import { Installation } from '../run/installation.fixture.ts';

let installation: Installation | undefined;

afterEach(async () => {
  await installation?.[Symbol.asyncDispose]();
  installation = undefined;
});

const resultOf = ({ results }: ComplianceReportResource, rule: string) => results.find((each) => each.rule === rule);

describe('compliance of an installation', () => {
  it('is honest when fresh, follows reloads, and is the same in all formats', async () => {
    const place = (installation = await Installation.start({}));
    const { client } = place;
    const fresh = await client.getComplianceReport();
    expect(fresh.summary.fail + fresh.summary.unknown).toBeGreaterThan(fresh.summary.pass);
    // The token of this test is one that can be guessed, and root has just come in with it.
    for (const rule of ['RH-C13', 'RH-C25']) expect(resultOf(fresh, rule)?.status).toBe('fail');
    expect(resultOf(fresh, 'RH-C01')?.status).toBe('unknown');
    // Of its file and its data directory it knows.
    for (const rule of ['RH-C20', 'RH-C23']) expect(resultOf(fresh, rule)?.status).toBe('pass');
    const disk = resultOf(fresh, 'RH-C32')?.evidence.facts.find(({ name }) => name === 'capacity.disk_free_share');
    expect(disk?.state).toBe('known');
    expect(resultOf(fresh, 'RH-C28')?.evidence.facts[0]).toMatchObject({ name: 'changes.can_roll_back', value: true });

    const expires = new Date(Date.parse(fresh.generated_at) + 3_600_000).toISOString();
    await place.write({
      compliance: {
        profile: 'mine',
        profiles: [
          { id: 'mine', title: 'Mine', rules: ['RH-C13', 'RH-C16'], parameters: { 'RH-C16': { max_failures: 3 } } },
        ],
        waivers: [{ rule: 'RH-C13', owner: 'jane', reason: 'This is a test of waivers', expires }],
      },
      webhooks: [{ id: 'w', url: 'https://example.com/', secret: `whsec_${Buffer.alloc(24).toString('base64')}` }],
    });
    await client.reloadConfiguration();
    const mine = await client.getComplianceReport();
    expect(mine.results.map(({ rule, status }) => [rule, status])).toEqual([
      ['RH-C13', 'waived'],
      ['RH-C16', 'fail'],
    ]);
    const all = resultOf(await client.getComplianceReport('all'), 'RH-C20');
    expect([all?.status, JSON.stringify(all?.evidence)]).toEqual([
      'fail',
      expect.stringContaining('webhooks[w].secret'),
    ]);

    const [csv, html, oscal] = await Promise.all([
      client.getComplianceReportText('csv'),
      client.getComplianceReportText('html'),
      client.getComplianceReportText('oscal'),
    ]);
    expect(csv.split('\r\n')).toHaveLength(4);
    expect(html).toContain('<title>Compliance evidence: Mine</title>');
    const { 'assessment-results': document } = JSON.parse(oscal) as {
      'assessment-results': { results: ReadonlyArray<{ findings: readonly unknown[] }> };
    };
    expect(document.results[0]?.findings).toHaveLength(2);
    await expect(client.reloadConfiguration({ dry_run: true })).resolves.toMatchObject({ changes: [] });
  });
});
