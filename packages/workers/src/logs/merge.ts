import type { LogLine } from './contract.ts';

interface Row {
  readonly lines: AsyncGenerator<LogLine>;
  next: LogLine | undefined;
}

/**
 * The last `limit` lines of several rows that each give theirs from the last to the first; oldest first, and no more
 * than `maxBytes` of them. Closes the rows.
 */
export async function latest(
  rows: readonly AsyncGenerator<LogLine>[],
  limit: number,
  maxBytes: number,
): Promise<readonly LogLine[]> {
  const taken: LogLine[] = [];
  let bytes = 0;
  try {
    const open: Row[] = [];
    // One after the other: a thousand at a time would each hold what they read.
    for (const lines of rows) open.push({ lines, next: await nextOf(lines) });
    while (taken.length < limit) {
      let best: Row | undefined;
      for (const row of open) {
        if (row.next !== undefined && (best?.next === undefined || row.next.at > best.next.at)) best = row;
      }
      if (best?.next === undefined) break;
      bytes += best.next.bytes.byteLength;
      if (bytes > maxBytes && taken.length > 0) break;
      taken.push(best.next);
      best.next = await nextOf(best.lines);
    }
  } finally {
    await Promise.all(rows.map((row) => row.return(undefined)));
  }
  return taken.reverse();
}

async function nextOf(lines: AsyncGenerator<LogLine>): Promise<LogLine | undefined> {
  const { value, done } = await lines.next();
  return done === true ? undefined : value;
}
