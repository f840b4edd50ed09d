import { randomBytes } from 'node:crypto';
import { Secret } from '@roundhouse/core';
import { Command } from 'commander';
import { cliError } from '../../errors.ts';
import { askHidden, inputOf, readInput } from '../../input.ts';
import type { Io } from '../../io.ts';
import { writeJson } from '../../render.ts';
import { withFaults } from '../config/faults.ts';
import { readFile } from '../config/file.ts';

interface HashPasswordOptions {
  readonly config?: string;
  readonly json?: boolean;
}

export function hashPasswordCommand(io: Io): Command {
  return new Command('hash-password')
    .description(
      'hash a password for "password_hash" of a principal: asked for on a terminal, else from standard input',
    )
    .option('--config <file>', 'configuration whose authentication.passwords it has to meet (ROUNDHOUSE_CONFIG)')
    .option('--json', 'write it as JSON')
    .action(async ({ config = io.env['ROUNDHOUSE_CONFIG'], json }: HashPasswordOptions) => {
      const { hashPassword, passwordPolicyOf } = await import('@roundhouse/server');
      const checked = config ? await withFaults(io, readFile(config, {}, io)) : undefined;
      const policy = passwordPolicyOf(checked?.value.authentication);
      const hash = await hashPassword(await readPassword(io), { randomBytes, policy });
      if (json === true) writeJson(io.stdout, { password_hash: hash });
      else io.stdout.write(`${hash}\n`);
    });
}

async function readPassword(io: Io): Promise<Secret> {
  if (inputOf(io).isTTY !== true) return new Secret((await readInput(io)).replace(/\r?\n$/, ''));
  const [password = '', again] = await askHidden(['Password: ', 'Again: '], io);
  if (password === again) return new Secret(password);
  throw cliError('ARGUMENT_INVALID', { details: { argument: 'the password', reason: 'the two are not the same' } });
}
