import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createScope, systemClock } from '@roundhouse/core';
import { afterEach, describe, expect, it } from 'vitest';
import { findCgroups } from '../cgroup/hierarchy.ts';
import type { Keeper, Launch } from './contract.ts';
import { Bed, exitOf, kill, launchOf } from './host.fixture.ts';

const WEB = { worker: 'web', number: 0 };
const isRoot = process.geteuid?.() === 0;
const NOBODY = { uid: 65_534, gid: 65_534, name: 'nobody' };
const beds: Bed[] = [];

async function makeBed(...args: Parameters<typeof Bed.make>): Promise<Bed> {
  const bed = await Bed.make(...args);
  beds.push(bed);
  return bed;
}

afterEach(async () => {
  for (const bed of beds.splice(0)) await bed.end();
});

/** Runs a shell script as a program and gives what it has written. */
async function outputOf(bed: Bed, script: string, changes: Parameters<typeof launchOf>[1] = {}): Promise<string> {
  const { host } = await bed.open();
  const keeper = host.keeper(WEB);
  const ended = exitOf(keeper);
  const out = join(bed.directory, 'out.log');
  const logFiles = { stdout: out, stderr: join(bed.directory, 'err.log') };
  await keeper.start(1, launchOf(['/bin/sh', '-c', script], { logFiles, ...changes }), bed.scope);
  await ended;
  return readFile(out, 'utf8');
}

function stateOf(pid: number): string | undefined {
  return /\) (\w) /.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1];
}

describe('a program', () => {
  it.each([
    ['exit 7', { code: 7, signal: null }],
    ['exit 0', { code: 0, signal: null }],
    ['kill -USR1 $$; sleep 9', { code: null, signal: 'SIGUSR1' }],
    ['exit 127', { code: 127, signal: null }],
  ])('that does `%s` is told to have ended so', async (script, end) => {
    const bed = await makeBed();
    const { host } = await bed.open();
    const keeper = host.keeper(WEB);
    const ended = exitOf(keeper);
    const run = await keeper.start(1, launchOf(['/bin/sh', '-c', script]), bed.scope);
    expect(run.generation).toBe(1);
    expect(await ended).toMatchObject({ ...end, generation: 1, isKnown: true });
    expect(keeper.run).toBeUndefined();
  });

  it('began before it could do anything, however late that is heard', async () => {
    const bed = await makeBed();
    let lateMs = 0;
    const { host } = await bed.open({ ...systemClock, now: () => systemClock.now() + lateMs });
    const keeper = host.keeper(WEB);
    await keeper.prepare(false, bed.scope);
    const before = Date.now();
    const starting = keeper.start(1, launchOf(['/bin/sleep', '1000']), bed.scope);
    // Nothing has been written for it yet, less so run.
    setImmediate(() => (lateMs = 60_000));
    const { startedAt } = await starting;
    expect(startedAt - before).toBeGreaterThanOrEqual(0);
    expect(startedAt - before).toBeLessThan(60_000);
  });

  it('has its environment and no other, its arguments as they are, nothing of its shim open and no signal ignored', async () => {
    const bed = await makeBed();
    const text = await outputOf(
      bed,
      'env | sort; readlink /proc/$$/fd/* | grep -c workers; grep SigIgn /proc/self/status; pwd; umask',
      {
        environment: { PATH: '/usr/bin:/bin', QUOTED: `it's "$HOME" \\n`, 'no.name': 'x' },
        workingDirectory: '/usr',
        umask: 0o027,
      },
    );
    const lines = text.split('\n').filter((line) => !/^(PWD|OLDPWD|_|SHLVL)=/.test(line));
    expect(lines).toEqual([
      'PATH=/usr/bin:/bin',
      `QUOTED=it's "$HOME" \\n`,
      expect.stringMatching(/^ROUNDHOUSE_RUN=[0-9a-f]{24}$/),
      '0',
      expect.stringMatching(/^SigIgn:\t0+$/),
      '/usr',
      '0027',
      '',
    ]);
  });

  it('has the limits that were asked for', async () => {
    const bed = await makeBed();
    const text = await outputOf(bed, 'ulimit -n; nice; cat /proc/self/oom_score_adj', {
      rlimits: { nofile: 123 },
      nice: 5,
      oomScoreAdjust: 200,
    });
    expect(text).toBe('123\n5\n200\n');
  });

  it.runIf(isRoot)('runs as its user, without other rights, and reads its secrets as long as it runs', async () => {
    const bed = await makeBed();
    const script =
      'id -u; id -g; grep -E "CapEff|NoNewPrivs" /proc/self/status; cat "$ROUNDHOUSE_SECRETS/key"; ls -ln "$ROUNDHOUSE_SECRETS/key"; echo "$ROUNDHOUSE_SECRETS"';
    const text = await outputOf(bed, script, {
      user: NOBODY,
      keepCapabilities: ['net_bind_service'],
      hasNoNewPrivileges: true,
      secretFiles: { key: 'hush\n' },
    });
    const lines = text.split('\n');
    expect(lines.slice(0, 5)).toEqual(['65534', '65534', 'CapEff:\t0000000000000400', 'NoNewPrivs:\t1', 'hush']);
    expect(lines[5]).toMatch(/^-r-------- 1 65534 65534/);
    await bed.until(() => !existsSync(lines[6] as string));
    expect(statSync(join(bed.run, 'workers/web/0/life')).mode & 0o777).toBe(0o600);
  });

  it('has its shim before it is started where that was prepared, and goes without a trace where it never is', async () => {
    const bed = await makeBed();
    const { host } = await bed.open();
    const keeper = host.keeper(WEB);
    await keeper.prepare(false, bed.scope);
    const shims = bed.shims();
    expect(shims).toHaveLength(1);
    const run = await keeper.start(1, bed.sleeper, bed.scope);
    await keeper.prepare(false, bed.scope);
    expect(bed.shims()).toEqual(shims);
    expect(bed.programs()).toEqual([run.process.pid]);

    const other = host.keeper({ worker: 'other', number: 0 });
    await other.prepare(false, bed.scope);
    await other.retire(bed.scope);
    await bed.until(() => bed.shims().length === 1);
    expect(existsSync(join(bed.run, 'workers/other'))).toBe(false);
  });

  it('is started once, however often its generation is asked for', async () => {
    const bed = await makeBed();
    const { host } = await bed.open();
    const keeper = host.keeper(WEB);
    const launch = bed.launch(['sleep', '1000']);
    const runs = await Promise.all([1, 1, 1].map((generation) => keeper.start(generation, launch, bed.scope)));
    expect(new Set(runs.map(({ process: { pid } }) => pid)).size).toBe(1);
    expect(await keeper.start(1, launch, bed.scope)).toEqual(runs[0]);
    expect(bed.programs()).toEqual([runs[0]?.process.pid]);
    const ended = exitOf(keeper);
    expect(await keeper.signal('TERM', 'leader')).toBe(true);
    expect(await ended).toMatchObject({ signal: 'SIGTERM' });
    expect(await keeper.signal('TERM', 'leader')).toBe(false);
    const second = await keeper.start(2, launch, bed.scope);
    expect(second.process.pid).not.toBe(runs[0]?.process.pid);
    expect(bed.shims()).toHaveLength(1);
  });

  it('that is dead and not waited for gets no signal', async () => {
    const bed = await makeBed();
    const { host } = await bed.open();
    const keeper = host.keeper(WEB);
    const { process: leader } = await keeper.start(1, bed.sleeper, bed.scope);
    const [shim] = bed.shims();
    kill(shim as number, 'SIGSTOP');
    await bed.until(() => stateOf(shim as number) === 'T');
    kill(leader.pid);
    await bed.until(() => stateOf(leader.pid) === 'Z');
    expect(await keeper.signal('TERM', 'leader')).toBe(false);
    const ended = exitOf(keeper);
    kill(shim as number, 'SIGCONT');
    expect(await ended).toMatchObject({ signal: 'SIGKILL', isKnown: true });
  });
});

describe('a start that cannot be', () => {
  const REFUSED: readonly (readonly [stage: string, reason: string, launch: Launch])[] = [
    ['program', 'there is no program /no/such', launchOf(['/no/such'])],
    ['program', 'there is no program no-such in any directory', launchOf(['no-such'])],
    ['program', '/etc/passwd may not be executed', launchOf(['/etc/passwd'])],
    ['directory', 'there is no directory /no/where', launchOf(['true'], { workingDirectory: '/no/where' })],
    ['directory', '/etc/passwd is no directory', launchOf(['true'], { workingDirectory: '/etc/passwd' })],
    ['limits', 'it cannot join /no/cgroup.procs', launchOf(['true'], { cgroups: ['/no/cgroup.procs'] })],
    ['limits', 'prlimit', launchOf(['true'], { rlimits: { nofile: 10_000_000_000 } })],
    ...(isRoot
      ? ([
          ['user', 'setpriv cannot give it', launchOf(['true'], { keepCapabilities: ['nonsense'] })],
          ['directory', 'nobody may not enter /root', launchOf(['true'], { user: NOBODY, workingDirectory: '/root' })],
        ] as const)
      : []),
  ];

  it.each(REFUSED)('says that %s is to blame: %s', async (stage, reason, launch) => {
    const bed = await makeBed();
    const { host } = await bed.open();
    const keeper = host.keeper(WEB);
    const failure = keeper.start(1, launch, bed.scope);
    await expect(failure).rejects.toMatchObject({
      code: 'WORKER_START_FAILED',
      details: { worker: 'web', stage, reason: expect.stringContaining(reason) as string },
    });
    expect(keeper.run).toBeUndefined();
    // The same generation may be tried again, with what is right.
    await expect(keeper.start(1, bed.sleeper, bed.scope)).resolves.toMatchObject({ generation: 1 });
  });

  it.runIf(isRoot)('says so when the disk is full, and goes on when there is room', async () => {
    const bed = await makeBed();
    await bed.mount('size=64k');
    const { host } = await bed.open();
    await host.keeper({ worker: 'web', number: 1 }).start(1, bed.sleeper, bed.scope);
    const ballast = join(bed.run, 'ballast');
    await expect(writeFile(ballast, Buffer.alloc(100_000))).rejects.toMatchObject({ code: 'ENOSPC' });
    const keeper = host.keeper(WEB);
    await expect(keeper.start(1, bed.sleeper, bed.scope)).rejects.toMatchObject({
      code: 'WORKER_RUN_DIRECTORY',
      details: { reason: 'the disk is full' },
    });
    await rm(ballast);
    await expect(keeper.start(1, bed.sleeper, bed.scope)).resolves.toMatchObject({ generation: 1 });
  });

  it.runIf(isRoot)('says so when the run directory is read-only, and still tells how what ran has ended', async () => {
    const bed = await makeBed();
    await bed.mount('size=1m');
    const { host } = await bed.open();
    const keeper = host.keeper(WEB);
    const run = await keeper.start(1, bed.sleeper, bed.scope);
    await bed.mount('remount,ro');
    const ended = exitOf(keeper);
    kill(run.process.pid, 'SIGTERM');
    expect(await ended).toMatchObject({ signal: 'SIGTERM', isKnown: true });
    await expect(keeper.start(2, bed.sleeper, bed.scope)).rejects.toMatchObject({
      code: 'WORKER_RUN_DIRECTORY',
      details: { reason: 'it is mounted read-only' },
    });
    await bed.mount('remount,rw');
    await expect(keeper.start(2, bed.sleeper, bed.scope)).resolves.toMatchObject({ generation: 2 });
  });
});

describe('a supervisor', () => {
  it('is refused while another has the run directory, and told who', async () => {
    const bed = await makeBed();
    const { host } = await bed.open();
    await expect(bed.open()).rejects.toMatchObject({ code: 'SUPERVISOR_RUNNING', details: { pid: process.pid } });
    await host[Symbol.asyncDispose]();
    await expect(bed.open()).resolves.toMatchObject({ found: [] });
  });

  it('is not kept out by what a dead one has left in the lock', async () => {
    const bed = await makeBed();
    await mkdir(bed.run);
    await writeFile(join(bed.run, 'lock'), '1 1 some-boot\n');
    await bed.open();
    expect(await readFile(join(bed.run, 'lock'), 'utf8')).toMatch(new RegExp(`^${process.pid} \\d+ [0-9a-f-]{36}\n$`));
  });

  it('that is killed leaves its programs, which the next one takes over without starting any', async () => {
    const bed = await makeBed();
    const master = await bed.master(5);
    const pids = await master.pids;
    await expect(bed.open()).rejects.toMatchObject({ code: 'SUPERVISOR_RUNNING', details: { pid: master.pid } });
    await master.kill();
    const { host, found } = await bed.open();
    expect(new Set(found.map(({ run }) => run?.process.pid))).toEqual(new Set(pids));
    expect(bed.spawners()).toHaveLength(1);
    const keeper = host.keeper(WEB);
    const run = await keeper.start(1, bed.launch(['sleep', '1000']), bed.scope);
    expect(run).toEqual(keeper.run);
    expect(new Set(bed.programs())).toEqual(new Set(pids));
    const ended = exitOf(keeper);
    kill(run.process.pid, 'SIGTERM');
    expect(await ended).toMatchObject({ generation: 1, signal: 'SIGTERM', isKnown: true });
  });

  it.runIf(isRoot)('needs no rights of root for programs of its own user', async () => {
    const bed = await makeBed();
    const master = await bed.master(1, { user: NOBODY });
    const [pid] = await master.pids;
    expect(statSync(`/proc/${pid}`).uid).toBe(NOBODY.uid);
    expect(statSync(bed.run).mode & 0o777).toBe(0o700);
  });

  it('learns how a program ended while there was none', async () => {
    const bed = await makeBed();
    const first = await bed.open();
    await first.host.keeper(WEB).start(1, launchOf(['/bin/sh', '-c', 'sleep 0.05; exit 9']), bed.scope);
    await first.host[Symbol.asyncDispose]();
    await bed.until(() => existsSync(join(bed.run, 'workers/web/0/exit.1')));
    const { found } = await bed.open();
    expect(found).toMatchObject([{ generation: 1, run: undefined, exit: { code: 9, isKnown: true } }]);
  });

  it.each([
    ['another process has the number by now', `${process.pid} 1`, undefined],
    ['it was before the machine was started', undefined, 'another-boot'],
  ])('takes nothing over when %s', async (_, identity, boot) => {
    const bed = await makeBed();
    const first = await bed.open();
    await first.host.keeper(WEB).start(1, bed.launch(['sleep', '1000']), bed.scope);
    await first.host[Symbol.asyncDispose]();
    for (const pid of [...bed.spawners(), ...bed.shims()]) kill(pid);
    await bed.until(() => bed.shims().length === 0);
    const path = join(bed.run, 'workers/web/0/pid.1');
    const [pid = '', start = '', bootId = '', ...rest] = (await readFile(path, 'utf8')).split(' ');
    await writeFile(path, [identity ?? `${pid} ${start}`, boot ?? bootId, ...rest].join(' '));
    const { host, found } = await bed.open();
    expect(found).toMatchObject([{ generation: 1, run: undefined, exit: { isKnown: false, code: null } }]);
    expect(await host.keeper(WEB).signal('KILL', 'leader')).toBe(false);
  });

  it('that stops for good ends shims, spawner and log daemon, unless a program runs', async () => {
    const bed = await makeBed(undefined, true);
    const { host } = await bed.open();
    const keeper = host.keeper(WEB);
    await keeper.start(1, bed.sleeper, bed.scope);
    const other = host.keeper({ worker: 'web', number: 1 });
    const otherEnded = exitOf(other);
    await other.start(1, launchOf(['true']), bed.scope);
    await otherEnded;
    await bed.until(() => bed.logDaemons().length === 1);
    await host.shutdown(bed.scope);
    expect(bed.shims()).toHaveLength(1);
    const next = await bed.open();
    const again = next.host.keeper(WEB);
    const ended = exitOf(again);
    await again.kill(bed.scope);
    await ended;
    // As a supervisor does with all its workers.
    await again[Symbol.asyncDispose]();
    await next.host.shutdown(bed.scope);
    await bed.until(() => [...bed.shims(), ...bed.spawners(), ...bed.logDaemons()].length === 0);
  });
});

describe('a run directory that is taken away', () => {
  it('is said when the host is shut down, which lets the next one in', async () => {
    const bed = await makeBed();
    const { host } = await bed.open();
    const places = join(bed.run, 'workers');
    await rename(places, `${places}.away`);
    await expect(host.shutdown(bed.scope)).rejects.toMatchObject({ code: 'ENOENT' });
    await rename(`${places}.away`, places);
    const next = await bed.open();
    await next.host.shutdown(bed.scope);
  });
});

describe('when helpers are killed', () => {
  it('another spawner takes the place of the one that was', async () => {
    const bed = await makeBed();
    const { host } = await bed.open();
    const [spawner] = bed.spawners();
    kill(spawner as number);
    const run = await host.keeper(WEB).start(1, bed.sleeper, bed.scope);
    expect(run.generation).toBe(1);
    expect(bed.spawners()).not.toContain(spawner);
    expect(bed.spawners()).toHaveLength(1);
  });

  it('none of them minds a signal that asks it to end', async () => {
    const bed = await makeBed();
    const { host } = await bed.open();
    const keeper = host.keeper(WEB);
    const run = await keeper.start(1, bed.sleeper, bed.scope);
    const helpers = [...bed.shims(), ...bed.spawners()];
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) for (const pid of helpers) kill(pid, signal);
    const ended = exitOf(keeper);
    kill(run.process.pid, 'SIGINT');
    expect(await ended).toMatchObject({ signal: 'SIGINT', isKnown: true });
    await keeper.start(2, bed.sleeper, bed.scope);
    await host.keeper({ worker: 'web', number: 1 }).start(1, bed.sleeper, bed.scope);
    expect(bed.shims()).toContain(helpers[0]);
    expect(bed.spawners()).toEqual([helpers[1]]);
  });

  it('a program goes on without its shim, its end is seen, and the next start has a shim again', async () => {
    const bed = await makeBed();
    const { host } = await bed.open();
    const keeper = host.keeper(WEB);
    const { process: leader } = await keeper.start(1, bed.sleeper, bed.scope);
    const lost = new Promise((resolve) => keeper.on('shimLost', resolve));
    for (const shim of bed.shims()) kill(shim);
    expect(await lost).toEqual({ generation: 1 });
    expect(keeper.run?.process).toEqual(leader);
    const ended = exitOf(keeper);
    expect(await keeper.signal('TERM', 'group')).toBe(true);
    expect(await ended).toMatchObject({ generation: 1, isKnown: false, code: null, signal: null });
    const again = exitOf(keeper);
    await keeper.start(2, launchOf(['/bin/sh', '-c', 'exit 5']), bed.scope);
    expect(await again).toMatchObject({ generation: 2, code: 5 });
  });

  it('a program is found when nothing else is left', async () => {
    const bed = await makeBed();
    const first = await bed.open();
    const { process: leader } = await first.host.keeper(WEB).start(1, bed.launch(['sleep', '1000']), bed.scope);
    await first.host[Symbol.asyncDispose]();
    for (const pid of [...bed.spawners(), ...bed.shims()]) kill(pid);
    await bed.until(() => [...bed.spawners(), ...bed.shims()].length === 0);
    const { host, found } = await bed.open();
    expect(found).toMatchObject([{ run: { generation: 1, process: leader } }]);
    const keeper = host.keeper(WEB);
    await new Promise((resolve) => keeper.on('shimLost', resolve));
    expect((await keeper.start(1, bed.sleeper, bed.scope)).process).toEqual(leader);
    await keeper.kill(bed.scope);
    expect(bed.programs()).toEqual([]);
  });

  it('the log daemon is started again, and so is what keeps it', async () => {
    const bed = await makeBed(undefined, true);
    await bed.open();
    await bed.until(() => bed.logDaemons().length === 1);
    const [first] = bed.logDaemons();
    kill(first as number);
    await bed.until(() => bed.logDaemons().length === 1 && bed.logDaemons()[0] !== first);
    const [second] = bed.logDaemons();
    for (const pid of [...bed.spawners(), second as number]) kill(pid);
    await bed.until(() => bed.logDaemons().length === 1 && bed.logDaemons()[0] !== second);
  });

  it('the spawner ends by itself when neither a master nor a shim is left', async () => {
    const bed = await makeBed(undefined, true);
    const { host } = await bed.open();
    await bed.until(() => bed.logDaemons().length === 1);
    await host[Symbol.asyncDispose]();
    await bed.until(() => [...bed.spawners(), ...bed.logDaemons()].length === 0);
  });

  it('the spawner ends by itself also when its master goes before it has begun to listen', async () => {
    const bed = await makeBed();
    const place = join(bed.run, 'spawner', '1');
    await mkdir(place, { recursive: true });
    spawnSync('mkfifo', [join(place, 'control'), join(place, 'life')]);
    const scripts = new URL('../../scripts/', import.meta.url).pathname;
    // An input that is over is all that is left of such a master.
    const child = spawn('/bin/sh', [`${scripts}spawner.sh`, bed.run, '1', `${scripts}shim.sh`], { stdio: 'ignore' });
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it('each instance runs exactly once after any kills in any order', async () => {
    const bed = await makeBed();
    const instances = [0, 1, 2, 3].map((number) => ({ worker: 'web', number }));
    const generations = new Map<number, number>(instances.map(({ number }) => [number, 1]));
    // A fixed sequence (Lehmer), so that a failure comes again.
    let seed = 20_261_121;
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (let round = 0; round < 20; round += 1) {
      const { host } = await bed.open();
      const keepers: Keeper[] = instances.map((instance) => host.keeper(instance));
      const starts = keepers.map((keeper) =>
        keeper.start(generations.get(keeper.instance.number) as number, bed.launch(['sleep', '1000']), bed.scope),
      );
      if (random(2) === 0) for (const pid of bed.shims()) if (random(3) === 0) kill(pid);
      if (random(3) === 0) for (const pid of bed.spawners()) kill(pid);
      const runs = await Promise.all(starts);
      await bed.until(() => bed.programs().length === instances.length);
      expect(new Set(bed.programs())).toEqual(new Set(runs.map(({ process: { pid } }) => pid)));
      for (const keeper of keepers) {
        if (random(3) !== 0) continue;
        const ended = exitOf(keeper);
        kill(keeper.run?.process.pid as number);
        expect((await ended).generation).toBe(generations.get(keeper.instance.number));
        generations.set(keeper.instance.number, (generations.get(keeper.instance.number) as number) + 1);
      }
      for (const pid of bed.shims()) if (random(4) === 0) kill(pid);
      await host[Symbol.asyncDispose]();
    }
  });
});

const TREE =
  'trap "" TERM; sleep 1001 & setsid sleep 1002 & (setsid sh -c "sleep 1003 & sleep 1004" &); while :; do sleep 1; done';

describe.each(['with a control group', 'without'])('a tree %s', (kind) => {
  async function treeBed(): Promise<Bed> {
    return makeBed(kind === 'without' ? undefined : await findCgroups(`test-${process.pid}`));
  }

  it('ends as a whole, whatever of it ignores signals, has a session of its own, or has lost its parent', async () => {
    const bed = await treeBed();
    const { host } = await bed.open();
    const keeper = host.keeper(WEB);
    await keeper.start(1, bed.launch(['/bin/sh', '-c', TREE]), bed.scope);
    await bed.until(() => bed.programs().length >= 6);
    expect(await keeper.signal('TERM', 'leader')).toBe(true);
    expect(new Set(await keeper.pids())).toEqual(new Set(bed.programs()));
    await keeper.kill(bed.scope);
    expect(bed.programs()).toEqual([]);
    expect(await keeper.hasStragglers()).toBe(false);
    await keeper.retire(bed.scope);
    expect(readdirSync(join(bed.run, 'workers'))).toEqual([]);
  });

  it('ends in the middle of its launch, when its keeper has not heard of it yet', async () => {
    const bed = await treeBed();
    const { host } = await bed.open();
    const keeper = host.keeper(WEB);
    // To open it is to wait for somebody who reads it.
    const stdout = join(bed.directory, 'unread');
    spawnSync('mkfifo', [stdout]);
    using attempt = bed.scope.child();
    const launch = bed.launch(['sleep', '1000'], { logFiles: { stdout, stderr: stdout } });
    const started = keeper.start(1, launch, attempt).catch((error: unknown) => error);
    const places = join(bed.run, 'workers/web/0');
    await bed.until(
      () => existsSync(join(places, 'pid.1')) && readFileSync(join(places, 'pid.1'), 'utf8').endsWith('.\n'),
    );
    attempt.end();
    expect(await started).toMatchObject({ code: 'CANCELLED' });
    expect(bed.having(`${places}/launch.1`)).toHaveLength(1);
    await keeper.kill(bed.scope);
    expect(bed.having(`${places}/launch.1`)).toEqual([]);
  });

  it('has stragglers when its leader has ended, and they can be ended', async () => {
    const bed = await treeBed();
    const { host } = await bed.open();
    const keeper = host.keeper(WEB);
    const ended = exitOf(keeper);
    await keeper.start(1, bed.launch(['/bin/sh', '-c', '(setsid sleep 1005 &); sleep 0.05']), bed.scope);
    await ended;
    expect(await keeper.hasStragglers()).toBe(true);
    await keeper.kill(bed.scope);
    expect(await keeper.hasStragglers()).toBe(false);
    expect(bed.programs()).toEqual([]);
    await keeper.retire(bed.scope);
  });
});

describe('control groups', () => {
  it('stay while anything runs, go with the supervisor when nothing does, and are there for the next', async ({
    skip,
  }) => {
    const hierarchy = await findCgroups(`test-${process.pid}`);
    const bed = await makeBed(hierarchy);
    const group = hierarchy.unified?.directory;
    if (group === undefined) return skip('no control group can be made here');
    const groups = [group, ...hierarchy.legacy.values()];
    const first = await bed.open();
    await first.host.keeper(WEB).start(1, bed.sleeper, bed.scope);
    await first.host[Symbol.asyncDispose]();
    expect(groups.filter((each) => existsSync(each))).toEqual(groups);
    const second = await bed.open();
    const keeper = second.host.keeper(WEB);
    const ended = exitOf(keeper);
    await keeper.kill(bed.scope);
    await ended;
    await second.host[Symbol.asyncDispose]();
    expect(groups.filter((each) => existsSync(each))).toEqual([]);
    const { host } = await bed.open();
    const run = await host.keeper(WEB).start(2, bed.sleeper, bed.scope);
    expect(readFileSync(join(group, 'web.0/cgroup.procs'), 'utf8')).toBe(`${run.process.pid}\n`);
    await expect(bed.open()).rejects.toMatchObject({ code: 'SUPERVISOR_RUNNING' });
    expect(groups.filter((each) => existsSync(each))).toEqual(groups);
  });
});

describe('a command', () => {
  it('is run to its end, and what it writes is bounded', async () => {
    const bed = await makeBed();
    const { host } = await bed.open();
    expect(await host.execute(launchOf(['/bin/sh', '-c', 'echo out; echo err >&2; exit 4']), bed.scope)).toEqual({
      code: 4,
      output: 'out\nerr\n',
    });
    const { code, output } = await host.execute(launchOf(['head', '-c', '1000000', '/dev/zero']), bed.scope);
    expect({ code, length: output.length }).toEqual({ code: 0, length: 65_536 });
    await expect(host.execute(launchOf(['/no/such']), bed.scope)).rejects.toMatchObject({
      code: 'WORKER_COMMAND_FAILED',
      details: { stage: 'program' },
    });
  });

  it('is killed with all that it has started when its time is up', async () => {
    const bed = await makeBed();
    const { host } = await bed.open();
    using short = createScope({ timeoutMs: 300 });
    await expect(host.execute(bed.launch(['/bin/sh', '-c', TREE]), short)).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
    expect(bed.programs()).toEqual([]);
  });

  it.runIf(isRoot)('runs as its user', async () => {
    const bed = await makeBed();
    const { host } = await bed.open();
    expect(await host.execute(launchOf(['id', '-un'], { user: NOBODY }), bed.scope)).toEqual({
      code: 0,
      output: 'nobody\n',
    });
  });
});
