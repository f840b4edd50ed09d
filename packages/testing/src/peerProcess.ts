import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createScope, isRoundhouseError } from '@roundhouse/core';
import { testingError } from './errors.ts';

/** How a peer ended: exactly one of the two is not null. */
export interface PeerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface PeerOptions {
  readonly cwd?: string;
}

/** Characters of the last output that are kept for an error message. */
const KEPT_OUTPUT = 4096;

/** Peers that run; a test process that ends early takes them with it. */
const running = new Set<PeerProcess>();
let endsWithProcess = false;

/** Whether a program of this name is on the PATH. */
export function isInstalled(command: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Starts a foreign program; rejects with PEER_FAILED when it cannot be started. */
export async function startPeer(
  command: string,
  args: readonly string[],
  options: PeerOptions = {},
): Promise<PeerProcess> {
  const child = spawn(command, args, { stdio: 'pipe', ...options });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(testingError('PEER_FAILED', { details: { peer: command, reason: cause.message }, cause })),
    );
  });
  return new PeerProcess(command, child);
}

/** A running foreign program. Whoever started it closes it; it never outlives this process. */
export class PeerProcess implements AsyncDisposable {
  readonly command: string;
  /** Settles when the program has ended and been reaped; never rejects. */
  readonly exited: Promise<PeerExit>;
  readonly #child: ChildProcessWithoutNullStreams;
  #exit: PeerExit | undefined;
  #output = '';

  constructor(command: string, child: ChildProcessWithoutNullStreams) {
    this.command = command;
    this.#child = child;
    running.add(this);
    if (!endsWithProcess) {
      endsWithProcess = true;
      process.once('exit', () => {
        for (const peer of running) peer.kill();
      });
    }
    child.on('error', () => {});
    // A peer that ends while it is written to is told by `exited`.
    child.stdin.on('error', () => {});
    child.stderr.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    child.stdout.setEncoding('utf8').on('data', (text: string) => this.#keep(text));
    this.exited = new Promise((resolve) => {
      // `close` comes after the last output, `exit` may come before it.
      child.once('close', (code, signal) => {
        running.delete(this);
        this.#exit = { code, signal };
        resolve(this.#exit);
      });
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Undefined while it runs. */
  get exit(): PeerExit | undefined {
    return this.#exit;
  }

  /** The last of what it printed. */
  get output(): string {
    return this.#output;
  }

  write(text: string): void {
    this.#child.stdin.write(text);
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  /** Calls back with each piece of standard output from now on. */
  onOutput(callback: (text: string) => void): void {
    this.#child.stdout.on('data', callback);
  }

  /** The error that tells how it ended. */
  failure(reason: string): Error {
    const ended = this.#exit === undefined ? '' : ` (${this.#exit.signal ?? `exit code ${this.#exit.code}`})`;
    const output = this.#output === '' ? '' : `: ${this.#output.trim()}`;
    return testingError('PEER_FAILED', { details: { peer: this.command, reason: `${reason}${ended}${output}` } });
  }

  /** Ends it at once, as a power cut would. Idempotent. */
  kill(): void {
    if (this.#exit === undefined) this.#child.kill('SIGKILL');
  }

  /** Ends it within `graceMs` in its own way (SIGTERM), else by force; resolves when it is reaped. Idempotent. */
  async close(graceMs = 2_000): Promise<void> {
    if (this.#exit === undefined) this.#child.kill('SIGTERM');
    await this.exitWithin(graceMs);
  }

  /** Waits for an end that was asked for, and kills it after `graceMs`. */
  async exitWithin(graceMs: number): Promise<void> {
    using scope = createScope({ timeoutMs: graceMs });
    try {
      await scope.race(this.exited);
    } catch (error) {
      if (!isRoundhouseError(error)) throw error;
      this.kill();
      await this.exited;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #keep(text: string): void {
    this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
  }
}
