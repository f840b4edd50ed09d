import type { AuditRecordResource } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseCount } from '../../arguments.ts';
import type { Io } from '../../io.ts';
import { writeJson } from '../../render.ts';
import { type FilterOptions, filtersOf, withFilters } from './filters.ts';
import { recordTable } from './records.ts';

interface QueryOptions extends ApiOptions, FilterOptions {
  readonly limit: number;
  readonly oldest?: boolean;
}

const DEFAULT_LIMIT = 50;
/** Records that the server gives at a time. */
const MAX_PAGE = 1_000;

export function queryCommand(io: Io): Command {
  const command = new Command('query')
    .description('find records, newest first')
    .option('--limit <n>', 'at most so many', parseCount, DEFAULT_LIMIT)
    .option('--oldest', 'oldest first');
  return withApiOptions(withFilters(command)).action(
    async (words: readonly string[], { limit, oldest, ...options }: QueryOptions) => {
      const query = { ...filtersOf(words, options, io), ...(oldest === true ? { order: 'oldest' as const } : {}) };
      using client = await connect(options, io);
      const items: AuditRecordResource[] = [];
      let cursor: string | null | undefined;
      let behind = 0;
      while (items.length < limit && cursor !== null) {
        const page = await client.audit.query({
          ...query,
          limit: Math.min(MAX_PAGE, limit - items.length),
          ...(cursor === undefined ? {} : { cursor }),
        });
        items.push(...page.items);
        cursor = page.next_cursor;
        behind = page.behind;
      }
      if (options.json === true) writeJson(io.stdout, { items, next_cursor: cursor ?? null, behind });
      else if (items.length === 0) io.stdout.write('There is no such record.\n');
      else io.stdout.write(recordTable(items));
      if (behind > 0) io.stderr.write(`${behind} records are not in the index yet, and were not looked at.\n`);
      else if (typeof cursor === 'string' && options.json !== true) {
        io.stderr.write('There are more: --limit shows them, "roundhouse audit export" takes them all.\n');
      }
    },
  );
}
