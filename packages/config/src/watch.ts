import { createHash } from 'node:crypto';
import { watch as watchDirectory } from 'node:fs';
import { dirname, join, parse, resolve as resolvePath, sep } from 'node:path';
import { reportUncaught, type Scope, type Timer } from '@roundhouse/core';
import type { Files } from './files.ts';

/** Tells that something in a directory may have changed. */
export interface DirectoryWatcher {
  /** Returns a function that ends it. Raises an error of the system when the directory cannot be watched. */
  watch(directory: string, onChange: () => void): () => void;
}

export const systemWatcher: DirectoryWatcher = {
  watch(directory, onChange) {
    const watcher = watchDirectory(directory, { persistent: false }, onChange);
    // The directory may be gone: that is a change too.
    watcher.on('error', onChange);
    return () => watcher.close();
  },
};

export interface WatchOptions {
  readonly files: Files;
  readonly watcher: DirectoryWatcher;
  /** Called once for each change that has settled, with the paths whose content is another. */
  readonly onChange: (paths: readonly string[]) => void;
  /** Quiet time that makes a change settled, ms. Default 200. */
  readonly debounceMs?: number;
  /** How long a file may be gone before that counts, ms. Default 2,000. */
  readonly graceMs?: number;
  /** Bytes of one file that are looked at. Default 1 MiB. */
  readonly maxFileBytes?: number;
}

/** Links of one path that are followed, as Linux does it. */
const MAX_LINKS = 40;

/** A change that never becomes quiet counts after so many debounce times. */
const MAX_POSTPONED = 10;

/**
 * Watches files, and directories for their `*.yaml` and `*.yml` files, until the scope ends. It is directories that
 * are watched, and those of every symbolic link on the way: a rename over the file, a swap of links (as Kubernetes
 * does for ConfigMaps) and a file that is gone for a moment are all seen as what they are. Only content counts.
 * Resolves when the state of now is known, from which changes are told.
 */
export async function watchFiles(paths: readonly string[], options: WatchOptions, scope: Scope): Promise<void> {
  const watch = new Watch(
    paths.map((path) => resolvePath(path)),
    options,
    scope,
  );
  scope.onEnd(() => watch.close());
  await watch.start();
}

class Watch {
  readonly #paths: readonly string[];
  readonly #options: WatchOptions;
  readonly #scope: Scope;
  readonly #debounceMs: number;
  #watches: readonly (() => void)[] = [];
  #known = new Map<string, string | undefined>();
  /** Since when (monotonic ms) something that was there is gone. */
  #missingSince: number | undefined;
  #firstEventAt: number | undefined;
  #timer: Timer | undefined;
  #isLooking = false;
  #isDirty = false;
  #isClosed = false;

  constructor(paths: readonly string[], options: WatchOptions, scope: Scope) {
    this.#paths = paths;
    this.#options = options;
    this.#scope = scope;
    this.#debounceMs = options.debounceMs ?? 200;
  }

  async start(): Promise<void> {
    this.#isLooking = true;
    // Watched first, read then: what changes between is seen.
    await this.#watchDirectories();
    this.#known = await this.#contents();
    this.#isLooking = false;
    this.#scope.throwIfEnded();
    if (this.#isDirty) this.#postpone();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const end of this.#watches) end();
    this.#watches = [];
  }

  #onEvent(): void {
    if (this.#isClosed) return;
    this.#isDirty = true;
    if (!this.#isLooking) this.#postpone();
  }

  #postpone(delayMs = this.#debounceMs): void {
    const now = this.#scope.clock.monotonic();
    this.#firstEventAt ??= now;
    const latest = this.#firstEventAt + this.#debounceMs * MAX_POSTPONED;
    this.#timer?.cancel();
    const wait = delayMs === this.#debounceMs ? Math.max(0, Math.min(delayMs, latest - now)) : delayMs;
    this.#timer = this.#scope.clock.setTimer(wait, () => {
      this.#look().catch(reportUncaught);
    });
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    this.#isDirty = false;
    this.#firstEventAt = undefined;
    try {
      await this.#watchDirectories();
      const contents = await this.#contents();
      if (!this.#isClosed) this.#compare(contents);
    } finally {
      this.#isLooking = false;
    }
    if (this.#isDirty && !this.#isClosed) this.#postpone();
  }

  #compare(contents: Map<string, string | undefined>): void {
    const graceMs = this.#options.graceMs ?? 2_000;
    const now = this.#scope.clock.monotonic();
    const isMissing = [...this.#known].some(([path, hash]) => hash !== undefined && contents.get(path) === undefined);
    if (isMissing) {
      this.#missingSince ??= now;
      const left = this.#missingSince + graceMs - now;
      if (left > 0) {
        this.#postpone(left);
        return;
      }
    }
    this.#missingSince = undefined;
    const all = new Set([...this.#known.keys(), ...contents.keys()]);
    const changed = [...all].filter((path) => this.#known.get(path) !== contents.get(path)).toSorted();
    this.#known = contents;
    if (changed.length === 0) return;
    try {
      this.#options.onChange(changed);
    } catch (error) {
      reportUncaught(error);
    }
  }

  /** Hash of each file by path; undefined for what is not there. */
  async #contents(): Promise<Map<string, string | undefined>> {
    const contents = new Map<string, string | undefined>();
    for (const path of this.#paths) {
      const names = await this.#options.files.list(path).catch(() => undefined);
      const files = names?.filter((name) => /^[^.].*\.ya?ml$/.test(name)).map((name) => join(path, name)) ?? [path];
      for (const file of files.toSorted()) contents.set(file, await this.#hash(file));
    }
    return contents;
  }

  async #hash(file: string): Promise<string | undefined> {
    try {
      const bytes = await this.#options.files.read(file, this.#options.maxFileBytes ?? 1_048_576);
      return createHash('sha256').update(bytes).digest('base64');
    } catch {
      return undefined;
    }
  }

  async #watchDirectories(): Promise<void> {
    const wanted = new Set<string>();
    for (const path of this.#paths) await this.#collect(path, wanted);
    if (this.#isClosed) return;
    // Each time anew: under the same name another directory may stand now. The old ones end last, so nothing is missed.
    const former = this.#watches;
    this.#watches = [...wanted].map((directory) => this.#watchNearest(directory));
    for (const end of former) end();
  }

  /** A directory that is not there yet is waited for in the nearest one above it. */
  #watchNearest(directory: string): () => void {
    for (let at = directory; ; at = dirname(at)) {
      try {
        return this.#options.watcher.watch(at, () => this.#onEvent());
      } catch {
        if (at === dirname(at)) return () => {};
      }
    }
  }

  /** The directories in which a change may give `path` another content: its own, and those of the links on the way. */
  async #collect(path: string, directories: Set<string>): Promise<void> {
    let rest = path.split(sep).filter((part) => part !== '');
    let at = parse(path).root;
    let links = 0;
    for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
      const next = join(at, part);
      const target = await this.#options.files.link(next).catch(() => undefined);
      if (target === undefined || ++links > MAX_LINKS) {
        at = next;
        continue;
      }
      directories.add(at);
      const led = resolvePath(at, target);
      at = parse(led).root;
      rest = [...led.split(sep).filter((each) => each !== ''), ...rest];
    }
    directories.add(dirname(at));
    const isDirectory = await this.#options.files.list(at).then(
      () => true,
      () => false,
    );
    if (isDirectory) directories.add(at);
  }
}
