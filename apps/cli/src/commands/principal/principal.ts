import { Command } from 'commander';
import type { Io } from '../../io.ts';
import { listCommand, removeCommand, showCommand } from '../../resource/kindCommands.ts';
import { hashPasswordCommand } from './hashPassword.ts';
import { unlockCommand } from './unlock.ts';

export function principalCommand(io: Io): Command {
  return new Command('principal')
    .description('who may call: people and programs')
    .addCommand(listCommand('principal', 'list all principals, by id', io))
    .addCommand(showCommand('principal', 'show a principal', io))
    .addCommand(removeCommand('principal', 'remove principals; their keys have to go before', io))
    .addCommand(unlockCommand(io))
    .addCommand(hashPasswordCommand(io));
}
