import { isRoundhouseError } from '@roundhouse/core';
import { Command } from 'commander';
import { EXIT } from '../../exit.ts';
import type { VerdictIo } from '../../io.ts';
import { writeJson } from '../../render.ts';
import { writeDiagnostics } from './faults.ts';
import { type FileOptions, readFile, withFileOptions } from './file.ts';
import type { Diagnostic } from '@roundhouse/config';

export function checkCommand(io: VerdictIo): Command {
  const command = new Command('check')
    .description('check a configuration file, and this machine for what it asks; nothing connects or listens')
    .argument('<file>', 'configuration file');
  return withFileOptions(command).action(async (file: string, options: FileOptions) => {
    const { diagnosticsToJson } = await import('@roundhouse/config');
    try {
      const { warnings } = await readFile(file, options, io);
      if (options.json === true) return writeJson(io.stdout, diagnosticsToJson(warnings));
      await writeDiagnostics(io, warnings);
      io.stdout.write(warnings.length === 0 ? `${file} is valid.\n` : `${file} is valid, with warnings.\n`);
      if (warnings.length > 0) io.conclude(EXIT.Findings);
    } catch (error) {
      if (!isRoundhouseError(error) || error.code !== 'CONFIGURATION_INVALID') throw error;
      const { diagnostics, omitted } = error.details as { diagnostics: readonly Diagnostic[]; omitted: number };
      if (options.json === true) writeJson(io.stdout, diagnosticsToJson(diagnostics, omitted));
      else await writeDiagnostics(io, diagnostics, omitted);
      io.conclude(EXIT.ConfigInvalid);
    }
  });
}
