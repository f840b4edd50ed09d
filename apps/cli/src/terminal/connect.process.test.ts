import { startDemoHost } from '@roundhouse/server';
import { type Tmux, tmuxAvailable } from '@roundhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modesAfter, openCommand, signalCommand } from './tmux.fixture.ts';

describe.skipIf(!tmuxAvailable())('roundhouse connect in a real terminal', () => {
  let host: Awaited<ReturnType<typeof startDemoHost>>;

  beforeAll(async () => {
    host = await startDemoHost({ host: '127.0.0.1', port: 0, name: 'HOST' });
  });
  afterAll(() => host.close());

  function connect(environment: Readonly<Record<string, string>> = {}): Promise<Tmux> {
    return openCommand(['connect', `127.0.0.1:${host.port}`], { columns: 80, rows: 25, environment });
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
    expect(await modesAfter(terminal, 'rc=0')).toEqual(['icanon', 'echo']);
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
    await signalCommand(terminal, signal);
    expect(await modesAfter(terminal, `rc=${code}`)).toEqual(['icanon', 'echo']);
  });

  it('leaves the last screen when the host ends the session', { timeout: 30_000 }, async () => {
    await using terminal = await connect();
    await terminal.waitFor('ANY USER ID');
    await terminal.press('F3');
    await terminal.waitFor('Session ended (HOST_CLOSED). Enter leaves.');
    await terminal.press('Enter');
    await terminal.waitFor('code: HOST_CLOSED');
    expect(await modesAfter(terminal, 'rc=1')).toEqual(['icanon', 'echo']);
  });
});
