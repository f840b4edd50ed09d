import type { AuditVerification } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { cliError } from '../../errors.ts';
import { EXIT, type ExitCode } from '../../exit.ts';
import type { VerdictIo } from '../../io.ts';
import { facts, printable, writeJson } from '../../render.ts';

interface VerifyOptions extends ApiOptions {
  readonly key?: string;
  readonly checkpoint?: readonly string[];
  readonly archive?: string;
}

/** Exit codes of the verifier: intact, and intact but for what was removed by rule; it could not begin; all others are faults. */
const BY_CODE: Readonly<Record<number, ExitCode>> = { 0: EXIT.Ok, 14: EXIT.Ok, 2: EXIT.Usage, 3: EXIT.Failure };

export function verifyCommand(io: VerdictIo): Command {
  const command = new Command('verify')
    .description('verify the files of a journal without a server and its keys, or have the server verify its own')
    .argument('[directory]', 'the journal, or a copy of it; without it the server is asked')
    .option('--key <key>', 'the public key that it began with, or a file with it')
    .option('--checkpoint <file...>', 'checkpoints that were kept elsewhere')
    .option('--archive <directory>', 'where the journal has moved segments: verified with the rest');
  return withApiOptions(command)
    .addHelpText(
      'after',
      '\nExits with 0 when it is intact, and with 8 when it is not; roundhouse-verify, which is the same in one file to\n' +
        'take along, tells the faults apart by its exit code. A server verifies what is new, every six hours by itself;\n' +
        'whoever does not trust the server verifies a copy of the files.\n',
    )
    .action(async (directory: string | undefined, options: VerifyOptions) => {
      if (directory === undefined) await verifyThere(options, io);
      else await verifyHere(directory, options, io);
    });
}

async function verifyHere(
  directory: string,
  { key, checkpoint = [], archive, json }: VerifyOptions,
  io: VerdictIo,
): Promise<void> {
  const { main } = await import('@roundhouse/audit/verify');
  const code = main(
    [
      ...(key === undefined ? [] : [`--key=${key}`]),
      ...(archive === undefined ? [] : [`--archive=${archive}`]),
      ...checkpoint.map((file) => `--checkpoint=${file}`),
      ...(json === true ? ['--json'] : []),
      '--',
      directory,
    ],
    (text) => io.stdout.write(printable(text, true)),
  );
  io.conclude(BY_CODE[code] ?? EXIT.Findings);
}

/** Raises ARGUMENT_INVALID for what only files can be held against. */
async function verifyThere(options: VerifyOptions, io: VerdictIo): Promise<void> {
  if (options.key !== undefined || options.checkpoint !== undefined || options.archive !== undefined) {
    const reason = '--key, --checkpoint and --archive are for the files in a directory';
    throw cliError('ARGUMENT_INVALID', { details: { argument: 'DIRECTORY', reason } });
  }
  using client = await connect(options, io);
  const verification = await client.audit.verify();
  if (options.json === true) writeJson(io.stdout, verification);
  else io.stdout.write(facts({ ...verification.last }));
  if (!isIntact(verification)) io.conclude(EXIT.Findings);
}

function isIntact({ last }: AuditVerification): boolean {
  return last?.verdict === 'intact' || last?.verdict === 'pruned';
}
