import { hash, randomBytes } from 'node:crypto';
import { createScope, Secret } from '@roundhouse/core';
import { RULES, type Status } from '@roundhouse/audit/compliance';
import { createCertificateAuthority } from '@roundhouse/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { hashPassword } from '../identity/password.ts';
import { bearer, call } from '../wire.fixture.ts';
import { Site, type SiteOptions, TOKEN } from './site.fixture.ts';

const DAY_MS = 86_400_000;
const WHSEC = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const WEAK = `$argon2id$v=19$m=8192,t=1,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

let site: Site | undefined;

afterEach(async () => {
  await site?.[Symbol.asyncDispose]();
  site = undefined;
});

async function prepare(options: SiteOptions = {}): Promise<Site> {
  site = await Site.prepare(options);
  return site;
}

/** What the rule prints, with the places of this machine in the place of those of an example. */
function printed(rule: string, { folder }: Site, replacements: Readonly<Record<string, string>> = {}): string {
  const { configuration } = RULES.find(({ id }) => id === rule)?.remediation ?? {};
  if (configuration === undefined) throw new Error(`${rule} prints no configuration`);
  const places = { '/etc/roundhouse/tls': folder, '/etc/roundhouse/secrets': folder, ...replacements };
  return Object.entries({ ...places, '/var/lib/roundhouse/evidence': folder }).reduce(
    (text, [from, to]) => text.replaceAll(from, to),
    configuration,
  );
}

describe('a fresh installation', () => {
  it('is honest: what it cannot know is unknown, and little passes', async () => {
    const fresh = await prepare();
    await fresh.start('{}\n');
    const { results, summary } = await fresh.assess();
    const by = (status: Status) => results.flatMap((result) => (result.status === status ? [result.rule.id] : []));
    expect(by('pass')).toEqual([
      'RH-C14',
      'RH-C15',
      'RH-C16',
      'RH-C18',
      'RH-C20',
      'RH-C21',
      'RH-C23',
      'RH-C25',
      'RH-C32',
    ]);
    expect(by('not_applicable')).toEqual(['RH-C17', 'RH-C24']);
    // Nobody is told of a lock-out or of a changed configuration; nobody but root has ever come.
    expect(by('fail')).toEqual(expect.arrayContaining(['RH-C08', 'RH-C09', 'RH-C13']));
    expect(summary.fail + summary.unknown).toBeGreaterThan(summary.pass);
    for (const { status, reason } of results) expect(reason === null).toBe(status !== 'unknown');
  });

  it('says of what is not there yet that nothing can tell', async () => {
    const fresh = await prepare();
    await fresh.start('{}\n');
    // The server of this test has no journal, which is known.
    for (const rule of ['RH-C01', 'RH-C02', 'RH-C06', 'RH-C10']) expect((await fresh.result(rule)).status).toBe('fail');
    for (const rule of ['RH-C05', 'RH-C07', 'RH-C22', 'RH-C30', 'RH-C31']) {
      const { status, evidence } = await fresh.result(rule);
      expect([rule, status]).toEqual([rule, 'unknown']);
      for (const fact of evidence.facts)
        expect(fact).toMatchObject({
          state: 'unknown',
          code: expect.stringMatching(/^(?:FACT_NOT_PROVIDED|NOT_SUPPORTED)$/),
        });
    }
  });
});

interface Case {
  readonly rule: string;
  readonly bad: string;
  readonly before: Status;
  readonly after: Status;
}

/** Configurations that a rule finds fault with, and what the one that it prints makes of them. */
const CASES: readonly Case[] = [
  { rule: 'RH-C15', bad: 'front_door: { port: 0 }\n', before: 'fail', after: 'pass' },
  { rule: 'RH-C15', bad: 'front_door: { port: 0, idle_timeout_ms: 900001 }\n', before: 'fail', after: 'pass' },
  { rule: 'RH-C16', bad: 'authentication: { lockout: { max_failures: 50 } }\n', before: 'fail', after: 'pass' },
  { rule: 'RH-C16', bad: 'authentication: { lockout: { lock_ms: 60000 } }\n', before: 'fail', after: 'pass' },
  {
    rule: 'RH-C21',
    bad: 'principals: [{ id: jane.doe, roles: [admin] }, { id: b, roles: [admin] }, { id: c, roles: [admin] }]\n',
    before: 'fail',
    after: 'pass',
  },
  {
    rule: 'RH-C25',
    bad: 'authentication: { basic: { allow_insecure: true } }\n',
    before: 'fail',
    after: 'pass',
  },
  { rule: 'RH-C26', bad: 'masking: { channels: [screens, logs, webhooks] }\n', before: 'fail', after: 'pass' },
  { rule: 'RH-C26', bad: 'front_door: { port: 0 }\n', before: 'fail', after: 'fail' },
];

describe('following the remediation that is printed', () => {
  it.each(CASES)('takes $rule from $before to $after: $bad', async ({ rule, bad, before, after }) => {
    const place = await prepare({ variables: { ALERT_SECRET: WHSEC } });
    await place.start(bad);
    expect((await place.result(rule)).status).toBe(before);
    await place.start(bad, printed(rule, place));
    const result = await place.result(rule);
    expect([result.status, result.reason ?? '']).toEqual([after, expect.any(String)]);
  });

  it('leaves RH-C17 failing where former passwords end with the process, and only for that', async () => {
    const place = await prepare();
    const bad = `principals: [{ id: jane.doe, roles: [], password_hash: "${WEAK}" }]\n`;
    const known = async () => {
      const { status, evidence } = await place.result('RH-C17');
      return [status, Object.fromEntries(evidence.facts.map((fact) => [fact.name, 'value' in fact && fact.value]))];
    };
    await place.start(bad);
    const without = { 'password.min_length': 1, 'password.needs_letters_and_digits': false, 'password.history': 0 };
    expect(await known()).toEqual(['fail', expect.objectContaining(without)]);
    await place.start(bad, printed('RH-C17', place));
    const inMemory = { 'password.min_length': 12, 'password.needs_letters_and_digits': true, 'password.history': 0 };
    expect(await known()).toEqual(['fail', expect.objectContaining(inMemory)]);
  });

  it('takes RH-C18 from fail to pass with a hash that is made anew', async () => {
    const place = await prepare();
    const bad = `principals: [{ id: jane.doe, roles: [auditor], password_hash: "${WEAK}" }]\n`;
    await place.start(bad);
    expect((await place.result('RH-C18')).status).toBe('fail');
    const fresh = await hashPassword(new Secret('a password of this test 1'), { randomBytes });
    await place.start(bad, printed('RH-C18', place, { '$argon2id$v=19$m=19456,t=2,p=1$…': fresh }));
    expect((await place.result('RH-C18')).status).toBe('pass');
  });

  it('takes RH-C20 from fail to pass with references, and an empty environment', async () => {
    const place = await prepare();
    const bad = `authentication:
  ldap: { url: "ldaps://ldap.example.com", base_dn: "dc=example,dc=com", bind_dn: "cn=x", bind_password: hunter22 }
webhooks:
  - { id: security, url: "https://alerts.example.com/", secret: ${WHSEC} }
`;
    await place.start(bad);
    const { status, evidence } = await place.result('RH-C20');
    expect(status).toBe('fail');
    expect(JSON.stringify(evidence)).toContain('webhooks[security].secret');
    expect(JSON.stringify(evidence)).not.toMatch(/hunter22|whsec_/);
    await place.write('ldap', 'hunter22\n');
    await place.write('webhook', `${WHSEC}\n`);
    await place.start(bad, printed('RH-C20', place));
    expect((await place.result('RH-C20')).status).toBe('pass');
  });

  it('fails RH-C20 for a token in the environment, and RH-C25 for one that can be guessed', async () => {
    const place = await prepare({ variables: { ROUNDHOUSE_TOKEN: 'change-me-please' }, token: 'change-me-please' });
    await place.start('{}\n');
    const [inEnvironment, guessed] = [await place.result('RH-C20'), await place.result('RH-C25')];
    expect([inEnvironment.status, guessed.status]).toEqual(['fail', 'fail']);
    expect(JSON.stringify([inEnvironment.evidence, guessed.evidence])).not.toContain('change-me');
  });

  it('takes RH-C23 from fail to pass with certificates and TLS to the host', async () => {
    const place = await prepare();
    const { cert, key } = createCertificateAuthority().issue({ commonName: 'roundhouse' });
    await place.write('server.pem', cert);
    await place.write('server.key', key);
    const bad = `server: { host: 192.0.2.1, allow_remote: true, allow_plain: true }
endpoints: [{ id: east, host: mainframe.example.com, port: 992, probe: { kind: none } }]
`;
    await place.start(bad);
    expect((await place.result('RH-C23')).status).toBe('fail');
    expect((await place.result('RH-C25')).status).toBe('fail');
    await place.start(bad, printed('RH-C23', place));
    expect((await place.result('RH-C23')).status).toBe('pass');
    expect((await place.result('RH-C25')).status).toBe('pass');
    await place.start(bad, printed('RH-C23', place), 'endpoints: [{ id: east, tls: { verify: false } }]\n');
    expect((await place.result('RH-C23')).status).toBe('fail');
  });

  it('takes RH-C24 from fail to pass with a certificate that lasts', async () => {
    const place = await prepare();
    const authority = createCertificateAuthority();
    const issue = async (days: number): Promise<void> => {
      const { cert, key } = authority.issue({ commonName: 'roundhouse', days });
      await place.write('server.pem', cert);
      await place.write('server.key', key);
    };
    await issue(20);
    await place.start(printed('RH-C24', place));
    expect((await place.result('RH-C24')).status).toBe('fail');
    await issue(90);
    await place.start(printed('RH-C24', place));
    expect((await place.result('RH-C24')).status).toBe('pass');
  });

  it('takes RH-C27 from unknown to pass with both files and a patched runtime, and to fail with what they find', async () => {
    const place = await prepare({ sources: { nodeVersion: '24.22.1' } });
    await place.start('{}\n');
    expect((await place.result('RH-C27')).status).toBe('unknown');
    const audit = (high: number) => JSON.stringify({ metadata: { vulnerabilities: { high, critical: 0 } } });
    await place.write('sbom.json', JSON.stringify({ bomFormat: 'CycloneDX', components: [{ name: 'zod' }] }));
    await place.write('audit.json', audit(0));
    await place.start(printed('RH-C27', place));
    expect((await place.result('RH-C27')).status).toBe('pass');
    await place.write('audit.json', audit(1));
    expect((await place.result('RH-C27')).status).toBe('fail');
    await place.write('audit.json', '{}');
    await place.write('sbom.json', '{ not JSON');
    const { status, reason } = await place.result('RH-C27');
    expect([status, reason]).toEqual(['unknown', expect.stringContaining('no report of npm audit')]);
  });

  it.each([
    ['24.22.0', 'fail'],
    ['27.0.0', 'unknown'],
  ])('calls RH-C27 on Node.js %s %s', async (nodeVersion, status) => {
    const place = await prepare({ sources: { nodeVersion } });
    await place.start('{}\n');
    expect((await place.result('RH-C27')).status).toBe(status);
  });

  it('takes RH-C29 from unknown to pass with a manifest, and to fail with a file that changes or goes', async () => {
    const place = await prepare();
    await place.start('{}\n');
    expect((await place.result('RH-C29')).status).toBe('unknown');
    const digest = (text: string) => hash('sha256', text, 'hex');
    await place.write('index.js', 'one');
    await place.write('other.js', 'two');
    await place.write('manifest.sha256', `${digest('one')}  index.js\n${digest('two')} *other.js\n`);
    await place.start(printed('RH-C29', place));
    expect((await place.result('RH-C29')).status).toBe('pass');
    await place.write('other.js', 'three');
    const { status, evidence } = await place.result('RH-C29');
    expect([status, evidence.facts]).toMatchObject(['fail', [{ value: ['other.js'] }, { value: 2 }]]);
    await place.write('manifest.sha256', `${digest('one')}  ../gone.js\n`);
    expect((await place.result('RH-C29')).status).toBe('fail');
  });

  it('takes RH-C32 from fail to pass with a higher limit', async () => {
    const place = await prepare();
    // The disk of this machine is not what is tested.
    const bad = `limits: { max_sessions: 2 }
compliance: { parameters: { RH-C32: { min_disk_free_share: 0.0001 } } }
`;
    const openTwo = async (): Promise<void> => {
      using scope = createScope({ clock: place.clock });
      const session = { host: '127.0.0.1', port: 23, wait: 'connected' } as const;
      for (const owner of ['jane', 'joe']) await place.server.gateway.create(session, scope, { owner });
    };
    await place.start(bad);
    await openTwo();
    expect((await place.result('RH-C32')).status).toBe('fail');
    await place.start(bad, printed('RH-C32', place));
    await openTwo();
    expect((await place.result('RH-C32')).status).toBe('pass');
  });

  it('takes RH-C13 from fail to pass when nobody is called by a function, and root is left alone for a day', async () => {
    const place = await prepare();
    const bad = 'principals: [{ id: operator, roles: [operator] }]\n';
    await place.start(bad);
    await place.assess();
    place.clock.shift(2 * DAY_MS);
    expect((await place.result('RH-C13')).status).toBe('fail');
    await place.start(printed('RH-C13', place));
    expect((await place.result('RH-C13')).status).toBe('pass');
    const { port } = await place.server.start().then(({ port: number }) => ({ port: number }));
    expect(
      (await call(`http://127.0.0.1:${port}`, 'GET', '/api/v1/usage', { authorization: bearer(TOKEN) })).status,
    ).toBe(200);
    expect((await place.result('RH-C13')).status).toBe('fail');
    place.clock.shift(DAY_MS);
    expect((await place.result('RH-C13')).status).toBe('pass');
  });

  it('takes RH-C14 from fail to pass by disabling whom nobody has seen for 90 days', async () => {
    const place = await prepare();
    const bad = 'principals: [{ id: jane.doe, roles: [auditor] }]\n';
    await place.start(bad);
    expect((await place.result('RH-C14')).status).toBe('pass');
    place.clock.shift(90 * DAY_MS);
    await place.start(bad);
    expect((await place.result('RH-C14')).status).toBe('fail');
    await place.start(bad, printed('RH-C14', place));
    expect((await place.result('RH-C14')).status).toBe('pass');
  });

  it('takes RH-C12 from unknown to pass with the log of chrony, while it is fresh and near', async () => {
    const place = await prepare();
    await place.start('{}\n');
    expect((await place.result('RH-C12')).status).toBe('unknown');
    const line = (offset: string, leap = 'N') => {
      const [date, time] = new Date(place.clock.now()).toISOString().split(/[T.]/);
      return `===\n   Date (UTC) Time     IP Address\n===\n${date} ${time} 203.0.113.15     2     -3.541      0.075 ${offset} ${leap}  2  2.940e-03\n`;
    };
    await place.write('tracking.log', line('-8.621e-06'));
    expect((await place.result('RH-C12')).status).toBe('pass');
    await place.write('tracking.log', line(' 1.200e+00'));
    expect((await place.result('RH-C12')).status).toBe('fail');
    await place.write('tracking.log', line('-8.621e-06', '?'));
    expect((await place.result('RH-C12')).status).toBe('fail');
    await place.write('tracking.log', line('-8.621e-06'));
    place.clock.shift(2 * 3_600_000 + 1_000);
    expect((await place.result('RH-C12')).status).toBe('unknown');
  });
});
