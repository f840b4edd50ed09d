import { Command, Option } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { type PiecesOptions, putPieces } from '../../pieces.ts';
import { type FilterOptions, filtersOf, withFilters } from './filters.ts';

interface ExportOptions extends ApiOptions, FilterOptions, PiecesOptions {
  readonly format: 'jsonl' | 'csv';
}

export function exportCommand(io: Io): Command {
  const command = new Command('export')
    .description('write all records that are asked for, oldest first')
    .addOption(
      new Option('--format <format>', 'jsonl is each record as it is kept; csv is for spreadsheets')
        .choices(['jsonl', 'csv'])
        .default('jsonl'),
    )
    .option('-o, --output <file>', 'file to write, for its owner alone (default: standard output)');
  return withApiOptions(withFilters(command))
    .addHelpText('after', '\nWith -o a file that is there is whole: one that was cut off is left as FILE.part.\n')
    .action(async (words: readonly string[], { format, ...options }: ExportOptions) => {
      const query = { ...filtersOf(words, options, io), format };
      using client = await connect(options, io);
      await putPieces(await client.audit.export(query), options, io);
    });
}
