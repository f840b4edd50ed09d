import type { Clock, Scope } from '@roundhouse/core';
import type { LogLine, LogQuery, Logs } from '@roundhouse/workers';

/** Lines of one moment that are told apart: those of a chunk that the daemon has read at once. */
const MAX_AT_ONCE = 10_000;

/**
 * The last lines and all that follow, each of them once. What is written while the last are read is not lost: it is
 * followed from the time of the last line on, and what of that time has been given is left out. Resolves when the last
 * lines have been read; raises what that does.
 */
export async function followTail(
  logs: Logs,
  query: Omit<LogQuery, 'untilMs'>,
  clock: Clock,
  scope: Scope,
): Promise<AsyncIterable<LogLine>> {
  const { limit, ...following } = query;
  // Whoever names a time wants all from there on.
  if (query.sinceMs !== undefined || limit === 0) return logs.follow(following, scope);
  const begunAt = clock.now();
  const tail = await logs.read(query, scope);
  const last = tail.at(-1)?.at;
  if (last === undefined) return logs.follow({ ...following, sinceMs: begunAt }, scope);
  const given = await logs.read({ ...following, sinceMs: last, untilMs: last, limit: MAX_AT_ONCE }, scope);
  const atLast = Map.groupBy(
    given.filter(({ at }) => at === last),
    sourceOf,
  );
  return joined(tail, logs.follow({ ...following, sinceMs: last }, scope), { last, atLast });
}

interface Given {
  readonly last: number;
  readonly atLast: ReadonlyMap<string, readonly LogLine[]>;
}

async function* joined(
  tail: readonly LogLine[],
  following: AsyncIterable<LogLine>,
  { last, atLast }: Given,
): AsyncGenerator<LogLine, void, void> {
  yield* tail;
  const left = new Map([...atLast].map(([source, lines]) => [source, lines.length]));
  for await (const line of following) {
    if (line.at < last) continue;
    const count = line.at === last ? (left.get(sourceOf(line)) ?? 0) : 0;
    if (count > 0) left.set(sourceOf(line), count - 1);
    else yield line;
  }
}

function sourceOf({ instance, stream }: LogLine): string {
  return `${instance.worker}/${instance.number}/${stream}`;
}
