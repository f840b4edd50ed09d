import type { WebhookInput } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseCount, parseDuration } from '../../arguments.ts';
import { readInput } from '../../input.ts';
import type { Io } from '../../io.ts';
import { facts, writeJson } from '../../render.ts';

interface AddOptions extends ApiOptions {
  readonly id?: string;
  readonly event?: string[];
  readonly subject?: string[];
  readonly description?: string;
  readonly secretStdin?: boolean;
  readonly allowPrivate?: boolean;
  readonly ordered?: boolean;
  readonly maxParallel?: number;
  readonly timeout?: number;
}

export function addCommand(io: Io): Command {
  const command = new Command('add')
    .description('send events to a receiver; the secret that signs them is shown this once')
    .argument('<url>', 'where the receiver listens, https')
    .option('--id <id>', 'id of your choice (default: a new one)')
    .option('--event <type...>', 'types wanted, like "session.*" or endpoint.health_changed (default: all)')
    .option('--subject <id...>', 'only events about these')
    .option('--description <text>', 'what it is for')
    .option('--secret-stdin', 'read the secret, whsec_…, from standard input (default: a new one is made)')
    .option('--allow-private', 'allow http, and private and loopback addresses')
    .option('--ordered', 'one after another for each subject')
    .option('--max-parallel <n>', 'deliveries at a time (default 8)', parseCount)
    .option('--timeout <time>', 'of one attempt, like 5s (default 15s)', parseDuration);
  return withApiOptions(command).action(async (url: string, options: AddOptions) => {
    const secret = options.secretStdin === true ? { secret: (await readInput(io)).trim() } : {};
    using client = await connect(options, io);
    const created = await client.createResource('webhook', { ...inputOf(url, options), ...secret });
    if (options.json === true) writeJson(io.stdout, created);
    else io.stdout.write(facts(created));
    if (created.secret !== null) {
      io.stderr.write('This is the only time that the secret is shown: give it to the receiver.\n');
    }
  });
}

function inputOf(url: string, options: AddOptions): WebhookInput {
  const { id, event, subject, description, allowPrivate, ordered, maxParallel, timeout } = options;
  return {
    url,
    ...(id === undefined ? {} : { id }),
    ...(event === undefined ? {} : { events: event }),
    ...(subject === undefined ? {} : { subjects: subject }),
    ...(description === undefined ? {} : { description }),
    ...(allowPrivate === undefined ? {} : { allow_private: allowPrivate }),
    ...(ordered === undefined ? {} : { ordered }),
    ...(maxParallel === undefined ? {} : { max_parallel: maxParallel }),
    ...(timeout === undefined ? {} : { timeout_ms: timeout }),
  };
}
