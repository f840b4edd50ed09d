import { spawn } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock, Logger, Scope, Timer, Unsubscribe } from '@roundhouse/core';
import { replaceFile } from '../replaceFile.ts';
import { FifoReader, type FifoMaker, hasReader } from './fifo.ts';
import { quote } from './script.ts';

const SPAWNER = scriptPath('spawner.sh');
const SHIM = scriptPath('shim.sh');
/** The tools that shims and launches call, where most have them first; a program has a PATH of its own. */
const PATH = '/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin:/usr/local/sbin';
/** A spawner or log daemon that keeps dying is started again no faster than so. */
const DELAYS_MS = [0, 100, 500, 2_000, 5_000];
const STEADY_MS = 10_000;

export interface SpawnerOptions {
  /** The run directory. */
  readonly directory: string;
  readonly logDaemon: readonly string[] | undefined;
}

export interface SpawnerDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly fifos: FifoMaker;
}

/** The process that forks shims and keeps the log daemon. It outlives this one, and another takes its place when it dies. */
export class Spawner {
  readonly #root: string;
  readonly #options: SpawnerOptions;
  readonly #deps: SpawnerDependencies;
  readonly #spawnerPace: Pace;
  readonly #logPace: Pace;
  /** Open for reading too, so that writing to it never fails; its spawner sees the end when this process has gone. */
  #control: number | undefined;
  #life: FifoReader | undefined;
  #logLife: FifoReader | undefined;
  #isOpen = false;
  #onEnd: (() => void) | undefined;
  readonly #onRestart = new Set<() => void>();

  constructor(options: SpawnerOptions, deps: SpawnerDependencies) {
    this.#options = options;
    this.#deps = deps;
    this.#root = join(options.directory, 'spawner');
    this.#spawnerPace = new Pace(deps.clock);
    this.#logPace = new Pace(deps.clock);
  }

  /** Finds the spawner of an earlier supervisor, or starts one. */
  async open(scope: Scope): Promise<void> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
    this.#isOpen = true;
    const { logDaemon } = this.#options;
    const log = join(this.#root, 'log');
    if (logDaemon !== undefined) await replaceFile(`${log}.sh`, `exec ${logDaemon.map(quote).join(' ')}\n`);
    const missing = logDaemon === undefined || (await readdir(this.#root)).includes('log') ? [] : [log];
    const numbers = await this.#numbers();
    const living = numbers.find((number) => hasReader(this.#file(number, 'control')));
    if (living === undefined) await scope.race(this.#start(missing));
    else {
      await this.#deps.fifos.make(missing);
      this.#attach(living);
    }
    for (const number of numbers)
      if (number !== living) await rm(join(this.#root, String(number)), { recursive: true });
    if (logDaemon !== undefined) this.#keepLogDaemon();
  }

  /** A command that is lost with its spawner is the caller's to send again. */
  send(command: string): void {
    if (this.#control === undefined) return;
    try {
      writeSync(this.#control, `${command}\n`);
    } catch (error) {
      // Full: the spawner is stopped or overloaded.
      this.#deps.log.warn('the spawner takes no command', { error });
    }
  }

  /** Calls back when another spawner has taken the place of one that has lost its commands. */
  onRestart(listener: () => void): Unsubscribe {
    this.#onRestart.add(listener);
    return () => this.#onRestart.delete(listener);
  }

  /** Ends spawner and log daemon. */
  async end(scope: Scope): Promise<void> {
    if (!this.#isOpen) return;
    const ended = new Promise<void>((resolve) => (this.#onEnd = resolve));
    this.#isOpen = false;
    if (this.#life === undefined) return;
    this.send('end');
    await scope.race(ended);
  }

  close(): void {
    this.#isOpen = false;
    this.#spawnerPace.cancel();
    this.#logPace.cancel();
    this.#logLife?.close();
    this.#logLife = undefined;
    this.#detach();
  }

  /** Latest first. */
  async #numbers(): Promise<readonly number[]> {
    const names = await readdir(this.#root);
    return names
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .toSorted((one, other) => other - one);
  }

  #file(number: number, name: 'control' | 'life'): string {
    return join(this.#root, String(number), name);
  }

  /** `others`: FIFOs that are made by the same process. */
  async #start(others: readonly string[] = []): Promise<void> {
    const number = ((await this.#numbers())[0] ?? 0) + 1;
    await mkdir(join(this.#root, String(number)), { mode: 0o700 });
    await this.#deps.fifos.make([...others, this.#file(number, 'control'), this.#file(number, 'life')]);
    if (!this.#isOpen) return;
    const started = new Promise<void>((resolve, reject) => {
      this.#attach(number, resolve);
      // It is open to write here, so that to open it does not wait.
      const commands = openSync(this.#file(number, 'control'), constants.O_RDONLY);
      const child = spawn('/bin/sh', [SPAWNER, this.#options.directory, String(number), SHIM], {
        detached: true,
        stdio: [commands, 'ignore', 'ignore'],
        cwd: '/',
        env: { PATH },
      });
      closeSync(commands);
      child.on('error', reject);
      child.on('exit', (code) => reject(new Error(`the spawner has ended with ${code}`)));
      child.unref();
    });
    await started.catch((error: unknown) => {
      this.#detach();
      throw error;
    });
  }

  #attach(number: number, onReady?: () => void): void {
    this.#life = new FifoReader(
      this.#file(number, 'life'),
      () => onReady?.(),
      () => this.#lost(),
    );
    this.#control = openSync(this.#file(number, 'control'), constants.O_RDWR | constants.O_NONBLOCK);
  }

  #detach(): void {
    this.#life?.close();
    this.#life = undefined;
    if (this.#control !== undefined) closeSync(this.#control);
    this.#control = undefined;
  }

  #lost(): void {
    this.#detach();
    this.#onEnd?.();
    if (!this.#isOpen) return;
    this.#deps.log.warn('the spawner has ended and is started again');
    this.#spawnerPace.next(() => {
      this.#start().then(
        () => {
          // The command that starts it may have been lost with the spawner.
          this.#logLife?.close();
          this.#logLife = undefined;
          this.#keepLogDaemon();
          for (const listener of this.#onRestart) listener();
        },
        (error: unknown) => {
          this.#deps.log.error('the spawner cannot be started', { error });
          this.#lost();
        },
      );
    });
  }

  /** The keeper of the daemon and the daemon hold one FIFO: its end says that both are gone. */
  #keepLogDaemon(): void {
    if (!this.#isOpen || this.#options.logDaemon === undefined || this.#logLife !== undefined) return;
    const path = join(this.#root, 'log');
    const isKept = hasReader(path);
    this.#logLife = new FifoReader(
      path,
      () => {},
      () => {
        this.#logLife = undefined;
        if (this.#isOpen) this.#logPace.next(() => this.#keepLogDaemon());
      },
    );
    if (!isKept) this.send('log');
  }
}

/** Puts off what has just been done, the longer the more often. */
class Pace {
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #at = -Infinity;
  #times = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  next(act: () => void): void {
    const now = this.#clock.monotonic();
    this.#times = now - this.#at > STEADY_MS ? 0 : Math.min(this.#times + 1, DELAYS_MS.length - 1);
    const delayMs = DELAYS_MS[this.#times] ?? 0;
    this.#at = now + delayMs;
    this.cancel();
    this.#timer = this.#clock.setTimer(delayMs, act);
  }

  cancel(): void {
    this.#timer?.cancel();
  }
}

function scriptPath(name: string): string {
  return fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url));
}
