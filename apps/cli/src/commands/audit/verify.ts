import { Command } from 'commander';
import { EXIT, type ExitCode } from '../../exit.ts';
import type { VerdictIo } from '../../io.ts';
import { printable } from '../../render.ts';

interface VerifyOptions {
  readonly key?: string;
  readonly checkpoint?: readonly string[];
  readonly json?: boolean;
}

/** Exit codes of the verifier: intact, and intact but for what was removed by rule; it could not begin; all others are faults. */
const BY_CODE: Readonly<Record<number, ExitCode>> = { 0: EXIT.Ok, 14: EXIT.Ok, 2: EXIT.Usage, 3: EXIT.Failure };

export function verifyCommand(io: VerdictIo): Command {
  return new Command('verify')
    .description('verify the files of a journal, without a server and without its keys')
    .argument('<directory>', 'the journal, or a copy of it')
    .option('--key <key>', 'the public key that it began with, or a file with it')
    .option('--checkpoint <file...>', 'checkpoints that were kept elsewhere')
    .option('--json', 'write the report as JSON')
    .addHelpText(
      'after',
      '\nExits with 0 when it is intact, and with 8 when it is not; roundhouse-verify, which is the same in one file to\n' +
        'take along, tells the faults apart by its exit code.\n',
    )
    .action(async (directory: string, { key, checkpoint = [], json }: VerifyOptions) => {
      const { main } = await import('@roundhouse/audit/verify');
      const code = main(
        [
          ...(key === undefined ? [] : [`--key=${key}`]),
          ...checkpoint.map((file) => `--checkpoint=${file}`),
          ...(json === true ? ['--json'] : []),
          '--',
          directory,
        ],
        (text) => io.stdout.write(printable(text, true)),
      );
      io.conclude(BY_CODE[code] ?? EXIT.Findings);
    });
}
