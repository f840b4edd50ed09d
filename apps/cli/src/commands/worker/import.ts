import { basename } from 'node:path';
import type { WorkerInput } from '@roundhouse/api';
import { isRoundhouseError, RoundhouseError } from '@roundhouse/core';
import { Argument, Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { cliError } from '../../errors.ts';
import { readText } from '../../input.ts';
import type { Io } from '../../io.ts';
import { printable, writeJson } from '../../render.ts';
import type { Wanted } from '../../resource/manifest.ts';
import type { ImportedFile } from '../../worker/importYaml.ts';

const FORMATS = ['pm2', 'supervisord', 'procfile', 'systemd'] as const;
type Format = (typeof FORMATS)[number];

interface ImportOptions extends ApiOptions {
  readonly apply?: boolean;
}

interface SourceFile {
  readonly name: string;
  readonly text: string;
}

export function importCommand(io: Io): Command {
  const command = new Command('import')
    .summary('take over what another supervisor runs')
    .description('write what another supervisor runs as workers, in YAML for the configuration file')
    .addArgument(new Argument('<format>', 'what the files are of').choices(FORMATS))
    .argument('<file...>', 'its files, like ecosystem.json or web.service; - reads standard input')
    .option('--apply', 'have the server run them instead');
  return withApiOptions(command)
    .addHelpText('after', '\nWhat has no counterpart is left out, and a comment says so.\n')
    .action(async (format: Format, files: readonly string[], options: ImportOptions) => {
      const sources: SourceFile[] = [];
      for (const file of files) sources.push({ name: file, text: await readText(file, io) });
      const imported = await importFiles(format, sources);
      refuseDoubles(imported);
      if (options.apply === true) await applyImported(imported, options, io);
      else if (options.json === true) writeJson(io.stdout, { workers: workersOf(imported), notes: notesOf(imported) });
      else {
        const { importYaml } = await import('../../worker/importYaml.ts');
        io.stdout.write(importYaml(format, imported));
      }
    });
}

async function importFiles(format: Format, files: readonly SourceFile[]): Promise<readonly ImportedFile[]> {
  const { importPm2, importProcfile, importSupervisord, importSystemd } = await import('@roundhouse/workers');
  // Units name each other.
  if (format === 'systemd') {
    const units = files.map(({ name, text }) => ({ name: name === '-' ? 'worker' : basename(name), text }));
    // One that is wrong is so alone, too, and is named.
    for (const [index, { name }] of files.entries()) inFile(name, () => importSystemd(units.slice(index, index + 1)));
    return [{ name: files.map(({ name }) => name).join(', '), ...importSystemd(units) }];
  }
  const importText = { pm2: importPm2, procfile: importProcfile, supervisord: importSupervisord }[format];
  return files.map(({ name, text }) => ({ name, ...inFile(name, () => importText(text)) }));
}

/** What is wrong with a file is said with its name, and the line where there is one. */
function inFile<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
    const { code, message, hint, retryable, status, details } = error;
    const file = name === '-' ? 'standard input' : name;
    const place = typeof details['line'] === 'number' ? `${file}:${details['line']}` : file;
    throw new RoundhouseError(
      code,
      { message: `${place}: ${message}`, hint, retryable, status },
      { details: { ...details, file }, hint, cause: error },
    );
  }
}

function refuseDoubles(imported: readonly ImportedFile[]): void {
  const seen = new Map<string, string>();
  for (const { name, workers } of imported) {
    for (const { id } of workers) {
      const other = seen.get(id);
      const reason = `worker ${id} stands in ${other} too: take the files over one by one`;
      if (other !== undefined) throw cliError('ARGUMENT_INVALID', { details: { argument: `file "${name}"`, reason } });
      seen.set(id, name);
    }
  }
}

async function applyImported(imported: readonly ImportedFile[], options: ApiOptions, io: Io): Promise<void> {
  const { applyAll } = await import('../../resource/apply.ts');
  const { inOrder } = await import('../../resource/manifest.ts');
  const wanted = imported.flatMap(({ name, workers }) =>
    workers.map((input): Wanted => ({ kind: 'worker', id: input.id, input, where: name })),
  );
  for (const note of notesOf(imported)) io.stderr.write(`${printable(note)}\n`);
  using client = await connect(options, io);
  await applyAll(client, inOrder(wanted), options, io);
}

function workersOf(imported: readonly ImportedFile[]): readonly WorkerInput[] {
  return imported.flatMap(({ workers }) => workers);
}

function notesOf(imported: readonly ImportedFile[]): readonly string[] {
  return imported.flatMap(({ notes }) => notes);
}
