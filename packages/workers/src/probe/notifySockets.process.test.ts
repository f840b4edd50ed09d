import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope, type Scope } from '@roundhouse/core';
import { isInstalled } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NotifySockets } from './notifySockets.ts';

const WEB = { worker: 'web', number: 0 };
const JOBS = { worker: 'jobs', number: 7 };
/** What sd_notify(3) does, in another language. */
const SEND =
  'import os, socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect(os.environ["NOTIFY_SOCKET"]); s.send(sys.argv[1].encode())';

function notify(path: string, message: string): number | null {
  return spawnSync('python3', ['-c', SEND, message], { env: { ...process.env, NOTIFY_SOCKET: path } }).status;
}

describe.skipIf(!isInstalled('python3') || !existsSync('/usr/bin/perl'))('the sockets of sd_notify', () => {
  let directory: string;
  let files: string;
  let scope: Scope;
  let sockets: NotifySockets;
  const pathOf = (name: string): string => join(directory, `${name}.sock`);

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rh-notify-'));
    files = join(directory, 'notify');
    scope = createScope({ timeoutMs: 20_000 });
    sockets = new NotifySockets(files);
  });

  /** Pids of the programs that hold the sockets of this test. */
  function holders(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(files);
        } catch {
          return false;
        }
      })
      .map(Number);
  }

  afterEach(() => {
    for (const pid of holders()) process.kill(pid, 'SIGKILL');
    scope.end();
    rmSync(directory, { recursive: true, force: true });
  });

  async function until(test: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await test())) await scope.sleep(5);
  }

  it('tell which program is ready', async () => {
    await Promise.all([sockets.open(WEB, pathOf('web'), scope), sockets.open(JOBS, pathOf('jobs'), scope)]);
    expect(statSync(pathOf('web')).mode & 0o777).toBe(0o777);
    expect(readdirSync(files).map((name) => [name, statSync(join(files, name)).mode & 0o777])).toEqual(
      ['control', 'jobs.7', 'lock', 'web.0'].map((name) => [name, 0o600]),
    );
    expect(notify(pathOf('web'), 'STATUS=warming up')).toBe(0);
    expect(notify(pathOf('jobs'), 'MAINPID=1\nREADY=1\nSTATUS=well')).toBe(0);
    await until(() => sockets.isReady(JOBS));
    expect(await sockets.isReady(WEB)).toBe(false);
    notify(pathOf('jobs'), 'RELOADING=1');
    await until(async () => !(await sockets.isReady(JOBS)));
    notify(pathOf('jobs'), 'READY=1');
    await until(() => sockets.isReady(JOBS));
    notify(pathOf('jobs'), 'READY=1\nSTOPPING=1');
    await until(async () => !(await sockets.isReady(JOBS)));
    expect(holders()).toHaveLength(1);
  });

  it('forget what was said when the program is started anew', async () => {
    await sockets.open(WEB, pathOf('web'), scope);
    notify(pathOf('web'), 'READY=1');
    await until(() => sockets.isReady(WEB));
    await sockets.open(WEB, pathOf('web'), scope);
    expect(await sockets.isReady(WEB)).toBe(false);
    notify(pathOf('web'), 'READY=1');
    await until(() => sockets.isReady(WEB));
  });

  it('outlive whoever asked for them, and what they were told does too', async () => {
    await sockets.open(WEB, pathOf('web'), scope);
    const [holder] = holders();
    notify(pathOf('web'), 'READY=1');
    const next = new NotifySockets(files);
    await until(() => next.isReady(WEB));
    await next.open(JOBS, pathOf('jobs'), scope);
    expect(holders()).toEqual([holder]);
  });

  it('are made anew by another program when theirs was killed', async () => {
    await sockets.open(WEB, pathOf('web'), scope);
    const [holder] = holders();
    process.kill(holder as number, 'SIGKILL');
    await until(() => holders().length === 0);
    await sockets.open(WEB, pathOf('web'), scope);
    expect(notify(pathOf('web'), 'READY=1')).toBe(0);
    await until(() => sockets.isReady(WEB));
  });

  it('end with the last that is given up', async () => {
    await sockets.open(WEB, pathOf('web'), scope);
    await sockets.open(JOBS, pathOf('jobs'), scope);
    sockets.drop(WEB, pathOf('web'));
    await until(() => !existsSync(pathOf('web')));
    expect(holders()).toHaveLength(1);
    sockets.drop(JOBS, pathOf('jobs'));
    await until(() => holders().length === 0);
    await sockets.open(WEB, pathOf('web'), scope);
    expect(await sockets.isReady(WEB)).toBe(false);
  });

  it('cannot be made where their path is too long', async () => {
    await sockets.open(WEB, pathOf('web'), scope);
    await expect(sockets.open(JOBS, pathOf('j'.repeat(120)), scope.child())).rejects.toMatchObject({
      code: 'PROBE_UNSUPPORTED',
    });
    expect(holders()).toHaveLength(1);
  });
});
