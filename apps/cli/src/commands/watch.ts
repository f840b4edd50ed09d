import type { EventRecord } from '@roundhouse/api';
import { createScope } from '@roundhouse/core';
import { Command } from 'commander';
import { type ApiOptions, withApiOptions } from '../api.ts';
import { followEvents, shortType } from '../events.ts';
import { stopSignal } from '../foreground.ts';
import type { Io } from '../io.ts';
import { printable, writeJsonLine } from '../render.ts';

interface WatchOptions extends ApiOptions {
  readonly type?: readonly string[];
  readonly subject?: string;
  readonly after?: string;
}

/** Wide enough for the types there are. */
const TYPE_WIDTH = 26;
const SUBJECT_WIDTH = 28;

export function watchCommand(io: Io): Command {
  const command = new Command('watch')
    .description('show events as they happen, one a line, until Ctrl-C')
    .option('--type <prefix...>', 'beginnings of the types wanted, like session or endpoint.health')
    .option('--subject <id>', 'only what is about this session, endpoint, group or operation')
    .option('--after <event-id>', 'begin behind this event, where the server still has it');
  return withApiOptions(command).action(async ({ type, subject, after, ...options }: WatchOptions) => {
    using scope = createScope({ signal: stopSignal(io), ...(io.clock === undefined ? {} : { clock: io.clock }) });
    const wanted = {
      ...(type === undefined ? {} : { types: type }),
      ...(subject === undefined ? {} : { subject }),
      ...(after === undefined ? {} : { after }),
    };
    for await (const event of followEvents(wanted, options, scope, io)) {
      if (options.json === true) writeJsonLine(io.stdout, event);
      else io.stdout.write(eventLine(event));
    }
  });
}

/** Time, type, subject and facts. */
function eventLine({ time, type, subject, data }: EventRecord): string {
  const facts = Object.entries(data).map(([name, value]) => `${name}=${factText(value)}`);
  const words = [time, shortType(type).padEnd(TYPE_WIDTH), subject.padEnd(SUBJECT_WIDTH), ...facts];
  return `${printable(words.join('  ').trimEnd())}\n`;
}

function factText(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}
