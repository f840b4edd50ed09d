import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EXIT } from '../../exit.ts';

const BIN = fileURLToPath(new URL('../../../bin/roundhouse.js', import.meta.url));

const PAGE = `server: { port: 0 }
shutdown: { workers: stop }
`;

const WORKERS = `workers:
  - id: ticker
    command: [sh, -c, 'i=0; while :; do i=$((i+1)); echo "line $i"; sleep 0.1; done']
    group: demo
  - id: behind
    command: [sleep, '1000']
    group: demo
    depends_on: [{ worker: ticker, condition: started }]
`;

interface Listed {
  readonly items: ReadonlyArray<{ readonly id: string; readonly state: string; readonly pid: number | null }>;
}

function isAlive(pid: number | null): boolean {
  if (pid === null) return false;
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('workers of a server', () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  let server: ChildProcess | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roundhouse-worker-'));
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('ROUNDHOUSE_'));
    env = { ...Object.fromEntries(inherited), ROUNDHOUSE_HOME: join(folder, 'home'), ROUNDHOUSE_FRONT_PORT: '0' };
    await writeFile(join(folder, 'roundhouse.yaml'), PAGE);
    await writeFile(join(folder, 'workers.yaml'), WORKERS);
  });
  afterEach(async () => {
    await end('SIGTERM');
    await rm(folder, { recursive: true });
  });

  async function up(): Promise<void> {
    const child = spawn(process.execPath, [BIN, 'up', '--config', join(folder, 'roundhouse.yaml')], { env });
    server = child;
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await vi.waitFor(() => expect(text).toMatch(/^API {4}http/m), { timeout: 20_000, interval: 20 });
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const child = server;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  }

  function cli(...words: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      execFile(process.execPath, [BIN, ...words], { env }, (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      });
    });
  }

  async function listed(): Promise<Listed['items']> {
    return (JSON.parse((await cli('worker', 'list', '--json')).stdout) as Listed).items;
  }

  it('are shown, stopped and started, and outlive their server', { timeout: 60_000 }, async () => {
    const manifest = join(folder, 'workers.yaml');
    await up();
    expect((await cli('apply', '-f', manifest)).stdout).toBe('created    worker ticker\ncreated    worker behind\n');
    expect(await cli('diff', '-f', manifest)).toMatchObject({ code: EXIT.Ok, stdout: 'No differences.\n' });
    await vi.waitFor(
      async () =>
        expect((await listed()).map(({ id, state }) => `${id} ${state}`)).toEqual(['behind ready', 'ticker ready']),
      { timeout: 20_000 },
    );
    expect((await cli('worker', 'logs', 'ticker', '--tail', '2')).stdout).toMatch(/^line \d+\nline \d+\n$/);
    expect((await cli('worker', 'stop', 'behind')).stdout).toMatch(/^stopped behind: stopped/);
    expect((await cli('worker', 'group', 'start', 'demo')).stdout).toBe('started demo: ready, 2 of 2 up\n');
    expect(await cli('worker', 'exec', 'ticker', '--', 'sh', '-c', 'echo here; exit 3')).toMatchObject({
      code: EXIT.Findings,
      stdout: 'here\n',
    });
    expect(await cli('worker', 'describe', 'tikcer')).toMatchObject({
      code: EXIT.NotFound,
      stderr: expect.stringContaining('There is "ticker".') as string,
    });
    const before = (await listed()).map(({ pid }) => pid);
    await end('SIGKILL');
    await up();
    expect((await listed()).map(({ pid }) => pid)).toEqual(before);
    expect((await cli('top')).stdout).toMatch(/^ticker +ready +\d+ /m);
    expect(await cli('delete', '-f', manifest)).toMatchObject({ code: EXIT.Ok });
    await vi.waitFor(() => expect(before.filter(isAlive)).toEqual([]), { timeout: 20_000 });
    expect(await listed()).toEqual([]);
  });
});
