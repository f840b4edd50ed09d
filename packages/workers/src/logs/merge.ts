import type { LogLine } from './contract.ts';

/**
 * The last `limit` lines of several rows that each give theirs from the last to the first; oldest first, and no more
 * than `maxBytes` of them.
 */
export async function latest(
  rows: readonly AsyncGenerator<LogLine>[],
  limit: number,
  maxBytes: number,
): Promise<readonly LogLine[]> {
  const heads = await Promise.all(rows.map(async (row) => ({ row, head: await row.next() })));
  const lines: LogLine[] = [];
  let bytes = 0;
  try {
    while (lines.length < limit) {
      let best: ((typeof heads)[number] & { readonly head: IteratorYieldResult<LogLine> }) | undefined;
      for (const each of heads)
        if (isThere(each) && (best === undefined || each.head.value.at > best.head.value.at)) best = each;
      if (best === undefined) break;
      const line = best.head.value;
      bytes += line.bytes.byteLength;
      if (bytes > maxBytes && lines.length > 0) break;
      lines.push(line);
      (best as (typeof heads)[number]).head = await best.row.next();
    }
  } finally {
    await Promise.all(rows.map((row) => row.return(undefined)));
  }
  return lines.reverse();
}

function isThere<T extends { head: IteratorResult<LogLine> }>(
  each: T,
): each is T & { readonly head: IteratorYieldResult<LogLine> } {
  return each.head.done !== true;
}
