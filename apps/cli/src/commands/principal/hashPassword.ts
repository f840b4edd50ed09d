import { randomBytes } from 'node:crypto';
import { Secret } from '@roundhouse/core';
import { Command } from 'commander';
import { cliError } from '../../errors.ts';
import { askHidden, inputOf, readInput } from '../../input.ts';
import type { Io } from '../../io.ts';
import { writeJson } from '../../render.ts';

interface HashPasswordOptions {
  readonly json?: boolean;
}

export function hashPasswordCommand(io: Io): Command {
  return new Command('hash-password')
    .description(
      'hash a password for "password_hash" of a principal: asked for on a terminal, else from standard input',
    )
    .option('--json', 'write it as JSON')
    .action(async ({ json }: HashPasswordOptions) => {
      const password = await readPassword(io);
      const { hashPassword } = await import('@roundhouse/server');
      const hash = await hashPassword(password, { randomBytes });
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
