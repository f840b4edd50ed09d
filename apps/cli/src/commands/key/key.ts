import { Command } from 'commander';
import type { Io } from '../../io.ts';
import { listCommand, removeCommand } from '../../resource/kindCommands.ts';
import { createCommand } from './create.ts';

export function keyCommand(io: Io): Command {
  return new Command('key')
    .description('API keys, with which programs call the server')
    .addCommand(listCommand('api_key', 'list all API keys, by id', io))
    .addCommand(createCommand(io))
    .addCommand(removeCommand('api_key', 'revoke API keys; from now on they are refused', io, ['revoke', 'revoked']));
}
