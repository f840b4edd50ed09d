import { type Tmux, tmuxAvailable } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeApi, Problem, workerOf } from '../api.fixture.ts';
import { modesAfter, openCommand, signalCommand } from '../terminal/tmux.fixture.ts';

describe.skipIf(!tmuxAvailable())('roundhouse top in a real terminal', () => {
  let api: FakeApi;

  beforeEach(async () => {
    api = await FakeApi.start();
    const items = Array.from({ length: 40 }, (_, number) => workerOf({ id: `web-${number}` }));
    api.replies.listWorkers = { items, next_cursor: null };
  });
  afterEach(() => api[Symbol.asyncDispose]());

  async function top(): Promise<Tmux> {
    const environment = { ROUNDHOUSE_URL: api.url, ROUNDHOUSE_TOKEN: api.token, ROUNDHOUSE_HOME: '/nonexistent' };
    const terminal = await openCommand(['top', '--interval', '100ms'], { columns: 80, rows: 24, environment });
    await terminal.waitFor('1-20 of 40');
    return terminal;
  }

  it('scrolls, follows the size of the window, and leaves', { timeout: 30_000 }, async () => {
    await using terminal = await top();
    await terminal.press('PageDown');
    await terminal.waitFor('21-40 of 40');
    await terminal.resize(100, 10);
    await terminal.waitFor('21-26 of 40');
    await terminal.resize(100, 30);
    await terminal.waitFor('15-40 of 40');
    await terminal.type('q');
    expect(await modesAfter(terminal, 'rc=0')).toEqual(['icanon', 'echo']);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('gives the terminal back at %s', { timeout: 30_000 }, async (signal, code) => {
    await using terminal = await top();
    await signalCommand(terminal, signal);
    expect(await modesAfter(terminal, `rc=${code}`)).toEqual(['icanon', 'echo']);
  });

  it('gives it back when the server takes the right away to look', { timeout: 30_000 }, async () => {
    await using terminal = await top();
    api.replies.listWorkers = () => new Problem(403, 'FORBIDDEN');
    await terminal.waitFor('code: FORBIDDEN');
    expect(await modesAfter(terminal, 'rc=9')).toEqual(['icanon', 'echo']);
  });
});
