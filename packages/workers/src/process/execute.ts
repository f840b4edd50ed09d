import { spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Scope } from '@roundhouse/core';
import { workerError } from '../errors.ts';
import type { Launch } from './contract.ts';
import { self } from './instanceScript.ts';
import { parseFault } from './life.ts';
import { type Processes, sendSignal } from './processes.ts';
import { launchScript } from './script.ts';
import { reasonOf } from './startError.ts';

const MAX_OUTPUT_BYTES = 65_536;
/** What is still on its way when the command has ended; who has left a child behind does not hold it up for longer. */
const DRAIN_MS = 50;
/** SIGKILL is sent again to what was forked meanwhile. */
const MAX_KILLS = 10;

export interface ExecuteDependencies {
  readonly processes: Processes;
  readonly newToken: () => string;
}

/**
 * Runs a command to its end with the rights, limits and environment of a launch; its secret files and log files are not
 * made, and it gets no sockets. Gives the first 64 KiB of what it wrote. At the end of the scope it is killed with all that it has started.
 */
export async function execute(
  launch: Launch,
  deps: ExecuteDependencies,
  scope: Scope,
): Promise<{ readonly code: number | null; readonly output: string }> {
  scope.throwIfEnded();
  const token = deps.newToken();
  const script = launchScript(
    { ...launch, logFiles: undefined, sockets: [] },
    {
      subject: '',
      marker: `roundhouse-${token}`,
      before: [],
      programFrom: '<&3 3<&-',
      environment: { ...launch.environment, ROUNDHOUSE_RUN: token },
      self: self(),
    },
  );
  const child = spawn('/bin/sh', ['-s', `roundhouse-${token}`], {
    detached: true,
    cwd: '/',
    env: { PATH: process.env['PATH'] },
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  const leader = child.pid === undefined ? undefined : deps.processes.identify(child.pid);
  const output = new Output([child.stdio[1], child.stdio[2]] as readonly Readable[]);
  let told = '';
  (child.stdio[4] as Readable).on(
    'data',
    (chunk: Buffer) => (told = (told + chunk.toString()).slice(0, MAX_OUTPUT_BYTES)),
  );
  for (const [index, text] of [
    [0, script.launch],
    [3, script.program ?? ''],
  ] as const) {
    const pipe = child.stdio[index] as Writable;
    pipe.on('error', () => {});
    pipe.end(text);
  }
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', resolve);
  });
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
  try {
    const code = await scope.race(ended);
    await Promise.race([closed, scope.sleep(DRAIN_MS)]);
    const fault = faultIn(told);
    if (fault !== undefined) {
      const details = {
        worker: launch.environment['ROUNDHOUSE_WORKER'] ?? '',
        stage: fault.stage,
        reason: reasonOf(launch, fault),
      };
      throw workerError('WORKER_COMMAND_FAILED', { details });
    }
    return { code, output: output.text() };
  } catch (error) {
    if (scope.signal.aborted && leader !== undefined) {
      for (let kills = 0; kills < MAX_KILLS; kills += 1) {
        const pids = await deps.processes.treeOf({ leader, token });
        if (pids.length === 0) break;
        for (const pid of pids) sendSignal(pid, 'SIGKILL');
      }
    }
    throw error;
  } finally {
    for (const stream of child.stdio) stream?.destroy();
  }
}

function faultIn(told: string): ReturnType<typeof parseFault> {
  const line = told.split('\n').find((each) => each.startsWith('fault '));
  return line === undefined ? undefined : parseFault(line.slice('fault '.length));
}

/** The beginning of what is written; the rest is read and dropped, so that no writer waits. */
class Output {
  readonly #chunks: Buffer[] = [];
  #length = 0;

  constructor(streams: readonly Readable[]) {
    for (const stream of streams) {
      stream.on('error', () => {});
      stream.on('data', (chunk: Buffer) => {
        const part = chunk.subarray(0, MAX_OUTPUT_BYTES - this.#length);
        this.#length += part.length;
        if (part.length > 0) this.#chunks.push(part);
      });
    }
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}
