import type { Scope, Unsubscribe } from '@roundhouse/core';
import type { InstanceId } from '../instance/id.ts';
import type { LogLine, Stream } from './contract.ts';
import type { DirectoryWatches } from './directoryWatches.ts';
import type { StreamFollower } from './streamFollower.ts';
import type { TimedLine } from './tail.ts';

/** Of all streams together, between two deliveries. */
const BATCH_BYTES = 4_194_304;
const MIN_STREAM_BYTES = 65_536;
/** A stream that is written to all the time is looked at that often. */
const LOOK_INTERVAL_MS = 20;

/** One of the streams that are followed. */
export interface Followed {
  readonly instance: InstanceId;
  readonly stream: Stream;
  readonly directory: string;
  readonly follower: StreamFollower;
}

/**
 * Lines of all of them as they come; within one look ordered by time. Reads no faster than lines are taken. Ends with the
 * scope, and closes the followers.
 */
export async function* followAll(
  followed: readonly Followed[],
  accepts: (line: TimedLine) => boolean,
  watches: DirectoryWatches,
  scope: Scope,
): AsyncGenerator<LogLine> {
  const maxBytes = Math.max(MIN_STREAM_BYTES, BATCH_BYTES / Math.max(1, followed.length));
  const changes = new Changes(followed, watches, scope);
  try {
    while (!scope.signal.aborted) {
      const batch: { readonly key: number; readonly line: LogLine }[] = [];
      for (const each of changes.take()) {
        const { lines, isAtEnd } = await each.follower.next(maxBytes, scope);
        if (!isAtEnd) changes.add(each);
        // A clock that was set back does not change the order of a stream.
        let latest = -Infinity;
        for (const line of lines) {
          latest = Math.max(latest, line.at);
          if (accepts(line)) batch.push({ key: latest, line: lineOf(each, line) });
        }
      }
      for (const { line } of batch.toSorted((a, b) => a.key - b.key)) yield line;
      if (changes.isEmpty) await changes.next();
    }
  } catch (error) {
    if (!scope.signal.aborted) throw error;
  } finally {
    changes.close();
    for (const { follower } of followed) follower[Symbol.dispose]();
  }
}

function lineOf({ instance, stream }: Followed, { at, bytes, isCut }: TimedLine): LogLine {
  return { instance, stream, at, bytes, isCut };
}

/** Which streams have been written to. */
class Changes {
  readonly #scope: Scope;
  readonly #changed: Set<Followed>;
  readonly #unsubscribes: readonly Unsubscribe[];
  #wake: (() => void) | undefined;
  #wokenAt = -Infinity;

  constructor(followed: readonly Followed[], watches: DirectoryWatches, scope: Scope) {
    this.#scope = scope;
    this.#changed = new Set(followed);
    const byDirectory = Map.groupBy(followed, ({ directory }) => directory);
    this.#unsubscribes = [...byDirectory].map(([directory, streams]) =>
      watches.on(directory, (name) => {
        for (const each of streams) if (name?.startsWith(each.stream) ?? true) this.#changed.add(each);
        if (!this.isEmpty) this.#wake?.();
      }),
    );
  }

  get isEmpty(): boolean {
    return this.#changed.size === 0;
  }

  add(followed: Followed): void {
    this.#changed.add(followed);
  }

  take(): readonly Followed[] {
    const taken = [...this.#changed];
    this.#changed.clear();
    return taken;
  }

  /** Resolves when something has been written, and not too soon after the last time. */
  async next(): Promise<void> {
    const { clock } = this.#scope;
    const tooSoonMs = this.#wokenAt + LOOK_INTERVAL_MS - clock.monotonic();
    if (tooSoonMs > 0) await this.#scope.sleep(tooSoonMs);
    if (this.isEmpty) await this.#scope.race(new Promise<void>((resolve) => (this.#wake = resolve)));
    this.#wake = undefined;
    this.#wokenAt = clock.monotonic();
  }

  close(): void {
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
  }
}
