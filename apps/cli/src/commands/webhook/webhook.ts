import { Command } from 'commander';
import type { VerdictIo } from '../../io.ts';
import { listCommand, removeCommand, showCommand } from '../../resource/kindCommands.ts';
import { addCommand } from './add.ts';
import { deadLettersCommand } from './deadLetters.ts';
import { deliveriesCommand } from './deliveries.ts';
import { replayCommand } from './replay.ts';
import { testCommand } from './test.ts';

export function webhookCommand(io: VerdictIo): Command {
  return new Command('webhook')
    .description('receivers that are sent events, and what became of that')
    .addCommand(listCommand('webhook', 'list all webhooks, by id', io))
    .addCommand(showCommand('webhook', 'show a webhook', io))
    .addCommand(addCommand(io))
    .addCommand(removeCommand('webhook', 'remove webhooks with their deliveries', io))
    .addCommand(testCommand(io))
    .addCommand(deliveriesCommand(io))
    .addCommand(deadLettersCommand(io))
    .addCommand(replayCommand(io));
}
