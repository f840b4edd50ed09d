import type { AuditRecordResource } from '@roundhouse/api';
import { createScope, isRoundhouseError, type Scope, systemClock } from '@roundhouse/core';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseCount } from '../../arguments.ts';
import { cliError } from '../../errors.ts';
import { EXIT, exitCodeOf } from '../../exit.ts';
import { stopSignal } from '../../foreground.ts';
import type { Io } from '../../io.ts';
import { writeJsonLine } from '../../render.ts';
import { type FilterOptions, filtersOf, withFilters } from './filters.ts';
import { recordLine } from './records.ts';

interface TailOptions extends ApiOptions, FilterOptions {
  readonly follow?: boolean;
  readonly lines: number;
}

const DEFAULT_LINES = 20;
const MAX_LINES = 1_000;
/** Between two attempts to connect again, ms. */
const RETRY_MS = 500;

export function tailCommand(io: Io): Command {
  const command = new Command('tail')
    .description('show the last records, oldest first, and with -f those that come')
    .option('-f, --follow', 'go on with what happens, until Ctrl-C')
    .option('-n, --lines <n>', `so many, up to ${MAX_LINES}`, parseCount, DEFAULT_LINES);
  return withApiOptions(withFilters(command))
    .addHelpText('after', '\n--json writes a record a line. A lost connection is made again, and no record missed.\n')
    .action(async (words: readonly string[], options: TailOptions) => {
      const { follow, lines, until } = options;
      if (lines > MAX_LINES) throw invalid('--lines', `up to ${MAX_LINES} are shown; "audit export" gives all`);
      if (follow === true && until !== undefined) throw invalid('--until', 'it does not go with --follow');
      const filters = filtersOf(words, options, io);
      const print = (record: AuditRecordResource): void => {
        if (options.json === true) writeJsonLine(io.stdout, record);
        else io.stdout.write(recordLine(record));
      };
      let after = -1;
      {
        using client = await connect(options, io);
        // What the journal has now: what comes behind it is followed, though none of the last may be of the filters.
        const { journal } = await client.audit.status();
        const { items } = lines === 0 ? { items: [] } : await client.audit.query({ ...filters, limit: lines });
        for (const record of items.toReversed()) print(record);
        after = Math.max(journal.next_seq - 1, items[0]?.seq ?? -1);
      }
      if (follow !== true) return;
      using scope = createScope({ clock: io.clock ?? systemClock });
      const stop = stopSignal(io);
      const end = (): void => scope.end();
      stop.addEventListener('abort', end, { once: true });
      if (stop.aborted) end();
      for await (const record of followed(filters, after, options, scope, io)) print(record);
    });
}

/** Records behind `after`, until the scope ends. A server that does not answer is asked again. */
async function* followed(
  filters: ReturnType<typeof filtersOf>,
  first: number,
  options: ApiOptions,
  scope: Scope,
  io: Io,
): AsyncGenerator<AuditRecordResource> {
  let after = first;
  let isLost = false;
  while (!scope.signal.aborted) {
    try {
      using client = await connect(options, io);
      for await (const record of client.audit.follow({ ...filters, after }, scope.signal)) {
        isLost = false;
        after = record.seq;
        yield record;
      }
      // A server that stops ends its streams.
    } catch (error) {
      if (scope.signal.aborted) return;
      if (!mayPass(error)) throw error;
    }
    if (scope.signal.aborted) return;
    // Once a loss, however many attempts it takes.
    if (!isLost) io.stderr.write('roundhouse: the connection is lost; trying again\n');
    isLost = true;
    await scope.sleep(RETRY_MS).catch(() => {});
  }
}

/** Whether the next attempt may go well: a server that is started again may have another token. */
function mayPass(error: unknown): boolean {
  const code = exitCodeOf(error);
  return isRoundhouseError(error) && (code === EXIT.Unreachable || code === EXIT.Unauthenticated);
}

function invalid(argument: string, reason: string): Error {
  return cliError('ARGUMENT_INVALID', { details: { argument, reason } });
}
