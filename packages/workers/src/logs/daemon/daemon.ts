import { existsSync, type FSWatcher, readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import type { Clock, Timer } from '@roundhouse/core';
import { STREAMS } from '../contract.ts';
import { type Keeping, KEEPING_SUFFIX, keepingDirectory, parseKeeping } from '../keeping.ts';
import { instanceDirectory } from '../layout.ts';
import { Compressor, type CompressorDependencies } from './compressor.ts';
import { StreamKeeper } from './streamKeeper.ts';

/** Files change in groups, when many instances are started: they are looked at together. */
const SETTLE_MS = 5;
/** How often old files are looked for, at least and at most, ms; in between, a tenth of the shortest age. */
const MIN_TIDY_MS = 1_000;
const MAX_TIDY_MS = 600_000;
const TIDY_SHARE = 0.1;
/** When nothing was begun or ended for so long, what that took is given back to the system, ms. */
const QUIET_MS = 5_000;

export interface LogDaemonOptions {
  readonly runDirectory: string;
  readonly logDirectory: string;
}

export interface LogDaemonDependencies extends CompressorDependencies {
  readonly clock: Clock;
  /** Something cannot be read or written; undefined: it can be again. */
  readonly onFault: (what: string, fault: unknown) => void;
  /** The directory that says what is to be kept has been removed: nobody asks for anything any more. */
  readonly onGone: () => void;
  /** Gives back memory that is not used any more; may take some ten milliseconds. */
  readonly giveBack: () => void;
}

interface Kept {
  readonly text: string;
  readonly streams: readonly StreamKeeper[];
  readonly maxAgeMs: number | undefined;
}

/** Keeps the output of all instances, as the files in `run/logd` say from moment to moment. */
export class LogDaemon {
  readonly #options: LogDaemonOptions;
  readonly #deps: LogDaemonDependencies;
  readonly #directory: string;
  readonly #compressor: Compressor;
  readonly #kept = new Map<string, Kept>();
  readonly #changed = new Set<string>();
  #watcher: FSWatcher | undefined;
  #settling: Timer | undefined;
  #tidying: Timer | undefined;
  #quiet: Timer | undefined;

  constructor(options: LogDaemonOptions, deps: LogDaemonDependencies) {
    this.#options = options;
    this.#deps = deps;
    this.#directory = keepingDirectory(options.runDirectory);
    this.#compressor = new Compressor(deps);
  }

  start(): void {
    this.#watcher = watch(this.#directory, (_event, name) => {
      if (name === null) this.#look();
      else this.#changed.add(name);
      this.#settling ??= this.#deps.clock.setTimer(SETTLE_MS, () => this.#settle());
    });
    this.#watcher.on('error', (error) => this.#deps.onFault(this.#directory, error));
    this.#look();
    this.#settle();
  }

  close(): void {
    this.#watcher?.close();
    this.#settling?.cancel();
    this.#tidying?.cancel();
    this.#quiet?.cancel();
    for (const name of this.#kept.keys()) this.#release(name);
  }

  #look(): void {
    try {
      for (const name of readdirSync(this.#directory)) this.#changed.add(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#deps.onFault(this.#directory, error);
    }
  }

  #settle(): void {
    this.#settling = undefined;
    if (!existsSync(this.#directory)) return this.#deps.onGone();
    for (const name of this.#changed) if (name.endsWith(KEEPING_SUFFIX)) this.#load(name);
    this.#changed.clear();
    this.#scheduleTidying();
    this.#quiet?.cancel();
    this.#quiet = this.#deps.clock.setTimer(QUIET_MS, this.#deps.giveBack);
  }

  #load(name: string): void {
    try {
      const text = this.#read(name);
      const before = this.#kept.get(name);
      if (text === undefined || before?.text !== text) {
        const keeping = text === undefined ? undefined : parseKeeping(text);
        this.#release(name);
        if (text !== undefined && keeping !== undefined) this.#keep(name, text, keeping);
      }
      for (const stream of this.#kept.get(name)?.streams ?? []) stream.check();
    } catch (error) {
      this.#deps.onFault(join(this.#directory, name), error);
    }
  }

  #keep(name: string, text: string, keeping: Keeping): void {
    if (keeping.log.mode === 'file') return;
    const directory = instanceDirectory(this.#options.logDirectory, keeping.instance);
    const streams = STREAMS.map(
      (stream) =>
        new StreamKeeper(keeping, directory, stream, {
          clock: this.#deps.clock,
          isWanted: () => this.#read(name) !== undefined,
          compress: (...segments) => this.#compressor.add(...segments),
          onFault: this.#deps.onFault,
        }),
    );
    this.#kept.set(name, { text, streams, maxAgeMs: keeping.log.maxAgeMs });
    for (const stream of streams) stream.tidy();
  }

  #release(name: string): void {
    for (const stream of this.#kept.get(name)?.streams ?? []) stream.close();
    this.#kept.delete(name);
  }

  #read(name: string): string | undefined {
    try {
      return readFileSync(join(this.#directory, name), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Where files have an age; else they are looked at when a segment is done. */
  #scheduleTidying(): void {
    this.#tidying?.cancel();
    this.#tidying = undefined;
    const shortest = Math.min(...[...this.#kept.values()].map(({ maxAgeMs }) => maxAgeMs ?? Infinity));
    if (shortest === Infinity) return;
    const delayMs = Math.min(MAX_TIDY_MS, Math.max(MIN_TIDY_MS, shortest * TIDY_SHARE));
    this.#tidying = this.#deps.clock.setTimer(delayMs, () => {
      for (const { streams } of this.#kept.values()) for (const stream of streams) stream.tidy();
      this.#scheduleTidying();
    });
  }
}
