import type { ActionRequest, InputRequest, KeyName, WaitRequest } from '@roundhouse/api';
import { Command, Option } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseDuration, parseName, parsePosition, type Word, wordsInOrder } from '../../arguments.ts';
import { cliError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { screenFrame, writeJson } from '../../render.ts';

interface InputOptions extends ApiOptions {
  readonly wait?: 'unlocked' | 'change' | 'none';
  readonly waitText?: string;
  readonly waitCursor?: string;
  readonly timeout?: number;
}

/** `argv` is the whole command line: the order of texts and keys is their meaning. */
export function inputCommand(argv: readonly string[], io: Io): Command {
  const command = new Command('input')
    .description('type and press keys, in the order given; then show the screen')
    .argument('<id>', 'session id')
    .argument('[text...]', 'text to type')
    .option('--text <text>', 'text to type, for one that begins with a dash')
    .option('--key <name>', 'key to press, like Enter, Tab or PF3')
    .option('--field <row,column=value>', 'value to put into the field at a position')
    .option('--cursor <row,column>', 'position to move the cursor to')
    .addOption(new Option('--wait <what>', 'what to wait for').choices(['unlocked', 'change', 'none']))
    .option('--wait-text <text>', 'wait until this text is on the screen')
    .option('--wait-cursor <row,column>', 'wait until the cursor is there')
    .option('--timeout <time>', 'how long to wait, like 5s', parseDuration);
  return withApiOptions(command).action(async (id: string, _texts: readonly string[], options: InputOptions) => {
    const actions = await actionsOf(argv, command);
    const wait = waitOf(options);
    const request: InputRequest = { actions, ...(wait === undefined ? {} : { wait }) };
    using client = await connect(options, io);
    const screen = await client.sendInput(id, request);
    if (options.json === true) writeJson(io.stdout, screen);
    else io.stdout.write(screenFrame(screen, io));
  });
}

async function actionsOf(argv: readonly string[], command: Command): Promise<ActionRequest[]> {
  const { KEY_NAMES } = await import('@roundhouse/api');
  const words = argv.slice(argv.indexOf('input') + 1);
  const actions: ActionRequest[] = [];
  let isIdSeen = false;
  for (const word of wordsInOrder(words, command.options)) {
    if (word.option === undefined && !isIdSeen) isIdSeen = true;
    else actions.push(...actionOf(word, (text) => parseName('key', text, KEY_NAMES)));
  }
  return actions;
}

function actionOf(word: Word, keyName: (text: string) => KeyName): ActionRequest[] {
  const value = word.value ?? '';
  switch (word.option) {
    case undefined:
    case '--text':
      return [{ type: 'text', text: value }];
    case '--key':
      return [{ type: 'key', key: keyName(value) }];
    case '--cursor':
      return [{ type: 'cursor', ...parsePosition(value) }];
    case '--field': {
      const equals = value.indexOf('=');
      if (equals > 0)
        return [{ type: 'field', ...parsePosition(value.slice(0, equals)), value: value.slice(equals + 1) }];
      const details = { argument: `field "${value}"`, reason: 'write it like 5,20=value' };
      throw cliError('ARGUMENT_INVALID', { details });
    }
    default:
      return [];
  }
}

function waitOf({ wait, waitText, waitCursor, timeout }: InputOptions): WaitRequest | undefined {
  const conditions: WaitRequest[] = [
    ...(wait === undefined ? [] : [{ for: wait } as const]),
    ...(waitText === undefined ? [] : [{ for: 'text', text: waitText } as const]),
    ...(waitCursor === undefined ? [] : [{ for: 'cursor', ...parsePosition(waitCursor) } as const]),
  ];
  if (conditions.length > 1) {
    const details = { argument: 'the wait', reason: 'only one of --wait, --wait-text and --wait-cursor is taken' };
    throw cliError('ARGUMENT_INVALID', { details });
  }
  if (timeout === undefined) return conditions[0];
  return { ...(conditions[0] ?? { for: 'unlocked' }), timeout_ms: timeout };
}
