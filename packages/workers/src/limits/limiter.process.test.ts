import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, rmdir } from 'node:fs/promises';
import { createScope, type Scope, silentLogger, systemClock } from '@roundhouse/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CgroupHierarchy } from '../cgroup/contract.ts';
import { findCgroups } from '../cgroup/hierarchy.ts';
import type { Run } from '../process/contract.ts';
import type { LimitPolicy, LimitsSpec } from '../spec/spec.ts';
import type { Enforcement, Limiter } from './contract.ts';
import { kernelFiles } from './kernelFiles.ts';
import { createLimiter } from './limiter.ts';
import { ProcessTable, readUnits } from './processes.ts';

const NEEDED = ['cpu', 'memory', 'pids'];
const MONITORING = { isEnabled: true, intervalMs: 100, retentionMs: 60_000 };

describe('limits in the kernel of this machine', () => {
  let hierarchy: CgroupHierarchy;
  let limiter: Limiter;
  let scope: Scope;
  let enforcement: Enforcement | undefined;
  let child: ChildProcess | undefined;

  beforeAll(async () => {
    hierarchy = await findCgroups(`test-${process.pid}`);
    limiter = createLimiter({ hierarchy, cores: 2 }, { clock: systemClock, log: silentLogger });
  });

  beforeEach((context) => {
    const present = [...(hierarchy.unified?.controllers ?? []), ...hierarchy.legacy.keys()];
    context.skip(
      !NEEDED.every((each) => present.includes(each)),
      'control groups cannot be made here, for lack of rights or of controllers',
    );
    scope = createScope();
  });

  afterEach(async () => {
    scope?.end();
    if (child?.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      process.kill(-(child.pid ?? Number.NaN), 'SIGKILL');
      await ended;
    }
    child = undefined;
    await enforcement?.release();
    enforcement = undefined;
  });

  afterAll(async () => {
    for (const directory of new Set([...hierarchy.legacy.values(), hierarchy.unified?.directory])) {
      if (directory === undefined) continue;
      const left = (await readdir(directory, { withFileTypes: true })).filter((each) => each.isDirectory());
      expect(left).toEqual([]);
      await rmdir(directory);
    }
  });

  /** Starts a program as the shim does: in its groups, under its resource limits, in a session of its own. */
  async function start(
    limits: LimitsSpec,
    script: string,
  ): Promise<{ run: Run; output: () => string; ended: Promise<unknown> }> {
    let pid = 0;
    enforcement = await limiter.prepare({ worker: 'x', number: 0 }, limits, MONITORING, {
      pids: () => Promise.resolve([pid]),
      temporaryDirectory: undefined,
      logBytes: () => Promise.resolve(0),
      sustainedViolationMs: 0,
      spikeToleranceMs: 0,
    });
    const joins = enforcement.cgroups.map((file) => `echo $$ > ${file}; `).join('');
    const rlimits = Object.entries(enforcement.rlimits).map(([name, value]) => `--${name}=${value}:${value}`);
    const prlimit = rlimits.length === 0 ? '' : `prlimit ${rlimits.join(' ')} `;
    child = spawn('/bin/sh', ['-c', `${joins}exec ${prlimit}perl -e '${script}'`], {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    let output = '';
    child.stdout?.on('data', (piece: Buffer) => (output += piece.toString()));
    pid = child.pid ?? 0;
    const startTime = new ProcessTable(kernelFiles, readUnits(kernelFiles)).stat(pid)?.startTime ?? 0;
    const run = { generation: 1, process: { pid, startTime, bootId: '' }, startedAt: Date.now() };
    return { run, output: () => output, ended };
  }

  const limit = (value: number, policy: LimitPolicy) => ({ value, policy, warnRatio: 0.8 });

  it('makes its groups below the one that it is in', () => {
    const own = new Map(
      readFileSync('/proc/self/cgroup', 'utf8')
        .split('\n')
        .map((line) => line.split(':'))
        .map(([, controller = '', path = '']) => [controller, path]),
    );
    for (const [controller, directory] of hierarchy.legacy) {
      expect(directory).toBe(
        `/sys/fs/cgroup/${controller}${own.get(controller)}/roundhouse-test-${process.pid}`.replace('//', '/'),
      );
      expect(existsSync(`${directory}/cgroup.procs`)).toBe(true);
    }
  });

  it('has one that takes too much memory killed, and knows why it ended', async () => {
    const { run, ended } = await start(
      { 'memory.max_rss': limit(32_000_000, 'immediate_kill') },
      '$x = "a" x 200_000_000; sleep 60',
    );
    const told: (number | null)[] = [];
    enforcement?.on('outOfMemory', ({ maxBytes }) => told.push(maxBytes));
    enforcement?.watch(run, scope);
    expect(await ended).toEqual([null, 'SIGKILL']);
    scope.end();
    expect(await enforcement?.wasOutOfMemory()).toBe(true);
    expect(told).toEqual([32_000_000]);
  });

  it('only tells of too much memory where it is to end in order', async () => {
    const { run, output } = await start(
      { 'memory.max_rss': limit(40_000_000, 'graceful_shutdown') },
      '$x = "a" x 21_000_000; $y = $x; print "x"; $| = 1; print "y"; sleep 60',
    );
    const violated = new Promise<number>((resolve) =>
      enforcement?.on('violated', (fact) => fact.severity !== 'warning' && resolve(fact.used)),
    );
    enforcement?.watch(run, scope);
    expect(await violated).toBeGreaterThan(40_000_000);
    expect(output()).toBe('xy');
    expect(child?.signalCode).toBeNull();
    expect(await enforcement?.wasOutOfMemory()).toBe(false);
  });

  it('rations processor time', async () => {
    const { run } = await start({ 'cpu.max_percent': limit(20, 'throttle') }, 'while (1) {}');
    enforcement?.watch(run, scope);
    const from = performance.now();
    await scope.sleep(2_000);
    const used = (await enforcement?.sampleNow())?.cpuTimeMs ?? 0;
    expect(used).toBeGreaterThan(0);
    expect(used).toBeLessThan((performance.now() - from) * 0.5);
    expect(enforcement?.statuses[0]).toMatchObject({ enforcement: 'kernel' });
  });

  it('slows a program down, and lets it go again', async () => {
    const { run } = await start({ 'cpu.max_percent': limit(10, 'escalate') }, 'while (1) {}');
    enforcement?.watch(run, scope);
    const busy = async (ms: number): Promise<number> => {
      const before = (await enforcement?.sampleNow())?.cpuTimeMs ?? 0;
      await scope.sleep(ms);
      return ((await enforcement?.sampleNow())?.cpuTimeMs ?? 0) - before;
    };
    await enforcement?.throttle(true);
    await scope.sleep(300);
    const slow = await busy(1_000);
    await enforcement?.throttle(false);
    const fast = await busy(1_000);
    expect(slow).toBeLessThan(fast / 2);
  });

  it('refuses processes beyond their number', async () => {
    const { output, ended } = await start(
      { 'process.max_processes': limit(4, 'alert') },
      'for (1 .. 8) { my $p = fork; if (!defined $p) { print "refused\\n" } elsif ($p == 0) { sleep 1; exit } } wait for 1 .. 8',
    );
    await ended;
    expect(output()).toBe('refused\n'.repeat(5));
  });

  it('refuses descriptors beyond their number', async () => {
    const { run, output } = await start(
      { 'io.max_file_descriptors': limit(16, 'alert') },
      '$| = 1; for (1 .. 30) { open(my $f, "<", "/dev/null") or last; push @f, $f } print scalar(@f); sleep 60',
    );
    while (output() === '') await scope.sleep(20);
    expect(Number(output())).toBe(13);
    enforcement?.watch(run, scope);
    const open = await readdir(`/proc/${run.process.pid}/fd`);
    expect((await enforcement?.sampleNow())?.fileDescriptors).toBe(open.length);
    expect(enforcement?.statuses[0]).toMatchObject({ enforcement: 'kernel', by: 'rlimit nofile' });
  });

  it('changes a limit of what runs', async () => {
    const { run, output } = await start({ 'process.max_processes': limit(4, 'alert') }, '$| = 1; print "y"; sleep 60');
    // Before it runs its launch may not have joined its groups.
    while (output() === '') await scope.sleep(20);
    enforcement?.watch(run, scope);
    const changed = await enforcement?.change(
      { 'process.max_processes': limit(9, 'alert'), 'memory.max_rss': limit(1e9, 'immediate_kill') },
      MONITORING,
    );
    expect(changed).toEqual(['memory.max_rss']);
    const pids = enforcement?.cgroups.find(
      (file) => file.includes('pids') || hierarchy.unified?.controllers.includes('pids'),
    );
    expect(readFileSync(pids?.replace('cgroup.procs', 'pids.max') ?? '', 'utf8')).toBe('9\n');
    expect(enforcement?.statuses.map((each) => each.enforcement)).toEqual(['watched', 'kernel']);
  });

  it('counts established connections of its own sockets', async () => {
    const { run, output } = await start(
      { 'network.max_connections': limit(4, 'alert') },
      'use IO::Socket::INET; $| = 1; $l = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1"); $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $l->sockport); $s = $l->accept; print "y"; sleep 60',
    );
    while (output() === '') await scope.sleep(20);
    enforcement?.watch(run, scope);
    while (enforcement?.latest === undefined) await scope.sleep(20);
    expect(enforcement.latest.connections).toBe(2);
  });
});
