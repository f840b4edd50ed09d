import type { ListSessionsQuery } from '@roundhouse/api';

interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

/** All items of a list, page after page. */
export async function allPages<T>(pageOf: (query: ListSessionsQuery) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await pageOf(typeof cursor === 'string' ? { cursor } : {});
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return items;
}
