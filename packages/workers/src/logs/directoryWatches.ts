import { type FSWatcher, mkdirSync, watch } from 'node:fs';
import type { Unsubscribe } from '@roundhouse/core';

/** `name`: the file that has changed; undefined when any may have. */
type Listener = (name: string | undefined) => void;

interface Watched {
  readonly watcher: FSWatcher;
  readonly listeners: Set<Listener>;
}

/** One watch a directory, however many listen. */
export class DirectoryWatches {
  readonly #watched = new Map<string, Watched>();

  /** Makes the directory when it is not there. */
  on(directory: string, listener: Listener): Unsubscribe {
    const watched = this.#watched.get(directory) ?? this.#begin(directory);
    const entry: Listener = (name) => listener(name);
    watched.listeners.add(entry);
    return () => {
      watched.listeners.delete(entry);
      if (watched.listeners.size > 0 || this.#watched.get(directory) !== watched) return;
      this.#watched.delete(directory);
      watched.watcher.close();
    };
  }

  #begin(directory: string): Watched {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const listeners = new Set<Listener>();
    const watcher = watch(directory, { persistent: false }, (_event, name) => {
      for (const listener of listeners) listener(name ?? undefined);
    });
    const watched = { watcher, listeners };
    // The directory has gone: who listens looks, and the next to listen makes it again.
    watcher.on('error', () => {
      if (this.#watched.get(directory) === watched) this.#watched.delete(directory);
      for (const listener of listeners) listener(undefined);
    });
    this.#watched.set(directory, watched);
    return watched;
  }
}
