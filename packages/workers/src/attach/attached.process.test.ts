import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkerInput } from '@roundhouse/api';
import { freePort } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Site } from '../supervisor/site.fixture.ts';

/** Ends in a session of its own, without a parent, having told its number. */
const DAEMON = `
import os, sys, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
with open(sys.argv[1], 'w') as file: file.write('%d\\n' % os.getpid())
time.sleep(1000)
`;
/** Holds a port together with three children, as servers that fork beforehand do. */
const FORKING_SERVER = `
import os, signal, socket, sys, time
server = socket.create_server(('::1', int(sys.argv[1])), family=socket.AF_INET6)
for _ in range(3):
    if os.fork() == 0: time.sleep(1000)
time.sleep(1000)
`;

let site: Site;
let directory: string;
let children: ChildProcess[];

beforeEach(() => {
  site = new Site();
  directory = mkdtempSync(join(tmpdir(), 'rh-attach-'));
  children = [];
});

afterEach(async () => {
  await site.end();
  for (const child of children) kill(-(child.pid ?? Number.NaN));
  if (existsSync(pidFile())) kill(daemonPid());
  rmSync(directory, { recursive: true, force: true });
});

const pidFile = (): string => join(directory, 'daemon.pid');
const daemonPid = (): number => Number(readFileSync(pidFile(), 'utf8'));

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** As somebody else would: in a session of its own. */
function start(program: string, ...given: string[]): ChildProcess & { readonly pid: number } {
  const child = spawn(program, given, { detached: true, stdio: 'ignore' });
  children.push(child);
  if (child.pid === undefined) throw new Error(`${program} cannot be started`);
  return child as ChildProcess & { readonly pid: number };
}

async function startDaemon(): Promise<number> {
  rmSync(pidFile(), { force: true });
  await once(start('python3', '-c', DAEMON, pidFile()), 'exit');
  await site.until('its file', () => existsSync(pidFile()) && readFileSync(pidFile(), 'utf8').endsWith('\n'));
  return daemonPid();
}

const watch = (attach: NonNullable<WorkerInput['attach']>, rest: Partial<WorkerInput> = {}): Promise<void> =>
  site.begin({ id: 'theirs', type: 'unmanaged', attach: { check_interval: '100ms', ...attach }, ...rest });

const target = { worker: 'theirs' };
const isThere = (pid: number): boolean => existsSync(`/proc/${pid}`);

describe('a server that is found by its port', () => {
  const startServer = (port: number) => start('python3', '-m', 'http.server', String(port), '--bind', '127.0.0.1');

  it('is probed, missed when it goes, and found again when it is back', async () => {
    const port = await freePort();
    await watch({ port }, { probes: { readiness: { http: { port, path: '/' }, period: '1s', failure_threshold: 1 } } });
    expect(site.state('theirs')).toBe('stopped not_found');
    const first = startServer(port);
    await site.untilState('theirs', 'ready started');
    expect(site.pid('theirs')).toBe(first.pid);
    expect(site.status('theirs').probes.readiness).toMatchObject({ status: 'success' });
    first.kill('SIGKILL');
    await once(first, 'exit');
    await site.untilState('theirs', 'stopped not_found');
    expect(site.status('theirs').lastExit).toMatchObject({ isKnown: false, reason: 'unknown' });
    const second = startServer(port);
    await site.untilState('theirs', 'ready started');
    expect(site.pid('theirs')).toBe(second.pid);
    expect(site.told.adopted.map(({ process: found }) => found.pid)).toEqual([first.pid, second.pid]);
  });

  it('is the one that has opened it, when its children hold it too; over IPv6 as well', async () => {
    const port = await freePort();
    const server = start('python3', '-c', FORKING_SERVER, String(port));
    await watch({ port });
    await site.untilState('theirs', 'ready started');
    expect(site.pid('theirs')).toBe(server.pid);
  });

  it('goes on when it may not be stopped, and when Roundhouse goes or forgets it', async () => {
    const port = await freePort();
    const server = startServer(port);
    await watch({ port });
    await site.untilState('theirs', 'ready started');
    await expect(site.supervisor.stop(target, site.scope)).rejects.toMatchObject({ code: 'WORKER_NOT_OURS' });
    await expect(site.supervisor.restart(target, site.scope)).rejects.toMatchObject({ code: 'WORKER_NOT_OURS' });
    await site.set({ id: 'theirs', type: 'unmanaged', attach: { port, can_stop: true } });
    await site.supervisor.remove('theirs');
    await site.set({ id: 'theirs', type: 'unmanaged', attach: { port, can_stop: true } });
    await site.untilState('theirs', 'ready started');
    await site.supervisor.close('stop', site.scope);
    expect(server.exitCode ?? server.signalCode).toBeNull();
    expect(isThere(server.pid)).toBe(true);
  });
});

describe('a daemon that is found by its file', () => {
  it('is stopped where that is allowed, and found again when somebody starts it', async () => {
    const first = await startDaemon();
    await watch({ pid_file: pidFile(), can_stop: true });
    await site.untilState('theirs', 'ready started');
    expect(site.pid('theirs')).toBe(first);
    await site.supervisor.stop(target, site.scope);
    expect(site.state('theirs')).toBe('stopped by_request');
    expect(site.status('theirs').lastExit).toMatchObject({ isKnown: false, reason: 'by_request' });
    await expect(site.supervisor.start(target, {}, site.scope)).rejects.toMatchObject({ code: 'WORKER_NOT_OURS' });
    const second = await startDaemon();
    await site.until('the next one', () => site.pid('theirs') === second);
    expect(site.state('theirs')).toBe('ready started');
  });

  it('that is deaf is killed when its grace is over', async () => {
    const deaf = start('sh', '-c', `trap '' TERM; echo $$ > "${pidFile()}"; while :; do sleep 0.1; done`);
    await site.until('its file', () => existsSync(pidFile()) && readFileSync(pidFile(), 'utf8') !== '');
    await watch({ pid_file: pidFile(), can_stop: true }, { stop: { grace: '300ms' } });
    await site.untilState('theirs', 'ready started');
    const ended = once(deaf, 'exit');
    await site.supervisor.stop(target, site.scope);
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(site.state('theirs')).toBe('stopped by_request');
  });

  it('is not taken for a stranger that has its number now', async () => {
    // As a file of one that ended long ago, whose number was given away since.
    const stranger = start('sleep', '1000');
    writeFileSync(pidFile(), `${stranger.pid}\n`);
    const longAgo = Date.now() / 1_000 - 3_600;
    utimesSync(pidFile(), longAgo, longAgo);
    await watch({ pid_file: pidFile(), can_stop: true, allowed_signals: ['KILL'] });
    expect(site.state('theirs')).toBe('stopped stale_pid_file');
    await site.supervisor.stop(target, site.scope);
    await expect(site.supervisor.signal(target, 'KILL')).rejects.toMatchObject({ code: 'WORKER_NOT_RUNNING' });
    expect(isThere(stranger.pid)).toBe(true);
    const daemon = await startDaemon();
    await site.until('the daemon', () => site.pid('theirs') === daemon);
    expect(isThere(stranger.pid)).toBe(true);
  });
});

describe('a program that is found by its name', () => {
  it('is told from others by its arguments, and gets the signals that are allowed', async () => {
    const told = join(directory, 'told');
    const script = `trap 'echo hup >> "${told}"' HUP; trap 'echo usr1 >> "${told}"' USR1; echo up >> "${told}"; while :; do sleep 0.05; done`;
    // One that has all of it but the argument.
    const other = start('sh', '-c', 'while :; do sleep 0.05; done', 'x', '--role=b');
    const meant = start('sh', '-c', script, 'x', `--role=${directory}`);
    await site.until('its traps', () => existsSync(told));
    await watch({ process_name: 'sh', arguments: [`--role=${directory}`], allowed_signals: ['HUP'] });
    await site.untilState('theirs', 'ready started');
    expect(site.pid('theirs')).toBe(meant.pid);
    await site.supervisor.reload(target, site.scope);
    await site.until('the signal', () => readFileSync(told, 'utf8') === 'up\nhup\n');
    await expect(site.supervisor.signal(target, 'USR1')).rejects.toMatchObject({ code: 'WORKER_NOT_OURS' });
    await site.supervisor.signal(target, 'HUP');
    await site.until('the signal', () => readFileSync(told, 'utf8') === 'up\nhup\nhup\n');
    expect(isThere(other.pid)).toBe(true);
  });

  it('is not told to reload by a signal that would end it', async () => {
    const meant = start('sh', '-c', 'while :; do sleep 0.05; done', 'x', `--role=${directory}`);
    await watch({ process_name: 'sh', arguments: [`--role=${directory}`], allowed_signals: ['HUP'] });
    await site.untilState('theirs', 'ready started');
    await expect(site.supervisor.reload(target, site.scope)).rejects.toMatchObject({ code: 'WORKER_RELOAD_REFUSED' });
    expect(isThere(meant.pid)).toBe(true);
    expect(site.pid('theirs')).toBe(meant.pid);
  });

  it('is nobody to be sure of when two have it', async () => {
    const argument = `--role=${directory}`;
    const one = start('sh', '-c', 'while :; do sleep 0.05; done', 'x', argument);
    const two = start('sh', '-c', 'while :; do sleep 0.05; done', 'x', argument);
    await watch({ process_name: 'sh', arguments: [argument], can_stop: true });
    expect(site.state('theirs')).toBe('stopped ambiguous');
    kill(-one.pid);
    await site.until('the other one', () => site.pid('theirs') === two.pid);
    expect(isThere(two.pid)).toBe(true);
  });
});
