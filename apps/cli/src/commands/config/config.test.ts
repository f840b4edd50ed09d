import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeApi, Problem } from '../../api.fixture.ts';
import { EXIT } from '../../exit.ts';
import { writeLocalServer } from '../../home.ts';
import type { Io } from '../../io.ts';

const PAGE = fileURLToPath(new URL('../../../../../examples/roundhouse.yaml', import.meta.url));
const SECRETS = {
  AUDIT_HOOK_SECRET: `whsec_${'A'.repeat(43)}=`,
  NIGHTLY_KEY_HASH: 'ab'.repeat(32),
  HELEN_PASSWORD_HASH: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo',
};
const AT = '2026-01-01T00:00:00.000Z';

let api: FakeApi;
let folder = '';
let page = '';

beforeEach(async () => {
  api = await FakeApi.start();
  folder = mkdtempSync(join(tmpdir(), 'roundhouse-config-'));
  page = join(folder, 'roundhouse.yaml');
  copyFileSync(PAGE, page);
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** A command line of this folder; no server runs but `api`, which is not known there. */
function cli(argv: readonly string[], env: Readonly<Record<string, string>> = {}, io: Partial<Io> = {}) {
  return api.cli(['config', ...argv], {
    env: { ROUNDHOUSE_HOME: join(folder, 'home'), API_PORT: '0', DOOR_PORT: '0', ...SECRETS, ...env },
    ...io,
  });
}

/** The page with one thing in it changed, as another file. */
function changed(text: string, by: string): string {
  const file = join(folder, 'changed.yaml');
  writeFileSync(file, readFileSync(page, 'utf8').replace(text, by));
  return file;
}

describe('config check', () => {
  it('takes the page of the examples', async () => {
    expect(await cli(['check', page])).toEqual({ code: EXIT.Ok, stdout: `${page} is valid.\n`, stderr: '' });
    expect(JSON.parse((await cli(['check', page, '--json'])).stdout)).toMatchObject({ errors: 0, diagnostics: [] });
  });

  it('shows each fault with its line, and exits with 11', async () => {
    const file = changed('weight: 2', 'wieght: 2');
    writeFileSync(file, readFileSync(file, 'utf8').replace('group: test\n', 'group: tset\n'));
    const { code, stdout, stderr } = await cli(['check', file]);
    expect([code, stdout]).toEqual([EXIT.ConfigInvalid, '']);
    expect(stderr).toContain(`--> ${file}:66:5\n`);
    expect(stderr).toContain('66 |     wieght: 2\n');
    expect(stderr).toContain('did you mean `weight`?');
    expect(stderr).toContain(`--> ${file}:73:12\n`);
    expect(stderr).toMatch(/\n2 errors\n$/);
    const json = JSON.parse((await cli(['check', file, '--json'])).stdout) as Record<string, unknown>;
    expect(json).toMatchObject({
      errors: 2,
      diagnostics: [{ line: 66, column: 5, suggestion: 'weight' }, { line: 73 }],
    });
  });

  it('tells warnings apart from faults, by its exit code too', async () => {
    const { code, stdout, stderr } = await cli(['check', changed('max_sessions: 2000', 'max_sessions: 20')]);
    expect([code, stdout]).toEqual([EXIT.Findings, expect.stringContaining('is valid, with warnings.')]);
    expect(stderr).toContain('warning[CONFIG_CONFLICT]: `max_sessions_per_user` is 40, but `max_sessions` is 20');
  });

  it('colours what goes to a terminal, unless NO_COLOR says otherwise', async () => {
    const file = changed('weight: 2', 'wieght: 2');
    const terminal = (): Partial<Io> & { text: string } => {
      const io = { text: '', stderr: { write: (text: string) => (io.text += text), isTTY: true } };
      return io;
    };
    const [plain, colored] = [terminal(), terminal()];
    await cli(['check', file], { NO_COLOR: '1' }, plain);
    await cli(['check', file], {}, colored);
    expect(plain.text).not.toContain('\u001B[');
    expect(colored.text).toContain('\u001B[1;31merror[CONFIG_UNKNOWN_KEY]');
  });

  describe('on a machine where the port is taken', () => {
    let taken: Server;
    let port = '';
    beforeEach(async () => {
      taken = createServer();
      await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
      port = String((taken.address() as { port: number }).port);
    });
    afterEach(() => new Promise((resolve) => taken.close(resolve)));

    it('says so, unless it is not to ask', async () => {
      const { code, stderr } = await cli(['check', page], { DOOR_PORT: port });
      expect([code, stderr]).toEqual([EXIT.ConfigInvalid, expect.stringContaining(`127.0.0.1:${port}: the address`)]);
      expect((await cli(['check', page, '--no-machine'], { DOOR_PORT: port })).code).toBe(EXIT.Ok);
    });

    it('does not mind that the server here has it', async () => {
      await writeLocalServer({ ROUNDHOUSE_HOME: join(folder, 'home') }, { url: api.url, token: api.token });
      const values = { front_door: { port: Number(port) } };
      api.replies.getConfiguration = { file: page, loaded_at: AT, values, origins: {} };
      const own = { DOOR_PORT: port, API_PORT: new URL(api.url).port };
      expect(await cli(['check', page], own)).toMatchObject({ code: EXIT.Ok, stderr: '' });
    });
  });
});

describe('config explain', () => {
  it('knows the variables that stand below the file', async () => {
    const file = changed('  port: ${API_PORT:-7070}\n', '');
    const { stdout } = await cli(['explain', file, 'server.port'], { ROUNDHOUSE_PORT: '7171' });
    expect(stdout).toMatch(/^\* +server\.port +7171 +profile +profile ROUNDHOUSE_PORT:1:17$/m);
    expect((await cli(['explain', page, 'server.port'], { ROUNDHOUSE_PORT: '7171' })).stdout).toMatch(
      /^\* .* 0 +file /m,
    );
  });

  it('shows every layer that says something of a value', async () => {
    const env = { ROUNDHOUSE__endpoints__zos_west__weight: '3' };
    const { stdout } = await cli(
      ['explain', page, 'endpoints[zos-west].weight', '--set', 'endpoints[zos-west].weight=9'],
      env,
    );
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['', 'VALUE', 'IS', 'LAYER', 'PLACE'],
      ['*', 'endpoints[zos-west].weight', '9', 'command_line', '--set endpoints[zos-west].weight'],
      ['', 'endpoints[zos-west].weight', '3', 'environment', 'environment ROUNDHOUSE__endpoints__zos_west__weight'],
      ['', 'endpoints[zos-west].weight', '2', 'file', `${page}:66:13`],
      [''],
    ]);
  });

  it('names the nearest path for one that is not there, and shows no secret', async () => {
    expect((await cli(['explain', page, 'limits.max_sesions'])).stderr).toContain('max_sessions');
    expect((await cli(['explain', page, 'webhooks[audit].secret'])).stdout).toContain('secret://env/AUDIT_HOOK_SECRET');
  });
});

describe('config show', () => {
  it('shows what a file leads to, with all layers and without secrets', async () => {
    const { stdout } = await cli(['show', page, '--set', 'limits.max_sessions=5']);
    expect(stdout).toContain('  max_sessions: 5\n');
    expect(stdout).toContain('    host: zos-east.example.com\n');
    expect(stdout).not.toContain('whsec_');
    expect((await cli(['show', page, '--origins'])).stdout).toMatch(
      /host: zos-east\.example\.com # .*roundhouse\.yaml:63:47/,
    );
    expect(JSON.parse((await cli(['show', page, '--json'])).stdout)).toMatchObject({ server: { port: 0 } });
    expect(api.asked).toEqual([]);
  });

  it('shows what is in force at the server', async () => {
    const origins = { 'limits.max_sessions': '/etc/roundhouse.yaml:3:17' };
    api.replies.getConfiguration = {
      file: '/etc/roundhouse.yaml',
      loaded_at: AT,
      values: { limits: { max_sessions: 7 } },
      origins,
    };
    expect((await api.cli(['config', 'show'])).stdout).toBe(
      `# /etc/roundhouse.yaml, in force since ${AT}\n\nlimits:\n  max_sessions: 7\n`,
    );
    expect((await api.cli(['config', 'show', '--origins'])).stdout).toMatch(
      /^limits\.max_sessions +\/etc\/roundhouse\.yaml:3:17$/m,
    );
  });
});

describe('config diff', () => {
  it('shows what leads from one file to another, and what it takes', async () => {
    const { code, stdout } = await cli(['diff', page, changed('weight: 2', 'weight: 3')]);
    expect([code, stdout]).toEqual([
      EXIT.Findings,
      '~ endpoints[zos-west] (live)\n    ~ weight: 2 → 3\n\nPlan: 0 to add, 1 to change, 0 to remove (1 live, 0 drain, 0 restart).\n',
    ]);
    expect(await cli(['diff', page, page])).toMatchObject({ code: EXIT.Ok, stdout: 'No changes.\n' });
  });

  it('shows no secret', async () => {
    const after = changed('secret://env/AUDIT_HOOK_SECRET', `whsec_${'B'.repeat(43)}=`);
    const { stdout } = await cli(['diff', page, after]);
    expect(stdout).toContain('~ secret: "[secret]" → "[secret]"');
  });

  it('says which of the two is not valid', async () => {
    const { code, stderr } = await cli(['diff', page, changed('weight: 2', 'weight: two')]);
    expect([code, stderr]).toEqual([EXIT.ConfigInvalid, expect.stringContaining('changed.yaml:66:13')]);
  });
});

describe('config schema', () => {
  it('is a JSON Schema that has every section', async () => {
    const schema = JSON.parse((await cli(['schema'])).stdout) as { properties: object; $schema: string };
    expect(schema.$schema).toContain('draft-07');
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(['server', 'endpoints', 'authentication']));
  });
});

describe('config reload', () => {
  const plan = {
    applied: true,
    changes: [{ path: 'endpoints[east]', op: 'change', fields: ['weight'], action: 'live' }],
    workers: [{ worker: 'web', effect: 'restart' }],
    warnings: ['careful'],
  };

  it('lets the server read its files again, and shows what that did', async () => {
    api.replies.reloadConfiguration = plan;
    const { stdout, stderr } = await api.cli(['config', 'reload']);
    expect(stdout).toMatch(/^change +endpoints\[east\] +weight +live\n\n.+\nweb +is restarted\n\nApplied\.$/m);
    expect(stderr).toBe('warning: careful\n');
    api.replies.reloadConfiguration = { ...plan, applied: false };
    expect((await api.cli(['config', 'reload', '--dry-run'])).stdout).toContain('this is what would be done');
    expect(api.asked.map(({ body }) => body)).toEqual([{}, { dry_run: true }]);
  });

  it('exits with 11 when the files are not valid', async () => {
    api.replies.reloadConfiguration = () => new Problem(422, 'CONFIGURATION_INVALID');
    expect((await api.cli(['config', 'reload'])).code).toBe(EXIT.ConfigInvalid);
  });
});
