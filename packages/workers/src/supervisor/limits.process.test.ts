import { readFileSync } from 'node:fs';
import { type WorkerInput, workerInputSchema } from '@roundhouse/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { LimitStatus } from '../limits/contract.ts';
import { NESTED_FILE } from '../spec/spec.fixture.ts';
import type { LimitName } from '../spec/spec.ts';
import { Site } from './site.fixture.ts';

const ID = 'memory-limited-worker';
const AS_WRITTEN = '30s';

const python = (script: string): string[] => ['python3', '-u', '-c', script];

/** By one call of the kernel (MAP_POPULATE), which no sample comes in between. */
const takeAtOnce = (bytes: number): string =>
  `import mmap, time; held = mmap.mmap(-1, ${bytes}, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x8000); time.sleep(1000)`;

let site: Site;

beforeEach(async (context) => {
  site = new Site();
  await site.open();
  const { backends } = site.supervisor;
  const groups = backends.filter((each) => each.startsWith('cgroup')).join(' ');
  context.skip(
    !/cpu/.test(groups) || !/memory/.test(groups),
    `cpu and memory are not held by control groups: ${backends.join(', ')}`,
  );
});

afterEach(() => site.end());

function limitsOf(worker: string): Partial<Record<LimitName, LimitStatus>> {
  return Object.fromEntries(site.status(worker).limits.map((each) => [each.limit, each]));
}

/** Severities that were told of a limit, in order. */
const severitiesOf = (name: LimitName): readonly string[] =>
  site.told.violated.flatMap(({ violation }) => (violation.limit === name ? [violation.severity] : []));

const isExceeded = (name: LimitName): boolean => severitiesOf(name).some((severity) => severity !== 'warning');

/** A file of the control group that a process is in. */
function groupFile(controller: string, pid: number, file: string): string {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').split('\n');
  const own = lines.find((line) => line.split(':')[1]?.split(',').includes(controller));
  const unified = lines.find((line) => line.startsWith('0::'))?.slice(3);
  return readFileSync(
    own === undefined ? `/sys/fs/cgroup${unified}/${file}` : `/sys/fs/cgroup/${controller}${own.split(':')[2]}/${file}`,
    'utf8',
  );
}

describe('the example of the plan', () => {
  /** Its command comes from a later layer; and, for the sake of time, it is sampled more often than every half minute. */
  async function run(script: string, interval = '200ms'): Promise<void> {
    const { workers } = parse(NESTED_FILE) as { workers: WorkerInput[] };
    const [written] = workers;
    const worker = workerInputSchema.parse({ ...written, command: python(script) });
    const monitoring = worker.unit?.managed?.control?.resource_monitoring;
    if (monitoring !== undefined) monitoring.interval = interval;
    await site.set(worker);
    await site.supervisor.begin();
    await site.untilState(ID, 'ready started');
  }

  it('is what it says', async () => {
    await run('import time; time.sleep(1000)', AS_WRITTEN);
    const { spec } = site.supervisor.find(ID) ?? {};
    expect(spec?.monitoring).toEqual({ isEnabled: true, intervalMs: 30_000, retentionMs: 86_400_000 });
    expect(site.status(ID).limits.map(({ limit, value, policy }) => [limit, value, policy])).toEqual([
      ['memory.max_rss', 512_000_000, 'graceful_shutdown'],
      ['memory.max_virtual', 1_000_000_000, 'graceful_shutdown'],
      ['cpu.max_percent', 50, 'throttle'],
      ['cpu.max_time', 3_600_000, 'throttle'],
      ['io.max_read_rate', 100_000_000, 'alert'],
      ['io.max_write_rate', 50_000_000, 'alert'],
      ['io.max_file_descriptors', 1_024, 'alert'],
    ]);
  });

  it('says truthfully what the kernel holds and what is only watched', async () => {
    await run('import time; time.sleep(1000)');
    const limits = limitsOf(ID);
    const pid = site.pid(ID);
    expect(limits['cpu.max_percent']).toMatchObject({
      enforcement: 'kernel',
      by: expect.stringMatching(/^cgroup v\d cpu$/),
    });
    expect(limits['io.max_file_descriptors']).toMatchObject({ enforcement: 'kernel', by: 'rlimit nofile' });
    expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/Max open files +1024 +1024 /);
    // It is to end in order: the kernel must not be quicker, and stands behind at a quarter more.
    expect(limits['memory.max_rss']).toMatchObject({
      enforcement: 'watched',
      by: expect.stringMatching(/cgroup v\d memory at 640000000 behind it$/),
    });
    for (const name of ['memory.max_virtual', 'cpu.max_time', 'io.max_read_rate', 'io.max_write_rate'] as const) {
      expect(limits[name]?.enforcement, name).toBe('watched');
    }
    expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/Max address space +unlimited/);
  });

  it('ends one that takes too much memory in order, and leaves it stopped', async () => {
    await run(`
import signal, sys, time
def end(*_):
    print('bye'); sys.exit(0)
signal.signal(signal.SIGTERM, end)
held = []
while len(held) < 56:
    held.append(bytearray(b'x') * 10_000_000); time.sleep(0.03)
time.sleep(1000)
`);
    await site.untilState(ID, 'stopped limit_exceeded');
    expect(severitiesOf('memory.max_rss')).toEqual(['warning', 'critical']);
    expect(site.status(ID).lastExit).toMatchObject({ code: 0, reason: 'limit_exceeded', isKnown: true });
    await site.untilOutput(ID, 'bye\n');
    const [, critical] = site.told.violated;
    expect(critical?.violation.used).toBeGreaterThan(512_000_000);
    expect(critical?.violation.used).toBeLessThan(640_000_000);
  });

  it('leaves one stopped that is too quick for it, and says that memory was what it wanted', async () => {
    await run(takeAtOnce(800_000_000), AS_WRITTEN);
    await site.untilState(ID, 'stopped limit_exceeded');
    expect(site.status(ID).lastExit).toMatchObject({ signal: 'SIGKILL', reason: 'out_of_memory' });
    expect(site.status(ID).restarts).toBe(0);
  });

  it('has one that wants the whole processor do with half of it', async () => {
    await run('while True: pass');
    const pid = site.pid(ID);
    await site.until('samples', async () => (await site.supervisor.usage({ worker: ID }))[0]?.history.length === 12);
    const [first, ...rest] = (await site.supervisor.usage({ worker: ID }))[0]?.history ?? [];
    const last = rest.at(-1);
    const used = ((last?.cpuTimeMs ?? 0) - (first?.cpuTimeMs ?? 0)) / ((last?.at ?? 0) - (first?.at ?? 0));
    expect(used).toBeGreaterThan(0);
    expect(used).toBeLessThan(0.65);
    expect(Number(/nr_throttled (\d+)/.exec(groupFile('cpu', pid, 'cpu.stat'))?.[1])).toBeGreaterThan(0);
    // A ration is there to be used up.
    expect(severitiesOf('cpu.max_percent')).not.toContain('critical');
    expect(site.state(ID)).toBe('ready started');
    expect(site.pid(ID)).toBe(pid);
  });

  it('refuses one descriptors beyond their number, tells of it, and leaves it be', async () => {
    await run(`
import os, time
n = 3
try:
    while True: os.open('/dev/null', os.O_RDONLY); n += 1
except OSError as error: print(n, error.strerror)
time.sleep(1000)
`);
    const pid = site.pid(ID);
    await site.until('an alert', () => isExceeded('io.max_file_descriptors'));
    await site.until('its line', () => /^\d+ Too many open files\n$/.test(site.output(ID).toString()));
    expect(limitsOf(ID)['io.max_file_descriptors']).toMatchObject({ used: 1_024, state: 'exceeded' });
    expect(site.pid(ID)).toBe(pid);
    expect(site.state(ID)).toBe('ready started');
  });

  it('tells of one that writes too fast, and leaves it be', async () => {
    await run(`
import time
piece = b'x' * 30_000_000
while True:
    with open('piece', 'wb') as file: file.write(piece)
    time.sleep(0.1)
`);
    const pid = site.pid(ID);
    await site.until('an alert', () => isExceeded('io.max_write_rate'));
    const told = site.told.violated.find(({ violation }) => violation.limit === 'io.max_write_rate');
    expect(told?.violation).toMatchObject({ limit: 'io.max_write_rate', policy: 'alert', value: 50_000_000 });
    expect(limitsOf(ID)['io.max_write_rate']).toMatchObject({ enforcement: 'watched', by: '/proc' });
    expect(site.pid(ID)).toBe(pid);
    expect(site.state(ID)).toBe('ready started');
  });
});

describe('the policy', () => {
  /** Takes 40 MB, and sleeps. */
  const HOLDER = python(`held = bytearray(b'x') * 40_000_000; import time; time.sleep(1000)`);
  /** Has 5 MB of temporary files, and takes its time over nothing else. */
  const HOARDER = python(`
import os, time
with open(os.environ['TMPDIR'] + '/hoard', 'wb') as file: file.write(b'x' * 5_000_000)
time.sleep(1000)
`);
  const common = {
    id: 'hog',
    working_directory: '/',
    resource_monitoring: { interval: '100ms' },
    restart: { backoff: { initial: '100ms' } },
  } as const satisfies WorkerInput;

  const isCritical = (): boolean => site.told.violated.some(({ violation }) => violation.severity !== 'warning');
  const limitLines = () => site.logged.filter(({ message }) => message === 'limit');

  async function run(worker: Partial<WorkerInput>): Promise<void> {
    await site.set({ ...common, ...worker });
    await site.supervisor.begin();
  }

  it('`log` writes a line, and does no more', async () => {
    await run({ command: HOLDER, limits: { memory: { max_rss: 39_000_000, policy: 'log' } } });
    await site.until('a violation', isCritical);
    expect(limitLines().at(-1)?.fields).toMatchObject({
      worker: 'hog/0',
      limit: 'memory.max_rss',
      value: 39_000_000,
      severity: expect.stringMatching(/critical|emergency/),
    });
    expect(site.state('hog')).toBe('ready started');
  });

  it('`alert` tells, and does no more', async () => {
    await run({ command: HOLDER, limits: { memory: { max_rss: 39_000_000, policy: 'alert' } } });
    await site.until('a violation', isCritical);
    expect(site.told.violated.at(-1)?.violation).toMatchObject({ limit: 'memory.max_rss', policy: 'alert' });
    expect(limitLines()).toEqual([]);
    expect(site.state('hog')).toBe('ready started');
  });

  it('`throttle` slows it down to half of what it took, until it is content with less', async () => {
    const command = python(`
import os, time
hoard = os.environ['TMPDIR'] + '/hoard'
with open(hoard, 'wb') as file: file.write(b'x' * 5_000_000)
until = time.monotonic() + 4
while time.monotonic() < until: pass
os.truncate(hoard, 0)
while True: pass
`);
    await run({ command, limits: { storage: { max_temporary: '1MB', policy: 'throttle' } } });
    await site.until('a violation', isCritical);
    const pid = site.pid('hog');
    const rationed = (): number => {
      const [quota = '', period = '100000'] = groupFile('cpu', pid, 'cpu.cfs_quota_us').trim().split(' ');
      return Number(quota) / Number(period);
    };
    await site.until('a ration', () => rationed() > 0);
    const ration = rationed();
    expect(ration).toBeLessThan(0.6);
    const began = site.status('hog').sample;
    await site.until('samples', () => (site.status('hog').sample?.at ?? 0) > (began?.at ?? 0) + 1_000);
    const now = site.status('hog').sample;
    const used = ((now?.cpuTimeMs ?? 0) - (began?.cpuTimeMs ?? 0)) / ((now?.at ?? 0) - (began?.at ?? 0));
    expect(used).toBeLessThan(ration * 1.4 + 0.05);
    await site.until('recovery', () => site.told.recovered.length > 0);
    await site.until('full speed', () => rationed() < 0);
    expect(site.pid('hog')).toBe(pid);
  });

  it('`graceful_shutdown` stops it in order, and for good', async () => {
    const command = [
      'sh',
      '-c',
      `trap 'echo bye; exit 3' TERM; head -c 5000000 /dev/zero > "$TMPDIR/hoard"; while :; do sleep 0.05; done`,
    ];
    await run({ command, limits: { storage: { max_temporary: '1MB', policy: 'graceful_shutdown' } } });
    await site.untilState('hog', 'stopped limit_exceeded');
    await site.untilOutput('hog', 'bye\n');
    expect(site.status('hog')).toMatchObject({ restarts: 0, lastExit: { code: 3, reason: 'limit_exceeded' } });
  });

  it('`immediate_kill` has the kernel kill it, and knows why it ended', async () => {
    const command = python(`held = bytearray(b'x') * 200_000_000; import time; time.sleep(1000)`);
    await run({
      command,
      restart: { policy: 'never' },
      limits: { memory: { max_rss: '64MB', policy: 'immediate_kill' } },
    });
    await site.untilState('hog', 'failed resource_violation');
    expect(site.status('hog').lastExit).toMatchObject({ code: null, signal: 'SIGKILL', reason: 'out_of_memory' });
    expect(limitsOf('hog')['memory.max_rss']).toMatchObject({ enforcement: 'kernel', value: 64_000_000 });
  });

  it('`immediate_kill` of what is only watched does not ask either', async () => {
    const command = [
      'sh',
      '-c',
      `trap 'echo bye' TERM; head -c 5000000 /dev/zero > "$TMPDIR/hoard"; while :; do sleep 0.05; done`,
    ];
    await run({
      command,
      restart: { policy: 'never' },
      limits: { storage: { max_temporary: '1MB', policy: 'immediate_kill' } },
    });
    await site.untilState('hog', 'failed resource_violation');
    expect(site.status('hog').lastExit).toMatchObject({ signal: 'SIGKILL', reason: 'limit_exceeded' });
    expect(site.output('hog').toString()).toBe('');
  });

  it('`restart` begins it anew, under the same limit', async () => {
    // The second life is modest.
    const command = python(`
import os, time
hoard = os.environ['TMPDIR'] + '/hoard'
size = 0 if os.path.exists(hoard) else 5_000_000
with open(hoard, 'wb') as file: file.write(b'x' * size)
time.sleep(1000)
`);
    await run({ command, limits: { storage: { max_temporary: '1MB', policy: 'restart' } } });
    await site.until('a restart', () => site.status('hog').restarts === 1 && site.state('hog') === 'ready started');
    expect(site.status('hog').lastExit).toMatchObject({ signal: 'SIGTERM', reason: 'limit_exceeded' });
    expect(limitsOf('hog')['storage.max_temporary']?.value).toBe(1_000_000);
  });

  it('`restart_adjusted` raises the limit by half, twice at most', async () => {
    const limits = { storage: { max_temporary: '1MB', policy: 'restart_adjusted' } } as const;
    await run({ command: HOARDER, limits });
    await site.until('restarts', () => site.status('hog').restarts >= 3);
    const values = site.told.violated.flatMap(({ violation }) =>
      violation.severity === 'warning' ? [] : [violation.value],
    );
    expect(values.slice(0, 3)).toEqual([1_000_000, 1_500_000, 2_250_000]);
    expect(limitsOf('hog')['storage.max_temporary']?.value).toBe(2_250_000);
    // Who changes the limit begins with what is written.
    await site.set({
      ...common,
      command: HOARDER,
      limits: { storage: { max_temporary: '9MB', policy: 'restart_adjusted' } },
    });
    await site.supervisor.restart({ worker: 'hog' }, site.scope);
    expect(limitsOf('hog')['storage.max_temporary']?.value).toBe(9_000_000);
  });

  it('`restart_adjusted` raises it as well when the kernel was quicker', async () => {
    const command = python(takeAtOnce(97_000_000));
    await run({ command, limits: { memory: { max_rss: '50MB', policy: 'restart_adjusted' } } });
    await site.until('two restarts', () => site.status('hog').restarts === 2 && site.state('hog') === 'ready started');
    expect(site.status('hog').lastExit?.reason).toBe('out_of_memory');
    expect(limitsOf('hog')['memory.max_rss']?.value).toBe(112_500_000);
  });

  it('`escalate` tells, slows down, restarts and kills, one after the other', async () => {
    await run({ command: HOARDER, limits: { storage: { max_temporary: '1MB', policy: 'escalate' } } });
    await site.until('four steps', () => site.told.exited.length === 2);
    const steps = site.told.violated.flatMap(({ violation }) =>
      violation.severity === 'warning' ? [] : [violation.step],
    );
    expect(steps).toEqual([0, 1, 2, 3]);
    expect(site.told.exited.map(({ exit }) => exit.signal)).toEqual(['SIGTERM', 'SIGKILL']);
    expect(site.told.exited.map(({ reason }) => reason)).toEqual(['limit_exceeded', 'limit_exceeded']);
  });
});
