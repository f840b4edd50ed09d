import { createScope, type LogFields, type Logger, silentLogger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { findCgroups } from '../cgroup/hierarchy.ts';
import type { Run } from '../process/contract.ts';
import type { Limit, LimitName, LimitPolicy, LimitsSpec, MonitoringSpec } from '../spec/spec.ts';
import type { Enforcement, LimiterSources, LimitStatus } from './contract.ts';
import { FakeKernel } from './kernel.fixture.ts';
import { createLimiter } from './limiter.ts';

const V1 = '/sys/fs/cgroup';
const MONITORING: MonitoringSpec = { isEnabled: true, intervalMs: 10_000, retentionMs: 3_600_000 };
const INSTANCE = { worker: 'web', number: 0 };
const PID = 500;
const SOURCES: LimiterSources = {
  pids: () => Promise.resolve([PID]),
  temporaryDirectory: undefined,
  logBytes: () => Promise.resolve(42),
  sustainedViolationMs: 0,
  spikeToleranceMs: 0,
};

const unified = (): FakeKernel => new FakeKernel().withUnified(['cpu', 'io', 'memory', 'pids']);
const legacy = (): FakeKernel => new FakeKernel().withLegacy(['blkio', 'cpu', 'cpuacct', 'memory', 'pids']);

function limit(value: number, policy: LimitPolicy): Limit {
  return { value, policy, warnRatio: 0.8 };
}

function runOf(generation = 1): Run {
  return { generation, process: { pid: PID, startTime: PID * 10, bootId: 'boot' }, startedAt: 0 };
}

async function prepare(kernel: FakeKernel, limits: LimitsSpec, options: Partial<LimiterSources & MonitoringSpec> = {}) {
  const clock = new FakeClock();
  const warnings: LogFields[] = [];
  const log: Logger = { ...silentLogger, warn: (_, fields = {}) => void warnings.push(fields) };
  const hierarchy = await findCgroups('t', kernel);
  const sized = options.temporaryDirectory;
  const limiter = createLimiter(
    { hierarchy, cores: 2 },
    { clock, log, files: kernel, directoryBytes: (path) => Promise.resolve(path === sized ? 700 : null) },
  );
  const sources = { ...SOURCES, ...options };
  const enforcement = await limiter.prepare(INSTANCE, limits, { ...MONITORING, ...options }, sources);
  return { clock, warnings, limiter, enforcement };
}

/** Joins the groups and begins, as the shim has it do. */
async function launch(kernel: FakeKernel, enforcement: Enforcement, facts = {}): Promise<void> {
  for (const file of enforcement.cgroups) await kernel.write(file, String(PID));
  const lines = enforcement.cgroups.map((file) => {
    const [, controller] = /^\/sys\/fs\/cgroup\/(\w+)\/roundhouse/.exec(file) ?? [];
    return `1:${controller ?? ''}:${file.replace('/cgroup.procs', '')}`;
  });
  kernel.files.set(`/proc/${PID}/cgroup`, lines.join('\n'));
  kernel.run({ pid: PID, ...facts });
}

function brief(statuses: readonly LimitStatus[]): readonly (readonly string[])[] {
  return statuses.map(({ limit: name, enforcement, by }) => [name, enforcement, by]);
}

function collect(enforcement: Enforcement): string[] {
  const told: string[] = [];
  enforcement.on('violated', ({ limit: name, severity, used }) => told.push(`${name} ${severity} ${used}`));
  enforcement.on('recovered', ({ limit: name }) => told.push(`${name} recovered`));
  enforcement.on('outOfMemory', ({ maxBytes }) => told.push(`out of memory at ${maxBytes}`));
  return told;
}

describe('limits in control groups', () => {
  const group2 = `${V1}/roundhouse-t/web.0`;
  const group1 = (controller: string): string => `${V1}/${controller}/roundhouse-t/web.0`;

  it.each<[LimitName, LimitPolicy, number, Record<string, string>, Record<string, string>]>([
    ['memory.max_rss', 'immediate_kill', 1000, { 'memory.max': '1000' }, { 'memory:memory.limit_in_bytes': '1000' }],
    ['memory.max_rss', 'restart', 1000, { 'memory.max': '1250' }, { 'memory:memory.limit_in_bytes': '1250' }],
    [
      'memory.max_rss',
      'throttle',
      1000,
      { 'memory.max': '1250', 'memory.high': '1000' },
      { 'memory:memory.limit_in_bytes': '1250' },
    ],
    ['cpu.max_percent', 'throttle', 150, { 'cpu.max': '150000 100000' }, { 'cpu:cpu.cfs_quota_us': '150000' }],
    ['cpu.max_percent', 'alert', 150, { 'cpu.max': 'max 100000' }, {}],
    ['cpu.shares', 'alert', 200, { 'cpu.weight': '200' }, { 'cpu:cpu.shares': '2048' }],
    ['process.max_processes', 'alert', 7, { 'pids.max': '7' }, { 'pids:pids.max': '7' }],
    [
      'io.max_write_rate',
      'throttle',
      9,
      { 'io.max': '254:0 wbps=9' },
      { 'blkio:blkio.throttle.write_bps_device': '254:0 9' },
    ],
  ])('sets %s of the policy %s', async (name, policy, value, onV2, onV1) => {
    for (const kernel of [unified(), legacy()]) {
      kernel.devices.set('/data', '254:0');
      kernel.files.set('/sys/dev/block/254:0/dev', '254:0\n');
      await prepare(kernel, { [name]: limit(value, policy) }, { workingDirectory: '/data' });
      const isV2 = kernel.directories.has(`${V1}/roundhouse-t`);
      for (const [file, text] of Object.entries(isV2 ? onV2 : onV1)) {
        const [controller = '', below = ''] = file.split(':');
        expect(kernel.files.get(isV2 ? `${group2}/${file}` : `${group1(controller)}/${below}`)).toBe(text);
      }
    }
  });

  it('bounds swap alone on v2, and together with memory on v1', async () => {
    const limits = { 'memory.max_rss': limit(1000, 'immediate_kill'), 'memory.max_swap': limit(500, 'alert') };
    const v2 = unified();
    await prepare(v2, limits);
    expect(v2.files.get(`${group2}/memory.swap.max`)).toBe('500');
    const v1 = legacy();
    const { enforcement } = await prepare(v1, limits);
    expect(v1.files.get(`${group1('memory')}/memory.memsw.limit_in_bytes`)).toBe('1500');
    await enforcement.change({ 'memory.max_rss': limit(400, 'immediate_kill') }, MONITORING);
    expect(v1.files.get(`${group1('memory')}/memory.memsw.limit_in_bytes`)).toBe('-1');
    expect(v1.files.get(`${group1('memory')}/memory.limit_in_bytes`)).toBe('400');
    await enforcement.change(limits, MONITORING);
    await enforcement.change({}, MONITORING);
    expect(v1.files.get(`${group1('memory')}/memory.memsw.limit_in_bytes`)).toBe('-1');
    expect(v1.files.get(`${group1('memory')}/memory.limit_in_bytes`)).toBe('-1');
  });

  it('makes no group that no limit needs', async () => {
    const kernel = legacy();
    const { enforcement } = await prepare(kernel, { 'io.max_file_descriptors': limit(64, 'alert') });
    expect(enforcement.cgroups).toEqual([]);
    expect(enforcement.rlimits).toEqual({ nofile: 64 });
    expect([...kernel.directories].filter((each) => each.endsWith('/web.0'))).toEqual([]);
  });

  it('joins each tree once', async () => {
    const limits = { 'memory.max_rss': limit(1000, 'alert'), 'cpu.max_percent': limit(50, 'throttle') };
    expect((await prepare(unified(), limits)).enforcement.cgroups).toEqual([`${group2}/cgroup.procs`]);
    expect((await prepare(legacy(), limits)).enforcement.cgroups).toEqual(
      ['memory', 'cpu', 'cpuacct'].map((each) => `${group1(each)}/cgroup.procs`),
    );
  });

  it('takes back what an earlier supervisor has set and nobody wants any more', async () => {
    const kernel = legacy();
    await prepare(kernel, { 'memory.max_rss': limit(1000, 'alert'), 'cpu.max_percent': limit(50, 'throttle') });
    await prepare(kernel, { 'memory.max_rss': limit(800, 'immediate_kill') });
    expect(kernel.files.get(`${group1('cpu')}/cpu.cfs_quota_us`)).toBe('-1');
    expect(kernel.files.get(`${group1('memory')}/memory.limit_in_bytes`)).toBe('800');
  });

  it('removes its groups, and tries again while they are in use', async () => {
    const kernel = legacy();
    const { enforcement, clock } = await prepare(kernel, { 'memory.max_rss': limit(1000, 'alert') });
    await launch(kernel, enforcement);
    const released = enforcement.release();
    await clock.advance(20);
    expect(kernel.directories.has(group1('memory'))).toBe(true);
    kernel.files.set(`${group1('memory')}/cgroup.procs`, '');
    await clock.advance(1_000);
    await released;
    expect(kernel.directories.has(group1('memory'))).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });

  it('gives up on a group that stays in use, and says so', async () => {
    const kernel = legacy();
    const { enforcement, clock, warnings } = await prepare(kernel, { 'memory.max_rss': limit(1000, 'alert') });
    await launch(kernel, enforcement);
    const released = enforcement.release();
    await clock.advance(60_000);
    await released;
    expect(warnings).toEqual([{ worker: 'web/0', groups: [group1('memory')] }]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('what is said of limits', () => {
  const limits: LimitsSpec = {
    'memory.max_rss': limit(1000, 'immediate_kill'),
    'memory.max_virtual': limit(9000, 'alert'),
    'cpu.max_percent': limit(50, 'alert'),
    'cpu.shares': limit(100, 'alert'),
    'io.max_write_rate': limit(5, 'throttle'),
    'io.max_file_descriptors': limit(64, 'alert'),
    'process.max_processes': limit(9, 'alert'),
    'storage.max_temporary': limit(5, 'alert'),
    'storage.max_file_size': limit(5, 'alert'),
  };

  it('names who holds each', async () => {
    const { enforcement } = await prepare(legacy(), limits);
    expect(brief(enforcement.statuses)).toEqual([
      ['memory.max_rss', 'kernel', 'cgroup v1 memory'],
      ['memory.max_virtual', 'watched', '/proc'],
      ['cpu.max_percent', 'watched', 'cgroup v1 cpuacct'],
      ['cpu.shares', 'kernel', 'cgroup v1 cpu'],
      ['io.max_write_rate', 'watched', '/proc; the disk of its working directory is not known'],
      ['io.max_file_descriptors', 'kernel', 'rlimit nofile'],
      ['process.max_processes', 'kernel', 'cgroup v1 pids'],
      ['storage.max_temporary', 'unavailable', 'its temporary directory is not known'],
      ['storage.max_file_size', 'kernel', 'rlimit fsize'],
    ]);
  });

  it('says what there is not, on a machine without control groups', async () => {
    const { enforcement, limiter } = await prepare(new FakeKernel(), limits);
    expect(limiter.backends).toEqual(['rlimits', '/proc']);
    expect(brief(enforcement.statuses).filter(([, , by]) => by?.includes('controller'))).toEqual([
      ['memory.max_rss', 'watched', '/proc; no memory controller'],
      ['cpu.shares', 'unavailable', 'no cpu controller'],
      ['process.max_processes', 'watched', '/proc; no pids controller'],
    ]);
  });

  it('names the kernel behind a limit that is watched', async () => {
    const { enforcement, limiter } = await prepare(unified(), { 'memory.max_rss': limit(1000, 'restart') });
    expect(limiter.backends).toEqual(['cgroup v2 (cpu, io, memory, pids)', 'rlimits', '/proc']);
    expect(brief(enforcement.statuses)).toEqual([
      ['memory.max_rss', 'watched', 'cgroup v2 memory; cgroup v2 memory at 1250 behind it'],
    ]);
  });

  it('falls back to watching where the kernel does not take it, with the reason', async () => {
    const kernel = legacy();
    const file = `${V1}/memory/roundhouse-t/web.0/memory.limit_in_bytes`;
    kernel.refusals.set(file, 'EBUSY');
    kernel.refusals.set(`${V1}/pids/roundhouse-t/web.0`, 'ENOSPC');
    const { enforcement, warnings } = await prepare(kernel, {
      'memory.max_rss': limit(1000, 'immediate_kill'),
      'process.max_processes': limit(9, 'alert'),
    });
    expect(brief(enforcement.statuses)).toEqual([
      ['memory.max_rss', 'watched', 'cgroup v1 memory; memory.limit_in_bytes: EBUSY'],
      ['process.max_processes', 'watched', '/proc; cgroup v1 pids: ENOSPC'],
    ]);
    expect(warnings.map(({ limit: name }) => name)).toEqual(['memory.max_rss', 'process.max_processes']);
  });

  it('watches descriptors where it may not hand on so many', async () => {
    const kernel = new FakeKernel();
    kernel.files.set('/proc/self/status', 'CapEff:\t0000000000000000\n');
    kernel.files.set(
      '/proc/self/limits',
      'Max open files            1024                 4096                 files\n',
    );
    const { enforcement } = await prepare(kernel, { 'io.max_file_descriptors': limit(5000, 'alert') });
    expect(enforcement.rlimits).toEqual({});
    expect(enforcement.statuses[0]).toMatchObject({ enforcement: 'watched', by: expect.stringContaining('4096') });
  });

  it('has nothing watched without monitoring', async () => {
    const { enforcement, clock } = await prepare(legacy(), limits, { isEnabled: false });
    using scope = createScope({ clock });
    enforcement.watch(runOf(), scope);
    expect(clock.pendingTimers).toBe(0);
    const held = enforcement.statuses.filter((each) => each.enforcement !== 'unavailable').map((each) => each.limit);
    expect(held).toEqual([
      'memory.max_rss',
      'cpu.shares',
      'io.max_file_descriptors',
      'process.max_processes',
      'storage.max_file_size',
    ]);
  });

  it('keeps the kernel out of the policy none', async () => {
    const { enforcement } = await prepare(legacy(), {
      'memory.max_rss': limit(1000, 'none'),
      'storage.max_file_size': limit(5, 'none'),
    });
    expect(enforcement.cgroups).toEqual([]);
    expect(enforcement.rlimits).toEqual({});
    expect(enforcement.statuses.map((each) => each.enforcement)).toEqual(['watched', 'unavailable']);
  });

  it('does not claim to hold a program that was started without', async () => {
    const kernel = legacy();
    const { enforcement, clock } = await prepare(kernel, {
      'memory.max_rss': limit(1000, 'immediate_kill'),
      'io.max_file_descriptors': limit(64, 'alert'),
    });
    kernel.run({ pid: PID });
    kernel.files.set(`/proc/${PID}/cgroup`, '4:memory:/\n');
    kernel.files.set(
      `/proc/${PID}/limits`,
      'Max open files            1024                 4096                 files\n',
    );
    using scope = createScope({ clock });
    enforcement.watch(runOf(), scope);
    expect(brief(enforcement.statuses)).toEqual([
      ['memory.max_rss', 'watched', 'cgroup v1 memory; the kernel holds it from its next start on'],
      ['io.max_file_descriptors', 'watched', '/proc; the kernel holds it from its next start on'],
    ]);
    await launch(kernel, enforcement);
    expect(enforcement.statuses[0]).toMatchObject({ enforcement: 'kernel', by: 'cgroup v1 memory' });
  });
});

describe('watching', () => {
  it('takes the first sample soon, then one an interval, and none once the scope has ended', async () => {
    const kernel = new FakeKernel();
    const { enforcement, clock } = await prepare(kernel, {});
    kernel.run({ pid: PID, cpuMs: 100, rssBytes: 8_192, virtualBytes: 5, threads: 2 });
    kernel.run({ pid: 501, parent: PID, session: PID, cpuMs: 50, rssBytes: 4_096, virtualBytes: 9 });
    kernel.run({ pid: 502, parent: 501, session: 502, rssBytes: 4_096 });
    kernel.run({ pid: 503, parent: PID, session: PID, state: 'Z', rssBytes: 4_096 });
    kernel.run({ pid: 600 });
    const scope = createScope({ clock });
    enforcement.watch(runOf(), scope);
    expect(enforcement.latest).toBeUndefined();
    await clock.advance(1_000);
    expect(enforcement.latest).toMatchObject({
      processes: 3,
      threads: 4,
      cpuPercent: null,
      cpuTimeMs: 150,
      rssBytes: 16_384,
      virtualBytes: 9,
      swapBytes: 0,
      fileDescriptors: null,
      connections: null,
      readBytes: null,
      temporaryBytes: null,
    });
    kernel.run({ pid: PID, cpuMs: 4_600 });
    await clock.advance(9_000);
    expect(enforcement.latest).toMatchObject({ cpuTimeMs: 4_650, cpuPercent: 50 });
    expect(enforcement.history()).toHaveLength(2);
    expect(enforcement.history(clock.now())).toHaveLength(1);
    scope.end();
    expect(clock.pendingTimers).toBe(0);
  });

  it('reads all processes once for all that it samples together', async () => {
    const kernel = new FakeKernel();
    const { limiter, clock } = await prepare(kernel, {});
    using scope = createScope({ clock });
    const all: Enforcement[] = [];
    for (let number = 0; number < 60; number++) {
      const enforcement = await limiter.prepare({ worker: 'x', number }, {}, MONITORING, {
        pids: () => Promise.resolve([]),
        temporaryDirectory: undefined,
        logBytes: () => Promise.resolve(0),
        sustainedViolationMs: 0,
        spikeToleranceMs: 0,
      });
      all.push(enforcement);
      kernel.run({ pid: 1_000 + number });
      enforcement.watch(
        { ...runOf(), process: { pid: 1_000 + number, startTime: (1_000 + number) * 10, bootId: '' } },
        scope,
      );
    }
    kernel.reads = 0;
    await clock.advance(1_000);
    expect(all.every(({ latest }) => latest?.processes === 1)).toBe(true);
    // 60 processes, the init process that is not there, and the list of swap spaces.
    expect(kernel.reads).toBeLessThan(65);
  });

  it('takes no sample twice for one that comes shortly before the others have theirs', async () => {
    const kernel = new FakeKernel();
    const { limiter, enforcement, clock } = await prepare(kernel, {});
    kernel.run({ pid: PID });
    using scope = createScope({ clock });
    enforcement.watch(runOf(), scope);
    await clock.advance(9_500);
    const late = await limiter.prepare({ worker: 'late', number: 0 }, {}, MONITORING, {
      pids: () => Promise.resolve([]),
      temporaryDirectory: undefined,
      logBytes: () => Promise.resolve(0),
      sustainedViolationMs: 0,
      spikeToleranceMs: 0,
    });
    late.watch(runOf(), scope);
    await clock.advance(2_000);
    expect(late.history()).toHaveLength(1);
  });

  it('puts off the first sample while others keep coming, until all have theirs at most', async () => {
    const kernel = new FakeKernel();
    const { limiter, enforcement, clock } = await prepare(kernel, {});
    kernel.run({ pid: PID });
    using scope = createScope({ clock });
    enforcement.watch(runOf(), scope);
    const come = async (number: number): Promise<void> => {
      const next = await limiter.prepare({ worker: 'next', number }, {}, MONITORING, SOURCES);
      next.watch(runOf(), scope);
    };
    for (let number = 0; number < 12; number++) {
      await clock.advance(800);
      if (number === 2) expect(enforcement.history()).toHaveLength(0);
      await come(number);
    }
    expect(clock.monotonic()).toBe(9_600);
    expect(enforcement.history()).toHaveLength(0);
    await clock.advance(400);
    expect(enforcement.history()).toHaveLength(1);
  });

  it('finds its processes in the group that holds all of them, without a look at any others', async () => {
    const kernel = new FakeKernel().withUnified([]);
    const { enforcement, clock } = await prepare(kernel, {});
    const group = `${V1}/roundhouse-t/web.0`;
    await kernel.makeDirectory(group);
    kernel.files.set(`${group}/cgroup.events`, 'populated 1\n');
    await kernel.write(`${group}/cgroup.procs`, String(PID));
    await kernel.write(`${group}/cgroup.procs`, '501');
    kernel.run({ pid: PID });
    // Of a session and a parent of its own.
    kernel.run({ pid: 501 });
    for (let pid = 600; pid < 700; pid++) kernel.run({ pid });
    using scope = createScope({ clock });
    enforcement.watch(runOf(), scope);
    kernel.reads = 0;
    await clock.advance(1_000);
    expect(enforcement.latest?.processes).toBe(2);
    expect(kernel.reads).toBeLessThan(10);
  });

  it('does not take another process of the same number for its own', async () => {
    const kernel = new FakeKernel();
    const { enforcement, clock } = await prepare(kernel, {});
    kernel.run({ pid: PID, startTime: 1 });
    using scope = createScope({ clock });
    enforcement.watch(runOf(), scope);
    await clock.advance(20_000);
    expect(enforcement.latest).toBeUndefined();
  });

  it('tells of a violation, shows it, and tells of its end', async () => {
    const kernel = new FakeKernel();
    const { enforcement, clock } = await prepare(kernel, { 'memory.max_rss': limit(81_920, 'alert') });
    const told = collect(enforcement);
    kernel.run({ pid: PID, rssBytes: 90_112 });
    using scope = createScope({ clock });
    enforcement.watch(runOf(), scope);
    expect(enforcement.statuses[0]).toMatchObject({ used: null, state: 'unknown' });
    await clock.advance(30_000);
    expect(told).toEqual(['memory.max_rss critical 90112']);
    expect(enforcement.statuses[0]).toMatchObject({ used: 90_112, state: 'exceeded' });
    kernel.run({ pid: PID, rssBytes: 4_096 });
    await clock.advance(10_000);
    expect(told.slice(1)).toEqual(['memory.max_rss recovered']);
  });

  it('tells anew for the next run', async () => {
    const kernel = new FakeKernel();
    const { enforcement, clock } = await prepare(kernel, { 'memory.max_rss': limit(40_960, 'restart') });
    const told = collect(enforcement);
    kernel.run({ pid: PID, rssBytes: 45_056 });
    const scope = createScope({ clock });
    enforcement.watch(runOf(1), scope);
    await clock.advance(10_000);
    scope.end();
    using next = createScope({ clock });
    enforcement.watch(runOf(2), next);
    await clock.advance(10_000);
    expect(told).toEqual(Array.from({ length: 2 }, () => 'memory.max_rss critical 45056'));
  });

  it('counts by the group where there is one, and from the start of the run', async () => {
    const kernel = legacy();
    const { enforcement, clock } = await prepare(kernel, {
      'memory.max_rss': limit(1_000_000, 'restart'),
      'cpu.max_time': limit(60_000, 'alert'),
    });
    const usage = `${V1}/cpuacct/roundhouse-t/web.0/cpuacct.usage`;
    kernel.files.set(usage, '7000000000\n');
    await launch(kernel, enforcement, { cpuMs: 200, rssBytes: 4_096 });
    kernel.files.set(
      `${V1}/memory/roundhouse-t/web.0/memory.stat`,
      'total_rss 500\ntotal_mapped_file 80\ntotal_swap 3\n',
    );
    using scope = createScope({ clock });
    enforcement.watch(runOf(), scope);
    await clock.advance(1_000);
    expect(enforcement.latest).toMatchObject({ cpuTimeMs: 200, rssBytes: 580, swapBytes: 3 });
    // A child that has come and gone meanwhile: only the group knows.
    kernel.files.set(usage, '8000000000\n');
    await clock.advance(9_000);
    expect(enforcement.latest?.cpuTimeMs).toBe(1_200);
  });

  it('reads what is dear only for a limit that needs it, or when asked', async () => {
    const kernel = new FakeKernel();
    const { enforcement, clock } = await prepare(
      kernel,
      { 'io.max_file_descriptors': limit(10, 'alert'), 'storage.max_temporary': limit(500, 'alert') },
      { temporaryDirectory: '/data/tmp' },
    );
    const told = collect(enforcement);
    kernel.run({ pid: PID });
    kernel.files.set(`/proc/${PID}/io`, 'rchar: 9\nwchar: 8\nsyscr: 7\nsyscw: 6\nread_bytes: 5\nwrite_bytes: 4\n');
    for (const descriptor of [0, 1, 2]) kernel.links.set(`/proc/${PID}/fd/${descriptor}`, `socket:[${descriptor}]`);
    kernel.links.set(`/proc/${PID}/ns/net`, 'net:[1]');
    kernel.files.set(
      `/proc/${PID}/net/tcp`,
      ['titles', '0: A B 01 0:0 0:0 0 0 0 1', '1: A B 0A 0:0 0:0 0 0 0 2', '2: A B 01 0:0 0:0 0 0 0 9'].join('\n'),
    );
    using scope = createScope({ clock });
    enforcement.watch(runOf(), scope);
    await clock.advance(1_000);
    expect(enforcement.latest).toMatchObject({
      fileDescriptors: 3,
      connections: null,
      readBytes: null,
      temporaryBytes: 700,
    });
    expect(told).toEqual(['storage.max_temporary critical 700']);
    expect(await enforcement.sampleNow()).toMatchObject({
      fileDescriptors: 3,
      connections: 1,
      readBytes: 5,
      writeBytes: 4,
      readOps: 7,
      writeOps: 6,
      temporaryBytes: 700,
      logBytes: 42,
    });
    expect(enforcement.history()).toHaveLength(1);
  });

  it('compares rates of input and output', async () => {
    const kernel = new FakeKernel();
    const { enforcement, clock } = await prepare(kernel, { 'io.max_write_rate': limit(100, 'alert') });
    const told = collect(enforcement);
    kernel.run({ pid: PID });
    const write = (bytes: number): void =>
      void kernel.files.set(`/proc/${PID}/io`, `read_bytes: 0\nwrite_bytes: ${bytes}\n`);
    write(1_000_000);
    using scope = createScope({ clock });
    enforcement.watch(runOf(), scope);
    await clock.advance(10_000);
    expect(told).toEqual([]);
    write(1_001_100);
    await clock.advance(10_000);
    expect(told).toEqual(['io.max_write_rate critical 110']);
  });

  it('says when the kernel has killed for want of memory, of this run and not of the one before', async () => {
    const kernel = legacy();
    const { enforcement, clock } = await prepare(kernel, { 'memory.max_rss': limit(1000, 'immediate_kill') });
    const told = collect(enforcement);
    const kills = (count: number): void =>
      void kernel.files.set(`${V1}/memory/roundhouse-t/web.0/memory.oom_control`, `under_oom 0\noom_kill ${count}\n`);
    await launch(kernel, enforcement);
    const scope = createScope({ clock });
    enforcement.watch(runOf(1), scope);
    expect(await enforcement.wasOutOfMemory()).toBe(false);
    kills(1);
    scope.end();
    expect(await enforcement.wasOutOfMemory()).toBe(true);
    using next = createScope({ clock });
    enforcement.watch(runOf(2), next);
    expect(await enforcement.wasOutOfMemory()).toBe(false);
    kills(2);
    await clock.advance(1_000);
    expect(told).toEqual(['out of memory at 1000', 'out of memory at 1000']);
  });

  it.each([
    ['of a run that ended while nobody looked', '', true],
    ['but not of one that goes on', `${PID}\n`, false],
  ])('knows of a kill for want of memory %s', async (_, procs, was) => {
    const kernel = unified();
    await prepare(kernel, { 'memory.max_rss': limit(1000, 'immediate_kill') });
    const group = `${V1}/roundhouse-t/web.0`;
    kernel.files.set(`${group}/memory.events`, 'oom 1\noom_kill 1\noom_group_kill 0\n');
    kernel.files.set(`${group}/cgroup.procs`, procs);
    const { enforcement } = await prepare(kernel, { 'memory.max_rss': limit(1000, 'immediate_kill') });
    expect(await enforcement.wasOutOfMemory()).toBe(was);
  });
});

describe('slowing down', () => {
  const quota = `${V1}/cpu/roundhouse-t/web.0/cpu.cfs_quota_us`;

  it('rations half of what was taken last where no limit says more, until the run ends', async () => {
    const kernel = legacy();
    const { enforcement, clock } = await prepare(kernel, { 'memory.max_rss': limit(1_000_000, 'escalate') });
    await launch(kernel, enforcement);
    const scope = createScope({ clock });
    enforcement.watch(runOf(), scope);
    await clock.advance(1_000);
    kernel.run({ pid: PID, cpuMs: 7_200 });
    await clock.advance(9_000);
    await enforcement.throttle(true);
    expect(kernel.files.get(quota)).toBe('40000');
    await enforcement.throttle(false);
    expect(kernel.files.get(quota)).toBe('-1');
    await enforcement.throttle(true);
    scope.end();
    await clock.advance(0);
    expect(kernel.files.get(quota)).toBe('-1');
  });

  it('keeps to the limit of the processor where there is one', async () => {
    const kernel = legacy();
    const { enforcement } = await prepare(kernel, { 'cpu.max_percent': limit(30, 'escalate') });
    await enforcement.throttle(true);
    expect(kernel.files.get(quota)).toBe('30000');
    await enforcement.throttle(false);
    expect(kernel.files.get(quota)).toBe('-1');
  });

  it('leaves a limit that is a ration itself in force', async () => {
    const kernel = legacy();
    const { enforcement } = await prepare(kernel, { 'cpu.max_percent': limit(30, 'throttle') });
    await enforcement.throttle(true);
    await enforcement.throttle(false);
    expect(kernel.files.get(quota)).toBe('30000');
  });

  it('says that it cannot', async () => {
    const { enforcement, warnings } = await prepare(new FakeKernel(), { 'memory.max_rss': limit(30, 'throttle') });
    await enforcement.throttle(true);
    expect(warnings).toEqual([{ worker: 'web/0', reason: 'no cpu controller' }]);
  });
});

describe('a change of limits', () => {
  it('is made in place where it can be, and names what needs a restart', async () => {
    const kernel = legacy();
    const { enforcement, clock } = await prepare(kernel, {
      'memory.max_rss': limit(1000, 'immediate_kill'),
      'io.max_file_descriptors': limit(64, 'alert'),
    });
    await launch(kernel, enforcement);
    kernel.files.set(
      `/proc/${PID}/limits`,
      'Max open files            64                   64                   files\n',
    );
    using scope = createScope({ clock });
    enforcement.watch(runOf(), scope);
    const memory = { 'memory.max_rss': limit(2000, 'immediate_kill') };
    expect(await enforcement.change({ ...memory, 'io.max_file_descriptors': limit(64, 'alert') }, MONITORING)).toEqual(
      [],
    );
    expect(kernel.files.get(`${V1}/memory/roundhouse-t/web.0/memory.limit_in_bytes`)).toBe('2000');
    expect(await enforcement.change({ ...memory, 'process.max_processes': limit(5, 'alert') }, MONITORING)).toEqual([
      'process.max_processes',
      'io.max_file_descriptors',
    ]);
    expect(enforcement.statuses.map((each) => each.enforcement)).toEqual(['kernel', 'watched']);
    expect(enforcement.cgroups).toHaveLength(2);
  });

  it('needs no restart of what does not run', async () => {
    const { enforcement } = await prepare(legacy(), {});
    expect(await enforcement.change({ 'io.max_file_descriptors': limit(64, 'alert') }, MONITORING)).toEqual([]);
    expect(enforcement.rlimits).toEqual({ nofile: 64 });
  });

  it('writes nothing that stays as it is', async () => {
    const kernel = legacy();
    const limits = { 'memory.max_rss': limit(1000, 'immediate_kill') };
    const { enforcement } = await prepare(kernel, limits);
    const before = kernel.writes.length;
    await enforcement.change({ ...limits, 'memory.max_virtual': limit(1, 'alert') }, MONITORING);
    expect(kernel.writes).toHaveLength(before);
  });

  it('samples at the new interval', async () => {
    const kernel = new FakeKernel();
    const { enforcement, clock } = await prepare(kernel, {});
    kernel.run({ pid: PID });
    const scope = createScope({ clock });
    enforcement.watch(runOf(), scope);
    await clock.advance(20_000);
    await enforcement.change({}, { ...MONITORING, intervalMs: 500, retentionMs: 2_000 });
    await clock.advance(4_000);
    expect(enforcement.history()).toHaveLength(5);
    await enforcement.change({}, { ...MONITORING, isEnabled: false });
    expect(clock.pendingTimers).toBe(0);
    scope.end();
  });
});
