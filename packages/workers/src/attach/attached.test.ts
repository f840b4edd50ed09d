import { createScope, type Scope, silentLogger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeKernel } from '../limits/kernel.fixture.ts';
import { createLimiter } from '../limits/limiter.ts';
import { Processes } from '../process/processes.ts';
import type { ProbeVerdict } from '../probe/contract.ts';
import { specOf } from '../spec/spec.fixture.ts';
import type { ProbeRole } from '../spec/spec.ts';
import type { SupervisorEvents } from '../supervisor/contract.ts';
import { AttachedMember } from './attached.ts';
import { Locator } from './locator.ts';

/** Above what the kernel gives away: nothing real has it. */
const PID = 4_200_001;
const ID = { worker: 'theirs', number: 0 };

describe('a worker that somebody else starts', () => {
  let kernel: FakeKernel;
  let clock: FakeClock;
  let scope: Scope;
  let member: AttachedMember;
  let told: string[];
  let tellVerdict: ((verdict: ProbeVerdict) => void) | undefined;

  beforeEach(() => {
    kernel = new FakeKernel();
    clock = new FakeClock();
    kernel.files.set('/proc/uptime', '1000000.00 1.00\n');
    scope = createScope({ clock });
    told = [];
  });

  afterEach(async () => {
    await member?.close();
    scope.end();
    expect(clock.pendingTimers).toBe(0);
  });

  function run(pid = PID, startTime = pid): void {
    kernel.run({ pid, startTime, rssBytes: 8_192 });
    kernel.files.set(`/proc/${pid}/comm`, 'theirs\n');
    kernel.files.set(`/proc/${pid}/cmdline`, '/opt/theirs\0');
    kernel.files.set(`/proc/${pid}/status`, `Tgid:\t${pid}\nUid:\t0\t0\t0\t0\n`);
  }

  const specWith = (attach: object = {}, rest: object = {}) =>
    specOf({
      id: ID.worker,
      type: 'unmanaged',
      attach: { process_name: 'theirs', ...attach },
      resource_monitoring: { interval: '1s' },
      ...rest,
    });

  async function open(attach: object = {}, rest: object = {}): Promise<void> {
    const processes = new Processes(kernel, clock);
    const log = silentLogger;
    member = await AttachedMember.open(ID, specWith(attach, rest), {
      clock,
      log,
      processes,
      locator: new Locator(kernel, processes),
      limiter: createLimiter(
        { hierarchy: { unified: undefined, legacy: new Map() }, cores: 2 },
        { clock, log, files: kernel },
      ),
      scope,
      watchProbes: (_member, _execute, onVerdict, within) => {
        tellVerdict = onVerdict;
        within.onEnd(() => (tellVerdict = undefined));
        return { statuses: { startup: null, readiness: null, liveness: null } };
      },
      tell: (name, fact) => {
        const { to, reason } = fact as Partial<SupervisorEvents['moved']>;
        told.push(to === undefined ? name : `${to} ${reason}`);
      },
      onMoved: () => {},
    });
    member.resume();
  }

  function probe(role: ProbeRole, isPassing: boolean): void {
    const status = isPassing ? 'success' : 'failure';
    tellVerdict?.({
      role,
      isPassing,
      status: { status, checkedAt: 0, elapsedMs: 1, failures: 0, code: null, message: null, steps: [] },
    });
  }

  const state = (): string => `${member.status().state} ${member.status().reason}`;
  const pid = (): number | undefined => member.status().process?.pid;

  it('is found when it is there, and taken over without a start', async () => {
    run();
    await open();
    expect(state()).toBe('ready started');
    expect(member.status()).toMatchObject({ process: { pid: PID }, restarts: 0, lastExit: undefined, limits: [] });
    expect(told).toEqual(['ready started', 'adopted']);
  });

  it('is looked for as often as is said, found when it comes, and missed when it goes', async () => {
    await open({ check_interval: '2s' });
    expect(state()).toBe('stopped not_found');
    expect(member.status().trouble).toBe('there is no process of the name theirs');
    run();
    await clock.advance(1_999);
    expect(pid()).toBeUndefined();
    await clock.advance(1);
    expect(pid()).toBe(PID);
    expect(member.status().trouble).toBeUndefined();
    kernel.end(PID);
    await clock.advance(2_000);
    expect(state()).toBe('stopped not_found');
    expect(member.status().lastExit).toMatchObject({ isKnown: false, code: null, signal: null, reason: 'unknown' });
    expect(told).toEqual(['ready started', 'adopted', 'exited', 'stopped not_found']);
  });

  it('that ended and came back between two looks is another life', async () => {
    run();
    await open();
    run(PID, PID + 7);
    await clock.advance(5_000);
    expect(state()).toBe('ready started');
    expect(told).toEqual(['ready started', 'adopted', 'exited', 'stopped not_found', 'ready started', 'adopted']);
    expect(member.status().process?.startTime).toBe(PID + 7);
  });

  it('says that two could be meant, and takes neither', async () => {
    run(PID);
    run(PID + 1);
    await open();
    expect(state()).toBe('stopped ambiguous');
    expect(member.status().trouble).toMatch(/^several processes fit the name theirs /);
    kernel.end(PID);
    await clock.advance(5_000);
    expect(pid()).toBe(PID + 1);
  });

  it('that is found stays the one, whoever else comes by its name', async () => {
    run(PID);
    await open();
    run(PID + 1);
    await clock.advance(5_000);
    expect(pid()).toBe(PID);
    expect(told).toEqual(['ready started', 'adopted']);
  });

  it('is another one as soon as its file says so, and goes on when the file goes', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'roundhouse-attach-'));
    const file = join(directory, 'pid');
    try {
      run(PID);
      run(PID + 1);
      writeFileSync(file, String(PID));
      await open({ process_name: undefined, pid_file: file, check_interval: '1s' });
      expect(pid()).toBe(PID);
      rmSync(file);
      await looked(() => true);
      expect(pid()).toBe(PID);
      writeFileSync(file, String(PID + 1));
      await looked(() => pid() === PID + 1);
      // The one before has not ended: it is no longer the one that is meant.
      expect(told).toEqual(['ready started', 'adopted', 'stopped not_found', 'ready started', 'adopted']);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  /** Files are real, and read in their own time. */
  async function looked(holds: () => boolean): Promise<void> {
    do {
      await clock.advance(1_000);
      for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    } while (!holds());
  }

  it('is neither started nor restarted from here, nor used to run commands', async () => {
    await open();
    const refused = expect.objectContaining({ code: 'WORKER_NOT_OURS' });
    await expect(member.start()).rejects.toEqual(refused);
    await expect(member.restart()).rejects.toEqual(refused);
    await expect(member.execute()).rejects.toEqual(refused);
    run();
    await clock.advance(5_000);
    await member.start();
    await expect(member.restart()).rejects.toEqual(refused);
  });

  it('is stopped by request only where that is allowed, and never with Roundhouse or for others', async () => {
    run();
    await open();
    await expect(member.stop('by_request', scope)).rejects.toMatchObject({ code: 'WORKER_NOT_OURS' });
    await member.stop('dependency', scope);
    await member.reconfigure(specWith({ can_stop: true }));
    await member.stop('shutdown', scope);
    expect(state()).toBe('ready started');
  });

  it('that the kernel does not let us end goes on as it was', async () => {
    run();
    await open({ can_stop: true, allowed_signals: ['HUP'] });
    await expect(member.stop('by_request', scope)).rejects.toMatchObject({ code: 'WORKER_NOT_OURS' });
    await expect(member.signal('HUP')).rejects.toMatchObject({ code: 'WORKER_NOT_OURS' });
    expect(state()).toBe('ready started');
  });

  it('gets the signals that are allowed and no others, and none when it is not there', async () => {
    await open({ allowed_signals: ['USR1'] });
    await expect(member.signal('HUP')).rejects.toMatchObject({ code: 'WORKER_NOT_OURS' });
    await expect(member.reload()).rejects.toMatchObject({ code: 'WORKER_NOT_OURS' });
    await expect(member.signal('USR1')).rejects.toMatchObject({ code: 'WORKER_NOT_RUNNING' });
  });

  it('is ready when its probes say so', async () => {
    const tcp = { tcp: { port: 1 } };
    run();
    await open({}, { probes: { startup: tcp, readiness: tcp } });
    expect(state()).toBe('starting startup_probe');
    probe('readiness', true);
    expect(state()).toBe('starting startup_probe');
    probe('startup', true);
    expect(state()).toBe('running readiness_pending');
    probe('readiness', true);
    expect(state()).toBe('ready started');
    probe('readiness', false);
    expect(state()).toBe('running readiness_failed');
    probe('liveness', false);
    expect(state()).toBe('running readiness_failed');
    kernel.end(PID);
    await clock.advance(5_000);
    expect(tellVerdict).toBeUndefined();
  });

  it('is sampled, as often as is said now', async () => {
    run();
    await open();
    await clock.advance(3_000);
    expect((await member.usage()).history.length).toBe(3);
    expect(member.status().sample).toMatchObject({ processes: 1, rssBytes: 8_192 });
    await member.reconfigure(specWith({}, { resource_monitoring: { interval: '10s' } }));
    const before = (await member.usage()).history.length;
    await clock.advance(21_000);
    expect((await member.usage()).history.length - before).toBe(3);
  });

  it('is looked for anew when it is to be found in another way', async () => {
    run();
    await open();
    await member.reconfigure(specWith({ process_name: 'another' }));
    expect(state()).toBe('stopped not_found');
    await member.reconfigure(specWith());
    expect(pid()).toBe(PID);
  });

  it('goes on when it is forgotten', async () => {
    run();
    await open({ can_stop: true });
    await member.retire();
    expect(kernel.files.has(`/proc/${PID}/stat`)).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });
});
