import { open, rename } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { cliError } from '../../errors.ts';
import type { Io, Output } from '../../io.ts';
import { escapeControls, printable, writeJson } from '../../render.ts';
import { type FilterOptions, filtersOf, withFilters } from './filters.ts';

interface ExportOptions extends ApiOptions, FilterOptions {
  readonly format: 'jsonl' | 'csv';
  readonly output?: string;
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
    .action(async (words: readonly string[], { format, output, ...options }: ExportOptions) => {
      const query = { ...filtersOf(words, options, io), format };
      using client = await connect(options, io);
      const pieces = await client.audit.export(query);
      if (output === undefined) {
        await writeTo(io.stdout, pieces);
        return;
      }
      const bytes = await writeFile(output, pieces);
      if (options.json === true) writeJson(io.stdout, { file: output, bytes });
      else io.stdout.write(`${printable(output)} is written: ${bytes} bytes\n`);
    });
}

/** As fast as it is taken. */
async function writeTo(output: Output, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder();
  for await (const piece of pieces) {
    const text = decoder.decode(piece, { stream: true });
    const hasRoom = output.write(output.isTTY === true ? escapeControls(printableText(text)) : text);
    if (hasRoom === false) await drained(output);
  }
}

/** What the records say must not steer the terminal. */
function printableText(text: string): string {
  return printable(text.replaceAll('\r\n', '\n'), true);
}

function drained(output: Output): Promise<void> {
  return new Promise((resolve) => {
    if (output.once === undefined) resolve();
    else output.once('drain', resolve);
  });
}

/** Gives the number of bytes. Raises ARGUMENT_INVALID. */
async function writeFile(path: string, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  const part = `${path}.part`;
  let bytes = 0;
  await using file = await open(part, 'w', 0o600).catch((cause: NodeJS.ErrnoException) => {
    throw cliError('ARGUMENT_INVALID', {
      details: { argument: part, reason: cause.code ?? 'it cannot be written' },
      cause,
    });
  });
  for await (const piece of pieces) {
    bytes += piece.byteLength;
    await file.appendFile(piece);
  }
  await file.sync();
  await rename(part, path);
  return bytes;
}
