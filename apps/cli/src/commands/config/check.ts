import { Command } from 'commander';
import { EXIT } from '../../exit.ts';
import type { VerdictIo } from '../../io.ts';
import { writeJson } from '../../render.ts';
import { faultsOf, writeDiagnostics } from './faults.ts';
import { type FileOptions, readFile, readFileForMachine, withFileOptions } from './file.ts';

interface CheckOptions extends FileOptions {
  /** False: the machine is not asked for ports, paths and limits. */
  readonly machine: boolean;
}

export function checkCommand(io: VerdictIo): Command {
  const command = new Command('check')
    .description('check a configuration file, and this machine for what it asks; nothing connects or listens')
    .argument('<file>', 'configuration file')
    .option('--no-machine', 'do not ask this machine for ports, paths, certificates and limits');
  return withFileOptions(command).action(async (file: string, options: CheckOptions) => {
    const { diagnosticsToJson } = await import('@roundhouse/config');
    try {
      const { warnings } = await (options.machine ? readFileForMachine : readFile)(file, options, io);
      if (options.json === true) return writeJson(io.stdout, diagnosticsToJson(warnings));
      await writeDiagnostics(io, warnings);
      io.stdout.write(warnings.length === 0 ? `${file} is valid.\n` : `${file} is valid, with warnings.\n`);
      if (warnings.length > 0) io.conclude(EXIT.Findings);
    } catch (error) {
      const faults = faultsOf(error);
      if (faults === undefined) throw error;
      const { diagnostics, omitted } = faults;
      if (options.json === true) writeJson(io.stdout, diagnosticsToJson(diagnostics, omitted));
      else await writeDiagnostics(io, diagnostics, omitted);
      io.conclude(EXIT.ConfigInvalid);
    }
  });
}
