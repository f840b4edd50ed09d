import type { Client, ScreenWait } from '@roundhouse/api';
import { Command, Option } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseCount, parseDuration } from '../../arguments.ts';
import type { Io } from '../../io.ts';
import { fieldTable, screenFrame, writeJson } from '../../render.ts';

interface ScreenOptions extends ApiOptions {
  readonly format?: 'text' | 'html' | 'cells';
  readonly fields?: boolean;
  readonly after?: number;
  readonly timeout?: number;
}

export function screenCommand(io: Io): Command {
  const command = new Command('screen')
    .description('show the screen of a session')
    .argument('<id>', 'session id')
    .addOption(new Option('--format <name>', 'another form than the framed screen').choices(['text', 'html', 'cells']))
    .option('--fields', 'list the fields too')
    .option('--after <version>', 'wait for a screen newer than this version', parseCount)
    .option('--timeout <time>', 'how long to wait, like 30s', parseDuration);
  return withApiOptions(command).action(async (id: string, options: ScreenOptions) => {
    using client = await connect(options, io);
    const wait: ScreenWait = {
      ...(options.after === undefined ? {} : { after: options.after }),
      ...(options.timeout === undefined ? {} : { timeoutMs: options.timeout }),
    };
    await show(client, id, options, wait, io);
  });
}

async function show(client: Client, id: string, options: ScreenOptions, wait: ScreenWait, io: Io): Promise<void> {
  const { format } = options;
  if (format === 'cells') {
    const screen = await client.getScreenCells(id, wait);
    if (options.json === true) writeJson(io.stdout, screen);
    else io.stdout.write(`${screen.cells.join('\n')}\n`);
  } else if (format !== undefined) io.stdout.write(await client.getScreenPage(id, format, wait));
  else {
    const screen = await client.getScreen(id, wait);
    if (options.json === true) writeJson(io.stdout, screen);
    else io.stdout.write(screenFrame(screen, io) + (options.fields === true ? fieldTable(screen) : ''));
  }
}
