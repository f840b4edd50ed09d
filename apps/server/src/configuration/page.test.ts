import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConfigCode, configError, type Diagnostic, renderDiagnostics, systemFiles } from '@roundhouse/config';
import { createScope, isRoundhouseError, systemClock } from '@roundhouse/core';
import { createCertificateAuthority } from '@roundhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BrokenPage, BROKEN_PAGES, broken } from './brokenPage.fixture.ts';
import { type CheckedConfiguration, readConfiguration } from './configuration.ts';
import { configurationSchema } from './definition.ts';
import { PAGE, PAGE_VARIABLES } from './page.fixture.ts';

interface Reading {
  readonly variables?: Readonly<Record<string, string>>;
  readonly settings?: readonly string[];
  readonly isMachineChecked?: boolean;
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'roundhouse-page-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function read(page: string, reading: Reading = {}): Promise<CheckedConfiguration> {
  const { variables = {}, settings = [], isMachineChecked = false } = reading;
  const file = join(folder, 'roundhouse.yaml');
  writeFileSync(file, page);
  using scope = createScope({ clock: systemClock });
  const deps = { files: systemFiles, variables: { ...PAGE_VARIABLES, ...variables }, clock: systemClock };
  return await readConfiguration({ file, settings }, { ...deps, isMachineChecked }, scope);
}

/** What is told of a page: faults, or warnings where it is taken all the same. */
async function told(page: string, reading?: Reading): Promise<readonly Diagnostic[]> {
  try {
    return (await read(page, reading)).warnings;
  } catch (error) {
    if (isRoundhouseError(error) && error.code === 'CONFIGURATION_INVALID') {
      return error.details['diagnostics'] as readonly Diagnostic[];
    }
    throw error;
  }
}

/** As people see it, places without the folder of the test. */
function shown(diagnostics: readonly Diagnostic[]): string {
  return renderDiagnostics(diagnostics).replaceAll(`${folder}/`, '');
}

describe('the page of the examples', () => {
  it('is valid as it stands', async () => {
    const { value, warnings } = await read(PAGE);
    expect(warnings).toEqual([]);
    expect(value.endpoints?.map(({ id, group }) => `${id} ${group}`)).toEqual([
      'zos-east production',
      'zos-west production',
      'zos-recovery disaster-recovery',
      'zos-test test',
    ]);
    expect(Object.keys(value).toSorted()).toEqual(
      'api_keys endpoint_groups endpoints front_door limits log principals roles server sessions webhooks'.split(' '),
    );
  });

  it('fits on a page', () => {
    expect(PAGE.split('\n').length).toBeLessThan(110);
  });
});

describe.each(Object.entries(BROKEN_PAGES))('a fault of %s is told at its place, with advice', (_kind, cases) => {
  it.each(cases)('%s', async (...of) => {
    const [, , , code, says] = of satisfies BrokenPage;
    const { content, line, column } = broken(PAGE, of);
    const diagnostics = await told(content, { variables: { API_PORT: '7070' } });
    const [first] = diagnostics;
    expect(first, shown(diagnostics)).toMatchObject({ severity: 'error', code, line, column });
    expect(shown(diagnostics.slice(0, 1))).toContain(says);
    // One slip is one error, and at most one more for what hangs on it.
    expect(diagnostics.length, shown(diagnostics)).toBeLessThanOrEqual(2);
    for (const secret of Object.values(PAGE_VARIABLES)) expect(JSON.stringify(diagnostics)).not.toContain(secret);
  });
});

type Setting = readonly [what: string, reading: Reading, code: ConfigCode, place: string, says: string];

const FROM_OUTSIDE: readonly Setting[] = [
  [
    'a variable of a section that is not there',
    variable('ROUNDHOUSE__srever__port', '1'),
    'CONFIG_VARIABLE_UNKNOWN',
    'environment ROUNDHOUSE__srever__port',
    'ROUNDHOUSE__server__port',
  ],
  [
    'a variable of an endpoint that is not there',
    variable('ROUNDHOUSE__ENDPOINTS__ZOS_ESAT__PORT', '1'),
    'CONFIG_VARIABLE_UNKNOWN',
    'environment ROUNDHOUSE__ENDPOINTS__ZOS_ESAT__PORT',
    'zos-east',
  ],
  [
    'a variable with a word for a number',
    variable('ROUNDHOUSE__server__port', 'high'),
    'CONFIG_TYPE',
    'environment ROUNDHOUSE__server__port',
    'a number',
  ],
  [
    'a variable beyond its range',
    variable('ROUNDHOUSE__ENDPOINTS__ZOS_EAST__PORT', '70000'),
    'CONFIG_VALUE',
    'environment ROUNDHOUSE__ENDPOINTS__ZOS_EAST__PORT',
    'at most 65535',
  ],
  [
    'a variable of the page with a word for a number',
    variable('API_PORT', 'seven'),
    'CONFIG_TYPE',
    'roundhouse.yaml:15:9',
    'a number',
  ],
  ['a setting without a value', { settings: ['server.port'] }, 'CONFIG_SETTING', '--set', 'path=value'],
  [
    'a setting of a key that is not there',
    { settings: ['server.prot=1'] },
    'CONFIG_PATH_UNKNOWN',
    '--set server.prot',
    'server.port',
  ],
  [
    'a setting of an endpoint that is not there',
    { settings: ['endpoints[zos-wets].weight=2'] },
    'CONFIG_PATH_UNKNOWN',
    '--set endpoints[zos-wets].weight',
    'endpoints.zos-west.weight',
  ],
  [
    'a setting of a wrong kind',
    { settings: ['limits.max_sessions=lots'] },
    'CONFIG_TYPE',
    '--set limits.max_sessions',
    'a number',
  ],
  [
    'a setting that names nothing',
    { settings: ['endpoints[zos-test].group=nowhere'] },
    'CONFIG_REFERENCE',
    '--set endpoints[zos-test].group',
    '`production`',
  ],
  [
    'a setting that exposes the server',
    { settings: ['server.host=0.0.0.0'] },
    'CONFIG_CONFLICT',
    '--set server.host',
    'allow_remote',
  ],
  [
    'secrets that are not set',
    { variables: { AUDIT_HOOK_SECRET: '' } },
    'CONFIG_SECRET_UNRESOLVED',
    'roundhouse.yaml:100:13',
    'not set',
  ],
  [
    'a secret that is none',
    { variables: { AUDIT_HOOK_SECRET: 'hush-hush' } },
    'CONFIG_VALUE',
    'roundhouse.yaml:100:13',
    '`whsec_`',
  ],
];

function variable(name: string, value: string): Reading {
  return { variables: { [name]: value } };
}

describe('a fault from outside of the file is told with its name', () => {
  it.each(FROM_OUTSIDE)('%s', async (_what, reading, code, place, says) => {
    const diagnostics = await told(PAGE, reading);
    expect(diagnostics.map((each) => each.code)).toEqual([code]);
    expect(shown(diagnostics)).toContain(`--> ${place}\n`);
    expect(shown(diagnostics)).toContain(says);
    expect(shown(diagnostics)).not.toContain('hush');
  });
});

describe('a fault that the machine has is told where the page asks for it', () => {
  const authority = createCertificateAuthority();
  const [good, other, old] = [authority.issue(), authority.issue(), authority.issue({ isExpired: true })];
  const taken = createServer();
  beforeAll(async () => {
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    for (const [name, { cert, key }] of Object.entries({ good, other, old })) {
      writeFileSync(join(folder, `${name}.pem`), cert);
      writeFileSync(join(folder, `${name}.key`), key, { mode: 0o600 });
    }
    writeFileSync(join(folder, 'ca.pem'), authority.cert);
    writeFileSync(join(folder, 'open.key'), good.key, { mode: 0o644 });
    writeFileSync(join(folder, 'empty.pem'), '');
  });
  afterAll(() => new Promise((resolve) => taken.close(resolve)));

  /** On ports that are free; `insert` stands below the port of the API. */
  const page = (insert: string): string =>
    PAGE.replace('${API_PORT:-7070}\n', `0\n${insert}`).replace('${DOOR_PORT:-3270}', '0').replaceAll('DIR', folder);
  const tls = (cert: string, key: string, more = ''): string =>
    page(`  tls: { cert_file: DIR/${cert}, key_file: DIR/${key}${more} }\n`);

  it('takes the page, with TLS too', async () => {
    expect(await told(page(''), { isMachineChecked: true })).toEqual([]);
    const secured = tls('good.pem', 'good.key', ', client_ca_file: DIR/ca.pem');
    expect(shown(await told(secured, { isMachineChecked: true }))).toContain('The certificate expires on');
  });

  it.each<readonly [string, () => string, ConfigCode, string, string]>([
    [
      'a port that is taken',
      () => page('').replace('port: 0', `port: ${(taken.address() as AddressInfo).port}`),
      'CONFIG_PORT_TAKEN',
      '15:9',
      'in use',
    ],
    [
      'an address of another machine',
      () =>
        page('  allow_remote: true\n  allow_plain: true\n')
          .replace('127.0.0.1 #', '192.0.2.1 #')
          .replace('port: 0', 'port: 7070'),
      'CONFIG_PORT_TAKEN',
      '15:9',
      'no such address',
    ],
    [
      'a certificate that is not there',
      () => tls('none.pem', 'good.key'),
      'CONFIG_FILE_UNREADABLE',
      '16:21',
      'does not exist',
    ],
    [
      'a key that is not there',
      () => tls('good.pem', 'none.key'),
      'CONFIG_FILE_UNREADABLE',
      'key_file',
      'does not exist',
    ],
    [
      'a key of another certificate',
      () => tls('good.pem', 'other.key'),
      'CONFIG_CERTIFICATE',
      '16:21',
      'does not belong',
    ],
    ['a certificate that has expired', () => tls('old.pem', 'old.key'), 'CONFIG_CERTIFICATE', '16:21', 'expired on'],
    ['a certificate that is none', () => tls('empty.pem', 'good.key'), 'CONFIG_CERTIFICATE', '16:21', 'PEM'],
    [
      'a certificate and key the wrong way round',
      () => tls('good.key', 'good.pem'),
      'CONFIG_CERTIFICATE',
      '16:21',
      'PEM',
    ],
    [
      'authorities that are none',
      () => tls('good.pem', 'good.key', ', client_ca_file: DIR/empty.pem'),
      'CONFIG_CERTIFICATE',
      'client_ca_file',
      'authorities',
    ],
    [
      'a log that cannot be written',
      () => page('').replace('log: { level: "info,sessions:warn" }', 'log: { file: { path: /proc/1/roundhouse.log } }'),
      'CONFIG_PATH_UNWRITABLE',
      '22:22',
      'let this user write',
    ],
    [
      'more sessions than descriptors',
      () => page('').replace('max_sessions: 2000', 'max_sessions: 10000000'),
      'CONFIG_DESCRIPTORS',
      '26:17',
      'ulimit -n',
    ],
  ])('%s', async (_what, content, code, place, says) => {
    const diagnostics = await told(content(), { isMachineChecked: true });
    const text = shown(diagnostics);
    expect(diagnostics.find(({ severity }) => severity === 'error')?.code, text).toBe(code);
    expect(text).toContain(place);
    expect(text).toContain(says);
  });

  it('warns of a key that others can read', async () => {
    const diagnostics = await told(tls('good.pem', 'open.key'), { isMachineChecked: true });
    expect(diagnostics.map(({ severity, code }) => [severity, code])).toContainEqual(['warning', 'CONFIG_PERMISSIONS']);
  });
});

describe('the page about the configuration', () => {
  const document = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8');
  const examples = [...document.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, example]) => example as string);

  it.each(examples)('has an example that is valid:\n%s', async (example) => {
    expect(shown(await told(example))).toBe('');
  });

  it('has examples, every code and every section', () => {
    expect(examples.length).toBeGreaterThan(3);
    for (const code of Object.keys(configError.catalogue)) expect(document).toContain(`\`${code}\``);
    for (const section of Object.keys(configurationSchema.shape)) expect(document).toContain(`\n| \`${section}\` `);
  });
});
