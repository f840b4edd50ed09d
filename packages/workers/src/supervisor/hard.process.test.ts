import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '@roundhouse/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Site } from './site.fixture.ts';

const DAY_MS = 86_400_000;
const isRoot = process.geteuid?.() === 0;

/** The wall clock is set while everything runs. */
class JumpingClock implements Clock {
  offset = 0;
  now(): number {
    return systemClock.now() + this.offset;
  }
  monotonic(): number {
    return systemClock.monotonic();
  }
  setTimer(delayMs: number, callback: () => void): ReturnType<Clock['setTimer']> {
    return systemClock.setTimer(delayMs, callback);
  }
}

let site: Site;
let clock: JumpingClock;

beforeEach(() => {
  clock = new JumpingClock();
  site = new Site(clock);
});

afterEach(() => site.end());

const SLEEPER = ['sleep', '1000'];
/** Soon again, whatever it is. */
const SOON = { backoff: { initial: '200ms', max: '200ms' } };
const common = () => ({ working_directory: '/', environment: site.mark, restart: SOON });

/** Programs of the site, without spawner, shims and log daemon. */
const programs = () => site.processes().filter(({ worker }) => worker !== undefined);

describe('workers that are set and never begun', () => {
  it.each(['leave', 'stop', 'remove'] as const)('have nothing left of them: %s', async (how) => {
    await site.open();
    const ids = Array.from({ length: 20 }, (_, index) => `w${index}`);
    for (const id of ids) await site.set({ id, command: SLEEPER, ...common() });
    if (how === 'remove') for (const id of ids) await site.supervisor.remove(id);
    await site.supervisor.close(how === 'stop' ? 'stop' : 'leave', site.scope);
    await site.until('the end of all processes', () => site.processes().length === 0);
    // Whoever was still on its way would be there by now.
    await site.scope.sleep(500);
    expect(site.processes()).toEqual([]);
  });
});

describe('a worker that cannot be started', () => {
  it('for want of its program says so, and is started once it is there', async () => {
    const program = join(site.home, 'program');
    await site.begin({ id: 'w', command: [program], ...common() });
    await site.untilState('w', 'restarting start_failed');
    expect(site.status('w')).toMatchObject({ process: undefined, lastExit: undefined });
    expect(site.status('w').nextStartAt).toBeGreaterThan(clock.now() - 1_000);
    await expect(site.supervisor.start({ worker: 'w' }, {}, site.scope)).rejects.toMatchObject({
      code: 'WORKER_FAILED',
      message: expect.stringContaining(`there is no program ${program}`),
      cause: { code: 'WORKER_START_FAILED', details: { stage: 'program', reason: `there is no program ${program}` } },
    });
    writeFileSync(program, '#!/bin/sh\nexec sleep 1000\n');
    chmodSync(program, 0o755);
    await site.untilState('w', 'ready started');
  });

  it('for want of its user says so, and is not tried again before its time', async () => {
    await site.begin({ id: 'w', command: SLEEPER, user: 'nobody-of-this-name', ...common(), restart: {} });
    await site.untilState('w', 'restarting start_failed');
    await site.scope.sleep(300);
    expect(site.logged.filter(({ fields }) => fields['code'] === 'WORKER_START_FAILED').length).toBe(1);
    await expect(site.supervisor.start({ worker: 'w' }, {}, site.scope)).rejects.toMatchObject({
      code: 'WORKER_FAILED',
      cause: {
        code: 'WORKER_START_FAILED',
        details: { stage: 'user', reason: 'there is no user nobody-of-this-name' },
      },
    });
    // That it is asked to go down first does not make it wait for ever.
    await expect(site.supervisor.restart({ worker: 'w' }, site.scope)).rejects.toMatchObject({ code: 'WORKER_FAILED' });
    expect(programs()).toEqual([]);
  });

  it('because the run directory is read-only says so, harms none that runs, and is started once it can', async ({
    skip,
  }) => {
    skip(!isRoot, 'only root can mount');
    site.mount('size=16m');
    await site.begin({ id: 'runs', command: SLEEPER, ...common() }, { id: 'w', command: SLEEPER, ...common() });
    await site.untilState('runs', 'ready started');
    await site.untilState('w', 'ready started');
    const pid = site.pid('runs');
    site.mount('remount,ro');
    await expect(site.supervisor.restart({ worker: 'w' }, site.scope)).rejects.toMatchObject({
      code: 'WORKER_FAILED',
      cause: { code: 'WORKER_RUN_DIRECTORY', details: { directory: expect.stringContaining(site.run) } },
    });
    await site.untilState('w', 'restarting start_failed');
    expect(site.status('w').lastExit).toMatchObject({ signal: 'SIGTERM', reason: 'restart_requested' });
    expect([site.state('runs'), site.pid('runs')]).toEqual(['ready started', pid]);
    site.mount('remount,rw');
    await site.untilState('w', 'ready started');
    expect(site.pid('runs')).toBe(pid);
    expect(programs().length).toBe(2);
  });

  it('because the disk is full says so, harms none that runs, and is started once there is room', async ({ skip }) => {
    skip(!isRoot, 'only root can mount');
    site.mount('size=1m');
    await site.begin({ id: 'runs', command: SLEEPER, ...common() }, { id: 'w', command: SLEEPER, ...common() });
    await site.untilState('runs', 'ready started');
    await site.untilState('w', 'ready started');
    const pid = site.pid('runs');
    const ballast = join(site.run, 'ballast');
    expect(() => writeFileSync(ballast, Buffer.alloc(2 ** 21))).toThrow('ENOSPC');
    await expect(site.supervisor.restart({ worker: 'w' }, site.scope)).rejects.toMatchObject({
      code: 'WORKER_FAILED',
      cause: { code: 'WORKER_RUN_DIRECTORY', details: { directory: expect.stringContaining(site.run) } },
    });
    await site.untilState('w', 'restarting start_failed');
    expect([site.state('runs'), site.pid('runs')]).toEqual(['ready started', pid]);
    rmSync(ballast);
    await site.untilState('w', 'ready started');
    expect(site.pid('runs')).toBe(pid);
    expect(programs().length).toBe(2);
  });
});

describe('a worker that does not go', () => {
  it('for SIGTERM is killed when its grace is over', async () => {
    const command = ['sh', '-c', `trap 'echo heard' TERM; echo up; while :; do sleep 0.1; done`];
    await site.begin({ id: 'w', command, stop: { grace: '500ms' }, ...common() });
    await site.untilOutput('w', 'up\n');
    await site.supervisor.stop({ worker: 'w' }, site.scope);
    expect(site.state('w')).toBe('stopped by_request');
    expect(site.status('w').lastExit).toMatchObject({
      code: null,
      signal: 'SIGKILL',
      isKnown: true,
      reason: 'by_request',
    });
    await site.untilOutput('w', 'up\nheard\n');
    expect(programs()).toEqual([]);
  });

  it('as a whole, because its children have sessions of their own and are deaf, is gone as a whole', async () => {
    const child = `trap '' TERM HUP; setsid sh -c "trap '' TERM HUP; sleep 1000; :" & sleep 1000; :`;
    await site.begin({
      id: 'w',
      command: ['sh', '-c', `setsid sh -c '${child.replaceAll("'", "'\\''")}' & exec sleep 1000`],
      stop: { grace: '300ms' },
      ...common(),
    });
    await site.until('all of it', () => programs().length === 5);
    await site.supervisor.stop({ worker: 'w' }, site.scope);
    expect(programs()).toEqual([]);
    expect(site.state('w')).toBe('stopped by_request');
  });

  it('but leaves a daemon behind has ended, and so has the daemon', async () => {
    const daemonize = `import os, time
if os.fork(): os.waitpid(-1, 0); os._exit(7)
os.setsid()
if os.fork(): os._exit(0)
time.sleep(1000)`;
    await site.begin({ id: 'w', command: ['python3', '-c', daemonize], ...common(), restart: { policy: 'never' } });
    await site.untilState('w', 'failed exit_code_7');
    expect(site.status('w').lastExit).toMatchObject({ code: 7, reason: 'exited' });
    expect(programs()).toEqual([]);
  });

  it('because it does not wait for its dead is up none the less, and stops', async () => {
    await site.begin({ id: 'w', command: ['sh', '-c', 'sleep 0.1 & exec sleep 1000'], ...common() });
    await site.until('a zombie', () => {
      const pid = site.pid('w');
      const all = spawnSync('ps', ['-o', 'stat=', '--ppid', String(pid)], { encoding: 'utf8' }).stdout;
      return all.trim().startsWith('Z');
    });
    expect(site.state('w')).toBe('ready started');
    await site.supervisor.stop({ worker: 'w' }, site.scope);
    expect(site.state('w')).toBe('stopped by_request');
    expect(site.status('w').lastExit).toMatchObject({ signal: 'SIGTERM' });
    expect(programs()).toEqual([]);
  });
});

describe('what a worker writes', () => {
  const once = { restart: { policy: 'never' } } as const;
  const read = () => site.supervisor.logs.read({ instances: [{ worker: 'w', number: 0 }], limit: 10_000 }, site.scope);

  it('is kept as one line, though it is a megabyte long', async () => {
    const script = `import sys; sys.stdout.write('a' * 1_000_000 + '\\nnext\\n')`;
    await site.begin({ id: 'w', command: ['python3', '-c', script], ...common(), ...once });
    await site.untilState('w', 'stopped completed');
    await site.until('its output', () => site.output('w').length === 1_000_006);
    const [long, next] = await read();
    expect([long?.bytes.length, long?.isCut]).toEqual([1_000_000, false]);
    expect(Buffer.from(next?.bytes ?? []).toString()).toBe('next');
  });

  it('is kept byte by byte, though it is no text', async () => {
    const script = `import sys; sys.stdout.buffer.write(bytes(range(256)) * 64)`;
    await site.begin({ id: 'w', command: ['python3', '-c', script], ...common(), ...once });
    await site.untilState('w', 'stopped completed');
    const all = Buffer.from(Array.from({ length: 256 * 64 }, (_, index) => index % 256));
    await site.until('its output', () => site.output('w').length === all.length);
    expect(site.output('w').equals(all)).toBe(true);
    // Lines, and what comes after the last of them.
    const lines = await read();
    expect(Buffer.concat(lines.flatMap(({ bytes }) => [bytes, Buffer.from('\n')])).subarray(0, -1)).toEqual(all);
  });

  it('is kept whole, however fast it comes', async () => {
    const lines = 20_000_000;
    const sum = spawnSync('sh', ['-c', `seq 1 ${lines} | tee /dev/stderr 2>/dev/null | sha256sum`], {
      encoding: 'utf8',
    });
    const bytes = Array.from({ length: 8 }, (_, index) => index + 1).reduce((total, digits) => {
      const from = 10 ** (digits - 1);
      return total + Math.max(0, Math.min(lines, 10 ** digits - 1) - from + 1) * (digits + 1);
    }, 0);
    await site.begin({
      id: 'w',
      command: ['seq', '1', String(lines)],
      logs: { max_size: '1GB' },
      ...common(),
      ...once,
    });
    await site.untilState('w', 'stopped completed');
    await site.until('its output', () => site.output('w').length === bytes);
    expect(createHash('sha256').update(site.output('w')).digest('hex')).toBe(sum.stdout.split(' ')[0]);
    expect(site.status('w')).toMatchObject({ restarts: 0, lastExit: { code: 0, reason: 'exited' } });
  });
});

describe('a wall clock that is set', () => {
  it('starts nothing, stops nothing, and leaves waits as long as they are', async () => {
    const exec = { exec: { command: ['true'] }, period: '1s', timeout: '5s' };
    const waiting = { backoff: { initial: '2s', max: '2s', jitter: 0 } };
    await site.begin(
      { id: 'steady', command: SLEEPER, ...common(), probes: { liveness: exec, readiness: exec } },
      { id: 'crashing', command: ['false'], ...common(), restart: waiting },
    );
    await site.untilState('steady', 'ready started');
    await site.untilState('crashing', 'restarting backoff');
    const { pid, moves } = { pid: site.pid('steady'), moves: site.told.moved.length };
    const { restarts } = site.status('crashing');
    const from = clock.monotonic();
    for (const jump of [DAY_MS, -2 * DAY_MS, 30 * DAY_MS, -29 * DAY_MS]) {
      clock.offset += jump;
      await site.scope.sleep(200);
      expect(site.told.moved.length).toBe(moves);
    }
    await site.until('the next start', () => site.status('crashing').restarts > restarts);
    // It was waiting already, for no longer than it takes to see it.
    expect(clock.monotonic() - from).toBeGreaterThan(1_500);
    expect(clock.monotonic() - from).toBeLessThan(10_000);
    expect([site.state('steady'), site.pid('steady'), site.status('steady').restarts]).toEqual([
      'ready started',
      pid,
      0,
    ]);
  });

  it.each([
    ['back', -DAY_MS],
    ['forward', DAY_MS],
  ])('%s while there is no supervisor makes the next one wait no longer than it ever would', async (_what, jump) => {
    const waiting = { backoff: { initial: '1s', max: '1s', jitter: 0 } };
    await site.begin(
      { id: 'steady', command: SLEEPER, ...common() },
      { id: 'crashing', command: ['false'], ...common(), restart: waiting },
    );
    await site.untilState('steady', 'ready started');
    const pid = site.pid('steady');
    await site.untilState('crashing', 'restarting backoff');
    const { restarts } = site.status('crashing');
    await site.supervisor.close('leave', site.scope);
    clock.offset += jump;
    await site.begin(
      { id: 'steady', command: SLEEPER, ...common() },
      { id: 'crashing', command: ['false'], ...common(), restart: waiting },
    );
    await site.until('the next start', () => site.status('crashing').restarts > restarts);
    expect([site.state('steady'), site.pid('steady'), site.status('steady').restarts]).toEqual([
      'ready started',
      pid,
      0,
    ]);
    expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toBe('sleep\n');
  });
});

describe('a log daemon whose keeper was killed', () => {
  it('ends with all the others', async () => {
    const site = new Site();
    try {
      await site.begin({ id: 'a', command: ['sh', '-c', 'echo up; exec sleep 1000'] });
      await site.untilOutput('a', 'up\n');
      for (const { pid, title } of site.processes()) if (title.startsWith('rh-')) process.kill(pid, 'SIGKILL');
      await site.supervisor.close('stop', site.scope);
      const isLeft = ({ command }: { readonly command: string }): boolean => command.includes('daemon/main');
      await site.until('no daemon', () => !site.processes().some(isLeft), 5_000);
    } finally {
      await site.end();
    }
  });
});
