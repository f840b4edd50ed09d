import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope } from '@roundhouse/core';
import type { InstanceId } from '../instance/id.ts';
import type { LogSpec } from '../spec/spec.ts';
import { logDaemonCommand } from './command.ts';
import type { Logs } from './contract.ts';
import { instanceDirectory } from './layout.ts';
import { createLogs } from './logs.ts';

const DEADLINE_MS = 30_000;

export const LOG_SPEC: LogSpec = {
  mode: 'daemon',
  maxBytes: 10_485_760,
  maxFiles: 1_000,
  maxAgeMs: undefined,
  isCompressed: false,
  rateLimit: undefined,
  forward: undefined,
};

/** A run directory, a log directory and real log daemons; `[Symbol.dispose]` ends and removes all of it. */
export class Installation implements Disposable {
  readonly home = mkdtempSync(join(tmpdir(), 'roundhouse-logs-'));
  readonly runDirectory = join(this.home, 'run');
  readonly logDirectory: string;
  readonly logs: Logs;
  readonly #daemons: ChildProcess[] = [];
  /** Descriptors of FIFOs. */
  readonly #held: number[] = [];
  #told = '';

  constructor(logDirectory?: string) {
    this.logDirectory = logDirectory ?? join(this.home, 'logs');
    mkdirSync(this.runDirectory, { recursive: true });
    this.logs = createLogs({ runDirectory: this.runDirectory, directory: this.logDirectory });
  }

  /** Starts a log daemon; resolves when it holds the directory. */
  async start(): Promise<ChildProcess> {
    const daemon = this.spawn();
    await until(() => readIfThere(join(this.runDirectory, 'logd/pid')).startsWith(`${daemon.pid} `));
    return daemon;
  }

  spawn(): ChildProcess {
    const [program, ...rest] = logDaemonCommand(this.runDirectory, this.logDirectory);
    const daemon = spawn(program, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
    daemon.stderr?.on('data', (text: Buffer) => (this.#told += text.toString()));
    this.#daemons.push(daemon);
    return daemon;
  }

  /** What daemons have said on stderr. */
  get told(): string {
    return this.#told;
  }

  /** Makes the FIFOs of an instance and holds them open, as its shim does. */
  makeFifos(instance: InstanceId): { readonly out: string; readonly err: string } {
    const directory = join(this.runDirectory, 'workers', instance.worker, String(instance.number));
    mkdirSync(directory, { recursive: true });
    const fifos = { out: join(directory, 'out'), err: join(directory, 'err') };
    spawnSync('mkfifo', [fifos.out, fifos.err]);
    this.#held.push(openSync(fifos.out, 'r+'), openSync(fifos.err, 'r+'));
    return fifos;
  }

  /** Runs a shell script whose stdout is the FIFO; resolves with its exit code. */
  write(fifo: string, script: string): Promise<number | null> {
    const shell = spawn('/bin/sh', ['-c', `exec 1>'${fifo}'; ${script}`], { stdio: ['ignore', 'ignore', 'inherit'] });
    return exitOf(shell);
  }

  directoryOf(instance: InstanceId): string {
    return instanceDirectory(this.logDirectory, instance);
  }

  [Symbol.dispose](): void {
    for (const daemon of this.#daemons) daemon.kill('SIGKILL');
    for (const file of this.#held) closeSync(file);
    rmSync(this.home, { recursive: true, force: true });
  }
}

export function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

/** Resolves when it holds; fails after half a minute. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  using scope = createScope({ timeoutMs: DEADLINE_MS, what: 'What a test waits for' });
  while (!(await holds())) {
    scope.throwIfEnded();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
