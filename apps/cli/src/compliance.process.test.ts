import dns from 'node:dns';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { RULES } from '@roundhouse/audit/compliance';
import { createCertificateAuthority } from '@roundhouse/testing';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Place } from './compliancePlace.fixture.ts';

const DAY_MS = 86_400_000;
const WHSEC = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const WEAK = `$argon2id$v=19$m=8192,t=1,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;
const OFF = 'audit: { enabled: false }\n';

let place: Place;
/** Rules that a test has seen come right. */
const followed = new Set<string>();

beforeEach(async () => {
  place = await Place.prepare();
});
afterEach(() => place[Symbol.asyncDispose]());

/** Somebody who gives a wrong password. */
function refused(url: string): Promise<void> {
  const headers = { authorization: `Basic ${btoa('joe:wrong')}` };
  return new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, (answer) => answer.resume().once('end', resolve)).once('error', reject);
  });
}

/** What is answered to a name and password. */
function logOn(credentials: string): Promise<{ readonly code?: string }> {
  const headers = { authorization: `Basic ${btoa(credentials)}` };
  return new Promise((resolve, reject) => {
    get(`${place.server.url}/api/v1/whoami`, { headers, agent: false }, (answer) => {
      json(answer).then((body) => resolve(body as { code?: string }), reject);
    }).once('error', reject);
  });
}

/** What comes of following a remediation; most pass. */
async function comesRight(rule: string, status: 'pass' | 'waived' = 'pass'): Promise<void> {
  await place.expect(rule, status);
  followed.add(rule);
}

describe('a fresh installation', () => {
  it('reports what it has looked at, and passes nothing else', async () => {
    place.token = undefined;
    await place.startAlone();
    const { results, summary } = await place.report();
    const by = (status: string) => results.flatMap((each) => (each.status === status ? [each.rule] : []));
    // By default it keeps and searches all, shows the journal to few, locks out, and reaches nobody but this machine.
    const byDefault = ['RH-C05', 'RH-C06', 'RH-C07', 'RH-C10', 'RH-C15', 'RH-C16', 'RH-C18', 'RH-C20'];
    const alsoByDefault = ['RH-C21', 'RH-C23', 'RH-C25', 'RH-C32'];
    // Nobody is there who could be idle.
    const allowed = new Set(['RH-C02', 'RH-C14', ...byDefault, ...alsoByDefault]);
    expect(by('pass').filter((rule) => !allowed.has(rule))).toEqual([]);
    expect(by('fail')).toEqual(expect.arrayContaining(['RH-C04', 'RH-C08', 'RH-C09', 'RH-C13', 'RH-C19', 'RH-C26']));
    expect(by('unknown')).toEqual(
      expect.arrayContaining(['RH-C01', 'RH-C03', 'RH-C11', 'RH-C12', 'RH-C22', 'RH-C28', 'RH-C29', 'RH-C30']),
    );
    expect(summary.fail + summary.unknown).toBeGreaterThan(summary.pass);
    for (const { status, evidence } of results) {
      if (status === 'pass') expect(evidence.facts.every(({ state }) => state === 'known')).toBe(true);
    }
  });
});

describe('following what the rule says', () => {
  it('turns on the journal, and has it verified: RH-C01, C02, C03, C06, C10', async () => {
    await place.start(OFF);
    for (const rule of ['RH-C01', 'RH-C02', 'RH-C06', 'RH-C10']) await place.expect(rule, 'fail');
    await place.start(OFF, place.printed('RH-C01'));
    for (const rule of ['RH-C02', 'RH-C06', 'RH-C10']) {
      expect(place.printed(rule)).toBe(place.printed('RH-C01'));
      await comesRight(rule);
    }
    for (const rule of ['RH-C01', 'RH-C03']) await place.expect(rule, 'unknown');
    const { code, stdout } = await place.command('RH-C01', 'audit verify');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/verdict +intact/)]);
    await comesRight('RH-C01');
    await comesRight('RH-C03');
    // A day without one, and once more.
    place.shift(DAY_MS);
    await place.expect('RH-C03', 'fail');
    await place.command('RH-C03', 'audit verify');
    await place.expect('RH-C03', 'pass');
  });

  it('copies checkpoints off the host: RH-C04 (a name server that says that the collector is this machine)', async () => {
    let taken = 0;
    const collector: Server = createServer((request, response) => {
      taken++;
      request.resume().once('end', () => response.end());
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = collector.address() as AddressInfo;
      const real = dns.lookup;
      vi.spyOn(dns, 'lookup').mockImplementation(((name: string, ...rest: [never, never]) =>
        real(name === 'collector.example.com' ? '127.0.0.1' : name, ...rest)) as never);
      await place.start();
      await place.expect('RH-C04', 'fail');
      const at = `http://collector.example.com:${port}`;
      // This machine itself does not count, under none of its names.
      await place.start(place.printed('RH-C04', { 'https://collector.example.com': `http://127.0.0.1:${port}` }));
      await place.expect('RH-C04', 'fail');
      await place.start(place.printed('RH-C04', { 'https://collector.example.com': at }));
      await place.run(['audit', 'checkpoint', '--sign']);
      await comesRight('RH-C04');
      expect(taken).toBeGreaterThan(0);
    } finally {
      await place.stop();
      collector.close();
    }
  });

  it('lengthens what is kept: RH-C05', async () => {
    await place.start('audit: { retention: { periods: { data: { keep: 90d } } } }\n');
    await place.expect('RH-C05', 'fail');
    await place.start(place.printed('RH-C05'));
    await comesRight('RH-C05');
    using client = place.client();
    expect((await client.getComplianceReport('hipaa')).results.find(({ rule }) => rule === 'RH-C05')?.status).toBe(
      'pass',
    );
  });

  it('takes the right to read the journal from a role, or names it: RH-C07', async () => {
    const role = (kinds: string): string => `roles: [{ id: helpdesk, rules: [{ verbs: [get], kinds: [${kinds}] }] }]\n`;
    await place.start(role('session, audit'));
    await place.expect('RH-C07', 'fail');
    await place.start(role('session, audit'), place.printed('RH-C07', { 'auditor]': 'auditor, helpdesk]' }));
    await place.expect('RH-C07', 'pass');
    await place.start(role('session'));
    await comesRight('RH-C07');
  });

  it.each(['RH-C08', 'RH-C09'])('tells somebody, by a webhook: %s', async (rule) => {
    place.variables = { ALERT_SECRET: WHSEC };
    await place.start(OFF);
    await place.expect(rule, 'fail');
    await place.start();
    await place.expect(rule, 'fail');
    await place.start(place.printed(rule));
    await comesRight(rule);
  });

  it('tells somebody, by mail: RH-C08, RH-C09', async () => {
    const mail = (events: string): string =>
      `alerts: { mail: { host: 127.0.0.1, port: 9, from: a@example.com, to: [b@example.com], events: [${events}] } }\n`;
    await place.start(mail('worker.failed'));
    for (const rule of ['RH-C08', 'RH-C09']) await place.expect(rule, 'fail');
    await place.start(mail('configuration.*, events.lost, authentication.locked_out'));
    for (const rule of ['RH-C08', 'RH-C09']) await place.expect(rule, 'pass');
  });

  it('reviews the records every day, and acknowledges what was found: RH-C11', async () => {
    await place.start('authentication: { lockout: { max_failures: 2, delay_ms: 0 } }\n');
    await place.expect('RH-C11', 'unknown');
    const shown = await place.command('RH-C11', 'audit review --list');
    expect(shown.stdout).toContain('never reviewed');
    await place.expect('RH-C11', 'unknown');
    const { code, stdout } = await place.command('RH-C11', 'audit review', '--note', 'nothing to do');
    expect([code, stdout]).toEqual([0, expect.stringContaining('by operations.script')]);
    await comesRight('RH-C11');
    // The alert of tomorrow is a finding, and so is a day without a review.
    for (let n = 0; n < 3; n++) {
      await refused(`${place.server.url}/api/v1/sessions`);
    }
    place.shift(2 * DAY_MS);
    await place.expect('RH-C11', 'fail');
    const found = async (): Promise<string> => (await place.run(['audit', 'review', '--list'])).stdout;
    await expect.poll(found, { timeout: 20_000 }).toContain('RHA-4002');
    await place.run(['audit', 'review']);
    await place.expect('RH-C11', 'pass');
    const records = await place.run(['audit', 'query', '--type', 'audit.reviewed', '--json']);
    expect(records.stdout).toContain('nothing to do');
  });

  it('synchronises the clock: RH-C12 (a log as chrony writes it)', async () => {
    await place.start();
    await place.expect('RH-C12', 'unknown');
    const line = (offset: string): string => {
      const [date, time] = new Date(Date.now()).toISOString().split(/[T.]/);
      return `${date} ${time} 203.0.113.15     2     -3.541      0.075 ${offset} N  2  2.940e-03\n`;
    };
    await place.write('tracking.log', line(' 1.200e+00'));
    await place.expect('RH-C12', 'fail');
    await place.write('tracking.log', line('-8.621e-06'));
    await comesRight('RH-C12');
  });

  it('has people of their own, a quiet root and a second factor: RH-C13, RH-C19 (the wall clock goes on by a day)', async () => {
    const people = `principals: [{ id: operator, type: person, roles: [admin], password_hash: "${WEAK}" }]\n`;
    await place.start(people);
    place.shift(2 * DAY_MS);
    for (const rule of ['RH-C13', 'RH-C19']) await place.expect(rule, 'fail');
    await place.start(place.printed('RH-C13'), place.printed('RH-C19'));
    await comesRight('RH-C13');
    await comesRight('RH-C19');
    place.token = undefined;
    for (const rule of ['RH-C13', 'RH-C19']) await place.expect(rule, 'fail');
    place.token = `rh_script_${Buffer.alloc(32, 5).toString('base64url')}`;
    place.shift(DAY_MS);
    for (const rule of ['RH-C13', 'RH-C19']) await place.expect(rule, 'pass');
  });

  it('disables whom nobody has seen for 90 days: RH-C14 (the wall clock goes on by a quarter of a year)', async () => {
    const jane = 'principals: [{ id: jane.doe, roles: [auditor] }]\n';
    await place.start(jane);
    await place.expect('RH-C14', 'pass');
    place.shift(91 * DAY_MS);
    await place.expect('RH-C14', 'fail');
    await place.start(jane, place.printed('RH-C14'));
    await comesRight('RH-C14');
  });

  it('asks everybody again: RH-C15', async () => {
    await place.start('front_door: { port: 0 }\n');
    await place.expect('RH-C15', 'fail');
    await place.start('front_door: { port: 0 }\n', place.printed('RH-C15'));
    await comesRight('RH-C15');
    await place.start('front_door: { port: 0 }\n', place.printed('RH-C15', { '900000': '900001' }));
    await place.expect('RH-C15', 'fail');
    await place.start();
    await place.expect('RH-C15', 'pass');
  });

  it.each([
    ['RH-C16', 'authentication: { lockout: { max_failures: 50, lock_ms: 60000 } }\n', 'pass'],
    ['RH-C21', 'principals: [{ id: jane.doe, roles: [admin] }, { id: b, roles: [admin] }]\n', 'pass'],
    ['RH-C25', 'authentication: { basic: { allow_insecure: true } }\n', 'pass'],
    ['RH-C26', '{}\n', 'pass'],
  ] as const)('writes what is printed: %s', async (rule, bad, after) => {
    await place.start(bad);
    expect(['fail', 'unknown']).toContain((await place.result(rule)).status);
    await place.start(bad, place.printed(rule));
    await comesRight(rule, after);
  });

  it('holds passwords to a policy: RH-C17', async () => {
    const jane = (hash: string): string =>
      `principals: [{ id: jane.doe, roles: [auditor], password_hash: "${hash}" }]\n`;
    const hash = async (password: string, ...more: readonly string[]) => {
      const { stdout, stderr } = await place.run(['principal', 'hash-password', ...more], `${password}\n`);
      return { hash: stdout.trim(), stderr };
    };
    const configured = ['--config', `${place.folder}/roundhouse.yaml`];
    const code = async (password: string): Promise<unknown> => (await logOn(`jane.doe:${password}`)).code;
    const printed = place.printed('RH-C17');
    const [first, second] = ['all letters of jane', 'letters of jane 2'];
    const old = jane((await hash(first)).hash);
    await place.start(old);
    await place.expect('RH-C17', 'fail');
    expect(await code(first)).toBeUndefined();
    // The policy alone: what is there is refused, and no hash is made of it again.
    await place.start(old, printed);
    await comesRight('RH-C17');
    expect([await code(first), await code('wrong')]).toEqual(['PASSWORD_BELOW_POLICY', 'CREDENTIALS_INVALID']);
    const refusals = async (): Promise<string> =>
      (await place.run(['audit', 'query', '--type', 'authentication.failed', '--json'])).stdout;
    await vi.waitFor(async () => expect(await refusals()).toContain('"reason": "PASSWORD_BELOW_POLICY"'), 20_000);
    expect(RULES.find(({ id }) => id === 'RH-C17')?.remediation.text).toContain(
      'roundhouse principal hash-password --config roundhouse.yaml',
    );
    expect((await hash(first, ...configured)).stderr).toContain('it has no digit');
    const made = jane((await hash(second, ...configured)).hash);
    await place.start(made, printed);
    expect(await code(second)).toBeUndefined();
    // Another hash of the same password, also behind a restart, and while the server runs.
    await place.write('layer1.yaml', jane((await hash(second, ...configured)).hash));
    await place.server.reload();
    expect(await code(second)).toBe('PASSWORD_REUSED');
    await place.stop();
    await place.start(jane((await hash(second)).hash), printed);
    expect(await code(second)).toBe('PASSWORD_REUSED');
    // The change is taken back.
    await place.start(made, printed);
    expect(await code(second)).toBeUndefined();
    await place.expect('RH-C17', 'pass');
    await place.start(made, printed, 'store: { url: "memory:" }\n');
    await place.expect('RH-C17', 'fail');
  });

  it('masks what it can, which is not what a front door passes on: RH-C26', async () => {
    const door = 'front_door: { port: 0 }\n';
    await place.start(door, place.printed('RH-C26'));
    const { status, evidence } = await place.result('RH-C26');
    expect([status, evidence.facts]).toMatchObject(['fail', [{ value: ['logs', 'recordings', 'webhooks'] }]]);
    expect(RULES.find(({ id }) => id === 'RH-C26')?.remediation.text).toContain('front_door');
    await place.start(place.printed('RH-C26'));
    await comesRight('RH-C26');
  });

  it('makes a weak hash anew: RH-C18', async () => {
    const bad = `principals: [{ id: jane.doe, roles: [auditor], password_hash: "${WEAK}" }]\n`;
    await place.start(bad);
    await place.expect('RH-C18', 'fail');
    expect(RULES.find(({ id }) => id === 'RH-C18')?.remediation.text).toContain('roundhouse principal hash-password');
    const { stdout } = await place.run(['principal', 'hash-password'], 'a password of this test 1\n');
    await place.start(bad, place.printed('RH-C18', { '$argon2id$v=19$m=19456,t=2,p=1$…': `"${stdout.trim()}"` }));
    await comesRight('RH-C18');
  });

  it('refers to secrets in files: RH-C20', async () => {
    const bad = `authentication:
  ldap: { url: "ldaps://ldap.example.com", base_dn: "dc=example,dc=com", bind_dn: "cn=x", bind_password: hunter22 }
webhooks:
  - { id: security, url: "https://alerts.example.com/", secret: ${WHSEC} }
`;
    await place.start(bad);
    await place.expect('RH-C20', 'fail');
    await place.write('ldap', 'hunter22\n');
    await place.write('webhook', `${WHSEC}\n`);
    await place.start(bad, place.printed('RH-C20'));
    await comesRight('RH-C20');
  });

  it('reviews accounts and rights: RH-C22', async () => {
    await place.start();
    await place.expect('RH-C22', 'unknown');
    await place.command('RH-C22', 'audit review --access', '--note', 'jane has left');
    await comesRight('RH-C22');
    await place.expect('RH-C11', 'unknown');
    place.shift(184 * DAY_MS);
    await place.expect('RH-C22', 'fail');
  });

  it('encrypts what leaves the machine, with certificates that last: RH-C23, RH-C24', async () => {
    const authority = createCertificateAuthority();
    const issue = async (days: number): Promise<void> => {
      const { cert, key } = authority.issue({ commonName: 'roundhouse', days });
      await place.write('server.pem', cert);
      await place.write('server.key', key);
    };
    const bad = 'endpoints: [{ id: east, host: mainframe.example.com, port: 992, probe: { kind: none } }]\n';
    await place.start(bad);
    await place.expect('RH-C23', 'fail');
    await issue(20);
    place.ca = authority.cert;
    await place.write('ca.pem', authority.cert);
    await place.start(bad, place.printed('RH-C23'), place.printed('RH-C24'));
    await comesRight('RH-C23');
    await place.expect('RH-C24', 'fail');
    await issue(90);
    await place.start(bad, place.printed('RH-C23'), place.printed('RH-C24'));
    await comesRight('RH-C24');
  });

  it('has a bill of materials and no known fault: RH-C27 (a patched runtime, and files as npm writes them)', async () => {
    place.outside = { ...place.outside, nodeVersion: '24.22.1' };
    await place.start();
    await place.expect('RH-C27', 'unknown');
    await place.write('evidence/sbom.json', JSON.stringify({ bomFormat: 'CycloneDX', components: [{ name: 'zod' }] }));
    const audit = (high: number): string => JSON.stringify({ metadata: { vulnerabilities: { high, critical: 0 } } });
    await place.write('evidence/audit.json', audit(1));
    await place.start(place.printed('RH-C27'));
    await place.expect('RH-C27', 'fail');
    await place.write('evidence/audit.json', audit(0));
    await comesRight('RH-C27');
  });

  it('has each version of the configuration approved: RH-C28', async () => {
    const printed = place.printed('RH-C28');
    await place.write('evidence/approvals', '');
    await place.start(printed);
    await place.expect('RH-C28', 'fail');
    const [command = ''] =
      /`(echo [^`]+)`/.exec(RULES.find(({ id }) => id === 'RH-C28')?.remediation.text ?? '')?.slice(1) ?? [];
    for (const file of ['roundhouse.yaml', 'layer0.yaml', 'layer1.yaml']) {
      await place.shell(command.replace('roundhouse.yaml', file).replace('>> approvals', '>> evidence/approvals'));
    }
    await comesRight('RH-C28');
    // What is changed beside the files is not approved.
    using client = place.client();
    await client.createResource('role', { id: 'mine', rules: [] });
    await place.expect('RH-C28', 'fail');
    await place.start(printed);
    await place.expect('RH-C28', 'pass');
    await place.write('layer1.yaml', `${printed}# a change\n`);
    await place.expect('RH-C28', 'fail');
  });

  it('installs what the manifest names: RH-C29', async () => {
    await place.shell('mkdir installed; echo one > installed/a.js; echo two > installed/b.js');
    await place.start();
    await place.expect('RH-C29', 'unknown');
    const [command = ''] =
      /`(find [^`]+)`/.exec(RULES.find(({ id }) => id === 'RH-C29')?.remediation.text ?? '')?.slice(1) ?? [];
    await place.shell(
      command.replace('/opt/roundhouse', `${place.folder}/installed`).replace('> manifest', '> evidence/manifest'),
    );
    await place.start(place.printed('RH-C29'));
    await comesRight('RH-C29');
    await place.shell('echo three > installed/b.js');
    await place.expect('RH-C29', 'fail');
  });

  it('takes backups, and restores one: RH-C30', async () => {
    await place.start();
    await place.expect('RH-C30', 'unknown');
    await place.stop();
    await place.shell(
      'tar -czf evidence/backup home; mkdir RESTORED; tar -xzf evidence/backup -C RESTORED --strip-components 1',
    );
    const { stdout, code } = await place.command('RH-C30', 'audit verify', `${place.folder}/RESTORED/audit`, '--json');
    expect(code).toBe(0);
    await place.write('evidence/restore-test.json', stdout);
    await place.start(place.printed('RH-C30'));
    await comesRight('RH-C30');
    place.shift(2 * DAY_MS);
    await place.expect('RH-C30', 'fail');
    await place.write('evidence/restore-test.json', stdout.replace(/"journal":"./, '"journal":"x'));
    await place.expect('RH-C30', 'fail');
  });

  it('erases what is past its period: RH-C31 (the wall clock goes on by four days)', async () => {
    await place.start();
    await place.expect('RH-C31', 'not_applicable');
    const short = place.printed('RH-C31', { '6y': '1d' });
    await place.start(short);
    place.shift(4 * DAY_MS);
    await place.start(short);
    await place.expect('RH-C31', 'fail');
    const { code } = await place.command('RH-C31', 'audit retention run');
    expect(code).toBe(0);
    await comesRight('RH-C31');
    await place.start(place.printed('RH-C31'));
    await place.expect('RH-C31', 'pass');
  });

  it('makes room: RH-C32', async () => {
    const bad = `limits: { max_sessions: 2 }
compliance: { parameters: { RH-C32: { min_disk_free_share: 0.0001 } } }
`;
    const openTwo = async (): Promise<void> => {
      using client = place.client();
      for (let n = 0; n < 2; n++) await client.createSession({ host: '127.0.0.1', port: 23, wait: 'connected' });
    };
    await place.start(bad);
    await openTwo();
    await place.expect('RH-C32', 'fail');
    // As many as this machine has descriptors for.
    await place.start(bad, place.printed('RH-C32', { '20000': '20' }));
    await openTwo();
    await comesRight('RH-C32');
  });
});

afterAll(() => {
  // When all of the tests were run: none of the rules is left out.
  if (followed.size > 25) expect([...followed].toSorted()).toEqual(RULES.map(({ id }) => id));
});
