import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@roundhouse/core';
import { createServer, openLog, type Server } from '@roundhouse/server';
import { FakeSession } from '@roundhouse/testing';
import { FIELD_ATTRIBUTE } from '@roundhouse/tn3270';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cliError } from './errors.ts';
import { EXIT } from './exit.ts';
import { writeLocalServer } from './home.ts';
import { run } from './main.ts';

const TOKEN = 'a-token-of-this-test';

let opened: FakeSession[] = [];
let server: Server;
let home = '';
let url = '';
let env: Record<string, string> = {};

function showScreen(session: FakeSession): void {
  session.hostSetsField(1, 1, FIELD_ATTRIBUTE.Protected);
  session.hostWrites(1, 2, 'WELCOME');
  session.hostSetsField(5, 19, 0);
  session.hostSetsField(5, 40, FIELD_ATTRIBUTE.Nondisplay);
  session.hostWrites(5, 41, 'HUSH');
  session.hostSetsField(5, 60, FIELD_ATTRIBUTE.Protected);
  session.hostUnlocks();
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'roundhouse-cli-'));
  server = await createServer(
    { port: 0, token: TOKEN, version: '9.9.9' },
    {
      log: await openLog({ filter: 'silent' }, { clock: systemClock }),
      openSession: async (options, scope) => {
        const session = new FakeSession(options);
        scope.onEnd((reason) => session.destroy(reason));
        opened.push(session);
        queueMicrotask(() => showScreen(session));
        return session;
      },
    },
  );
  ({ url } = await server.start());
});
afterAll(async () => {
  await server.stop();
  await rm(home, { recursive: true });
});
beforeEach(async () => {
  env = { ROUNDHOUSE_HOME: home };
  await writeLocalServer(env, { url, token: TOKEN });
});
afterEach(async () => {
  const { stdout } = await cli('session', 'list', '--json', '--url', url, '--token', TOKEN);
  const { items } = JSON.parse(stdout) as { items: Array<{ id: string }> };
  if (items.length > 0) await cli('session', 'close', ...items.map((item) => item.id), '--url', url, '--token', TOKEN);
  opened = [];
});

async function cli(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const code = await run(argv, {
    version: '9.9.9',
    env,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  });
  return { code, stdout, stderr };
}

async function openedSession(): Promise<{ id: string; session: FakeSession }> {
  const { stdout } = await cli('session', 'open', '127.0.0.1:3271');
  return { id: stdout.split('\n', 1)[0] as string, session: opened.at(-1) as FakeSession };
}

describe('the command line', () => {
  it('shows its version and its help', async () => {
    expect(await cli('--version')).toEqual({ code: EXIT.Ok, stdout: '9.9.9\n', stderr: '' });
    const help = await cli('--help');
    expect(help.code).toBe(EXIT.Ok);
    for (const name of ['demo', 'up', 'session']) expect(help.stdout).toContain(`  ${name}`);
  });

  it.each([
    ['an unknown command', ['sesion', 'list'], /Did you mean session/],
    ['an unknown option', ['session', 'list', '--jsn'], /Did you mean --json/],
    ['a missing argument', ['session', 'show'], /missing required argument/],
    ['no command at all', [], /Usage: roundhouse/],
    [
      'a format that there is not',
      ['session', 'screen', 'x', '--format', 'pdf'],
      /Allowed choices are text, html, cells/,
    ],
    ['a bad address', ['session', 'open', 'host:port:x'], /code: ADDRESS_INVALID/],
    ['a bad key', ['session', 'input', 'x', '--key', 'Entr'], /did you mean Enter\?/],
    ['a bad field', ['session', 'input', 'x', '--field', '5,20'], /write it like 5,20=value/],
    ['two waits', ['session', 'input', 'x', '--wait', 'none', '--wait-text', 'A'], /only one of --wait/],
    ['a bad port', ['up', '--port', '99999'], /ROUNDHOUSE_PORT is not valid/],
    ['a bad server address', ['session', 'list', '--url', 'nonsense', '--token', 'x'], /code: API_URL_INVALID/],
  ])('says what is wrong with %s, and exits with 2', async (_title, argv, message) => {
    const { code, stdout, stderr } = await cli(...argv);
    expect([code, stdout]).toEqual([EXIT.Usage, '']);
    expect(stderr).toMatch(message);
  });
});

describe('what fails while all is put away', () => {
  it('does not hide what failed first', async () => {
    let stderr = '';
    const code = await run(['errors', 'TOKEN_MISSING'], {
      version: '9.9.9',
      env,
      stdout: {
        write() {
          const first = cliError('INPUT_INTERRUPTED');
          throw new SuppressedError(new Error('third'), new SuppressedError(new Error('second'), first));
        },
      },
      stderr: { write: (text) => (stderr += text) },
    });
    expect([code, stderr]).toEqual([EXIT.Interrupted, expect.stringContaining('code: INPUT_INTERRUPTED')]);
    expect(stderr).not.toMatch(/second|third|suppressed/i);
  });
});

describe('session commands', () => {
  it('open, list, show and close a session', async () => {
    expect((await cli('session', 'list')).stdout).toMatch(/^There are no sessions\. .+session open/);
    const open = await cli(
      'session',
      'open',
      '127.0.0.1:3271',
      '--model',
      '3278-2',
      '--code-page',
      '037',
      '--application',
      'demo',
    );
    const [id = '', ...facts] = open.stdout.split('\n');
    expect(open).toMatchObject({ code: EXIT.Ok, stderr: '' });
    expect(facts.join('\n')).toMatch(/^state +connected$/m);
    const [head, row] = (await cli('session', 'list')).stdout.split('\n');
    expect(head).toMatch(/^ID +STATE +HOST/);
    expect(row).toMatch(new RegExp(`^${id}  connected  127\\.0\\.0\\.1:3271  -`));
    const shown = await cli('session', 'show', id);
    expect(shown.stdout).toMatch(/^application +demo$/m);
    expect(JSON.parse((await cli('session', 'show', id, '--json')).stdout)).toMatchObject({
      id,
      model: '3278-2',
      code_page: '037',
    });
    expect(await cli('session', 'close', id)).toEqual({ code: EXIT.Ok, stdout: `closed ${id}\n`, stderr: '' });
    expect((await cli('session', 'close', id)).code).toBe(EXIT.NotFound);
  });

  it('list more sessions than fit on a page', async () => {
    for (let count = 0; count < 101; count++) await cli('session', 'open', 'h:1', '--wait', 'none');
    const { items } = JSON.parse((await cli('session', 'list', '--json')).stdout) as { items: unknown[] };
    expect(items).toHaveLength(101);
  });

  it('frame the screen, and list its fields without the hidden values', async () => {
    const { id } = await openedSession();
    const { stdout } = await cli('session', 'screen', id, '--fields');
    const lines = stdout.split('\n');
    expect(lines[0]).toBe(`┌${'─'.repeat(80)}┐`);
    expect(lines[1]).toBe(`│ WELCOME${' '.repeat(72)}│`);
    expect(lines[25]).toMatch(/^└─ 24×80 · cursor 1,1 · unlocked · connected-tn3270e · version \d+ ─*┘$/);
    expect(lines[25]).toHaveLength(82);
    expect(stdout).toMatch(/^5,41 +19 +input hidden +\(hidden\)$/m);
    expect(stdout).not.toContain('HUSH');
  });

  it('write the screen in the other forms', async () => {
    const { id } = await openedSession();
    expect((await cli('session', 'screen', id, '--format', 'text')).stdout).toMatch(/^ WELCOME {72}\n/);
    expect((await cli('session', 'screen', id, '--format', 'html')).stdout).toMatch(/^<!doctype html>/);
    expect((await cli('session', 'screen', id, '--format', 'cells')).stdout).toMatch(/^SF\(c0=e0\) e6 c5 d3/);
    expect(JSON.parse((await cli('session', 'screen', id, '--json')).stdout)).toMatchObject({
      session_id: id,
      rows: 24,
    });
  });

  it('do the actions of an input in the order of the command line', async () => {
    const { id, session } = await openedSession();
    session.onAid = (key) => {
      session.hostWrites(10, 2, `GOT ${key.toUpperCase()}`);
      session.hostUnlocks();
    };
    const { code, stdout } = await cli(
      'session',
      'input',
      id,
      '--cursor',
      '5,20',
      'A',
      '--text',
      '-B',
      '--cursor=5,24',
      'C',
      '--field',
      '5,26=D=E',
      '--key',
      'enter',
      '--wait-text',
      'GOT',
      '--timeout',
      '5s',
    );
    expect(code).toBe(EXIT.Ok);
    const rows = stdout.split('\n');
    expect(rows[5]?.slice(20, 30)).toBe('A-B C D=E ');
    expect(rows[10]).toContain('GOT ENTER');
  });

  it('say with code, hint and exit code what failed', async () => {
    const { id } = await openedSession();
    const { code, stdout, stderr } = await cli('session', 'input', id, 'X');
    expect([code, stdout]).toEqual([EXIT.Failure, '']);
    expect(stderr).toMatch(
      /^roundhouse: Row 1 column 1 is protected\n  hint: Move the cursor.+\n  code: FIELD_PROTECTED\n$/,
    );
    const json = await cli('session', 'input', id, 'X', '--json');
    expect(JSON.parse(json.stderr)).toMatchObject({
      error: { code: 'FIELD_PROTECTED', details: { completed_actions: 0 } },
    });
  });

  it('point at each fault that the server found', async () => {
    const { id } = await openedSession();
    const { code, stderr } = await cli('session', 'screen', id, '--after', '1', '--timeout', '9m');
    expect(code).toBe(EXIT.Failure);
    expect(stderr).toContain('  /timeout_ms: ');
  });

  it('exit with 6 when what they wait for does not come', async () => {
    const { id } = await openedSession();
    const { code, stderr } = await cli('session', 'input', id, '--wait-text', 'NEVER', '--timeout', '1ms');
    expect([code, stderr]).toEqual([EXIT.WaitTimeout, expect.stringContaining('WAIT_TIMEOUT')]);
  });

  it('mark the cursor on a terminal, unless colours are unwanted', async () => {
    const { id } = await openedSession();
    for (const [noColor, expected] of [
      ['', true],
      ['1', false],
    ] as const) {
      let stdout = '';
      const io = { version: '', env: { ...env, NO_COLOR: noColor }, stderr: { write() {} } };
      await run(['session', 'screen', id], { ...io, stdout: { isTTY: true, write: (text) => (stdout += text) } });
      expect(stdout.includes('\u001b[7m \u001b[27m')).toBe(expected);
    }
  });
});

describe('finding the server', () => {
  it('prefers options to the environment, and the environment to the note', async () => {
    env['ROUNDHOUSE_TOKEN'] = 'wrong-token';
    expect((await cli('session', 'list')).code).toBe(EXIT.Unauthenticated);
    expect((await cli('session', 'list', '--token', TOKEN)).code).toBe(EXIT.Ok);
    env['ROUNDHOUSE_URL'] = 'http://127.0.0.1:1';
    expect((await cli('session', 'list', '--token', TOKEN)).code).toBe(EXIT.Unreachable);
    expect((await cli('session', 'list', '--token', TOKEN, '--url', url)).code).toBe(EXIT.Ok);
  });

  it('never sends the token of the note to another server', async () => {
    const { code, stderr } = await cli('session', 'list', '--url', 'http://127.0.0.1:1');
    expect([code, stderr]).toEqual([EXIT.Unauthenticated, expect.stringContaining('TOKEN_MISSING')]);
  });
});
