import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { WorkerManager, WorkerProgram } from './workerManager.ts';
import { WorkerRun } from './workerRun.ts';

/** After a start, until a manager has done all that it does late. */
const SETTLE_MS = 3_000;
/** Between two kills. */
const KILL_GAP_MS = 300;
/** A line and its end. */
const LINE_BYTES = 100;
const LINE = '7'.padStart(LINE_BYTES - 1, '0');
const CHATTY = 5;
/** What a manager that is killed takes with it has gone by then, and what a new one starts is there. */
const AFTERMATH_MS = 4_000;

export interface Course {
  readonly startMs: number;
  readonly stopMs: number;
  /** Undefined when it was not looked at. */
  readonly rest: Rest | undefined;
}

/** What all processes of a manager take when nothing happens. */
export interface Rest {
  readonly proportionalKb: number;
  /** Share of one core. */
  readonly idleShare: number;
}

/** When a manager is looked at: so long after the start, for so long. */
export interface RestPlan {
  readonly afterMs: number;
  readonly forMs: number;
}

/** Starts so many programs that do nothing, looks at the manager at rest, and stops all. All of it is in `place`. */
export async function startAndStop(
  manager: WorkerManager,
  place: string,
  workers: number,
  plan?: RestPlan,
): Promise<Course> {
  await using run = await WorkerRun.create(manager, place);
  await run.configure(named(workers, ['sleep', run.marker]));
  const startMs = await run.untilRunning(workers, await run.start());
  await pause(SETTLE_MS);
  const rest = plan && (await watchRest(run, plan));
  return { startMs, stopMs: await run.stop(), rest };
}

async function watchRest(run: WorkerRun, { afterMs, forMs }: RestPlan): Promise<Rest> {
  await pause(afterMs);
  const proportionalKb = run.ownProportionalKb;
  const before = run.ownCpuUs;
  await pause(forMs);
  return { proportionalKb, idleShare: (run.ownCpuUs - before) / (forMs * 1e3) };
}

/** Kills one worker after the other; gives how long it was until each had another in its place, ms. */
export async function replacements(manager: WorkerManager, place: string, kills: number): Promise<readonly number[]> {
  await using run = await WorkerRun.create(manager, place);
  const starts = join(run.directory, 'starts');
  await mkdir(starts);
  const script = join(run.directory, 'announce.sh');
  await writeFile(script, `echo $EPOCHREALTIME > ${starts}/$$\nexec sleep "$1"\n`);
  await run.configure(named(kills, ['/bin/bash', script, run.marker]));
  await run.start();
  const isWritten = (name: string): boolean => statSync(join(starts, name)).size > 0;
  await run.until('the start of its workers', () => readdirSync(starts).filter(isWritten).length === kills);
  await pause(SETTLE_MS);
  const first = readdirSync(starts);
  const known = new Set(first);
  const delays: number[] = [];
  for (const pid of first) {
    const killedAt = Date.now();
    process.kill(Number(pid), 'SIGKILL');
    let replacement: string | undefined;
    const look = (): boolean => {
      replacement = readdirSync(starts).find((name) => !known.has(name) && isWritten(name));
      return replacement !== undefined;
    };
    await run.until('a replacement', look, 1);
    known.add(replacement as string);
    const startedAt = Number(await readFile(join(starts, replacement as string), 'utf8')) * 1e3;
    delays.push(startedAt - killedAt);
    await pause(KILL_GAP_MS);
  }
  await run.stop();
  return delays;
}

export interface Capture {
  readonly mbPerSecond: number;
  /** CPU time of the manager's processes. */
  readonly cpuMsPerMb: number;
  readonly lostLines: number;
}

/** One worker that writes so many lines as fast as they are taken from it. */
export async function capture(manager: WorkerManager, place: string, lines: number): Promise<Capture> {
  await using run = await WorkerRun.create(manager, place);
  const bytes = lines * LINE_BYTES;
  const gate = join(run.directory, 'gate');
  const script = join(run.directory, 'generate.sh');
  const wait = `while [ ! -e ${gate} ]; do sleep 0.01; done`;
  await writeFile(script, `${wait}\nyes ${LINE} | head -c ${bytes}\nexec sleep "$1"\n`);
  const [worker] = named(1, ['/bin/sh', script, run.marker]) as [WorkerProgram];
  await run.configure([worker]);
  await run.untilRunning(1, await run.start());
  await pause(SETTLE_MS);
  const output = run.outputOf(worker.id);
  const cpuBefore = run.ownCpuUs;
  await writeFile(gate, '');
  let beganAt: number | undefined;
  const isComplete = (): boolean => {
    const size = statSync(output, { throwIfNoEntry: false })?.size ?? 0;
    if (size > 0) beganAt ??= performance.now();
    return size >= bytes;
  };
  await run.until('the last line', isComplete, 2);
  const seconds = (performance.now() - (beganAt as number)) / 1e3;
  const cpuMs = (run.ownCpuUs - cpuBefore) / 1e3;
  const whole = await promisify(execFile)('grep', ['-c', '-x', '-F', LINE, output]);
  await run.stop();
  return {
    mbPerSecond: bytes / 1e6 / seconds,
    cpuMsPerMb: cpuMs / (bytes / 1e6),
    lostLines: lines - Number(whole.stdout),
  };
}

export interface Survival {
  readonly workers: number;
  /** Of these, after SIGKILL to the manager. */
  readonly alive: number;
  /** That run when it has been started again: more are duplicates. */
  readonly total: number;
  /** That are still the same processes then. */
  readonly kept: number;
}

/** What becomes of workers that write all the time when their manager dies, and is started again. */
export async function survival(manager: WorkerManager, place: string): Promise<Survival> {
  await using run = await WorkerRun.create(manager, place);
  const script = join(run.directory, 'talk.sh');
  await writeFile(script, 'while :; do echo tick; sleep 0.1; done\n');
  await run.configure(named(CHATTY, ['/bin/sh', script, run.marker]));
  await run.untilRunning(CHATTY, await run.start());
  await pause(SETTLE_MS);
  const before = new Set(run.workerPids);
  process.kill(run.managerPid, 'SIGKILL');
  await pause(AFTERMATH_MS);
  const alive = run.workerPids.filter((pid) => before.has(pid)).length;
  await run.start();
  await pause(AFTERMATH_MS);
  const after = run.workerPids;
  const kept = after.filter((pid) => before.has(pid)).length;
  return { workers: CHATTY, alive, total: after.length, kept };
}

function named(workers: number, command: WorkerProgram['command']): WorkerProgram[] {
  return Array.from({ length: workers }, (_, index) => ({ id: `w${String(index).padStart(4, '0')}`, command }));
}
