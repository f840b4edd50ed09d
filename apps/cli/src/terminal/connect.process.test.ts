import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { startDemoHost } from '@roundhouse/server';
import { openTmux, type Tmux, tmuxAvailable } from '@roundhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('../../bin/roundhouse.js', import.meta.url));

describe.skipIf(!tmuxAvailable())('roundhouse connect in a real terminal', () => {
  let host: Awaited<ReturnType<typeof startDemoHost>>;

  beforeAll(async () => {
    host = await startDemoHost({ host: '127.0.0.1', port: 0, name: 'HOST' });
  });
  afterAll(() => host.close());

  /** Under a shell that tells the exit code, and the modes of the terminal afterwards. */
  function connect(environment: Readonly<Record<string, string>> = {}): Promise<Tmux> {
    const command = `'${process.execPath}' '${BIN}' connect 127.0.0.1:${host.port}`;
    return openTmux(['sh', '-c', `${command}; echo "rc=$?"; stty -a; sleep 60`], {
      columns: 80,
      rows: 25,
      environment,
    });
  }

  it('shows the host, takes keys, hides the password, and leaves by the menu', { timeout: 30_000 }, async () => {
    await using terminal = await connect();
    await terminal.waitFor('ANY USER ID, PASSWORD DEMO.');
    await terminal.type('joe\tdemo');
    const typed = (await terminal.waitFor('012/042')).join('\n');
    expect(typed).toContain('joe');
    expect(typed).not.toContain('demo');
    await terminal.press('Enter');
    await terminal.waitFor('MAIN MENU');
    // Labels are green in the palette of 256 colours, or bright in that of 16.
    expect((await terminal.capture({ styles: true })).join('\n')).toMatch(/\p{Cc}\[[\d;]*(38;5;77|32)m/u);
    await terminal.press('C-]');
    await terminal.waitFor('about this session');
    await terminal.type('q');
    expect(await afterwards(terminal, 'rc=0')).toEqual(['icanon', 'echo']);
  });

  it('follows the size of the window', { timeout: 30_000 }, async () => {
    await using terminal = await connect({ NO_COLOR: '1' });
    await terminal.waitFor('ANY USER ID');
    await terminal.resize(50, 10);
    await terminal.waitFor('Window 10x50, needs 25x80');
    await terminal.resize(100, 30);
    await terminal.waitFor('HOST');
    expect((await terminal.capture({ styles: true })).join('\n')).not.toMatch(/\p{Cc}\[[\d;]*38;5;/u);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 130],
  ] as const)('gives the terminal back at %s', { timeout: 30_000 }, async (signal, code) => {
    await using terminal = await connect();
    await terminal.waitFor('ANY USER ID');
    process.kill(await childOf(await terminal.pid()), signal);
    expect(await afterwards(terminal, `rc=${code}`)).toEqual(['icanon', 'echo']);
  });

  it('leaves the last screen when the host ends the session', { timeout: 30_000 }, async () => {
    await using terminal = await connect();
    await terminal.waitFor('ANY USER ID');
    await terminal.press('F3');
    await terminal.waitFor('Session ended (HOST_CLOSED). Enter leaves.');
    await terminal.press('Enter');
    await terminal.waitFor('code: HOST_CLOSED');
    expect(await afterwards(terminal, 'rc=1')).toEqual(['icanon', 'echo']);
  });
});

/** How canonical mode and echo stand after the command has ended with `exit`. */
async function afterwards(terminal: Tmux, exit: string): Promise<string[]> {
  await terminal.waitFor(exit);
  const shown = (await terminal.waitFor('icanon')).join(' ');
  return ['icanon', 'echo'].map((mode) => new RegExp(`(?<=\\s)-?${mode}(?=\\s)`).exec(shown)?.[0] ?? 'not shown');
}

/** The one child of a process. */
async function childOf(parent: number): Promise<number> {
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, 'utf8').catch(() => '');
    // Behind the name in parentheses: state, parent. proc_pid_stat(5).
    if (Number(/\) \S (\d+)/.exec(stat)?.[1]) === parent) return Number(entry);
  }
  throw new Error(`Process ${parent} has no child`);
}
