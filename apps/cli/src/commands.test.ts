import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { program } from './main.ts';

const io = { version: '9.9.9', env: {}, stdout: { write() {} }, stderr: { write() {} } };

function leaves(command: Command, path: readonly string[] = []): Array<readonly [path: string, command: Command]> {
  if (command.commands.length === 0) return [[path.join(' '), command]];
  return command.commands.flatMap((each) => leaves(each, [...path, each.name()]));
}

const COMMANDS = leaves(program([], io));

/** They run a server or a terminal of their own and call no API. */
const LOCAL = ['demo', 'up', 'connect'];

describe('the commands', () => {
  it('are these', () => {
    expect(COMMANDS.map(([path]) => path)).toEqual([
      'demo',
      'up',
      ...[
        'open',
        'list',
        'show',
        'screen',
        'input',
        'suspend',
        'resume',
        'migrate',
        'snapshot',
        'explain',
        'takeover',
        'close',
      ].map((verb) => `session ${verb}`),
      ...['list', 'show', 'add', 'set', 'remove', 'health', 'drain'].map((verb) => `endpoint ${verb}`),
      ...['list', 'show', 'add', 'remove'].map((verb) => `group ${verb}`),
      ...['list', 'show', 'wait'].map((verb) => `operation ${verb}`),
      'watch',
      'connect',
    ]);
  });

  it.each(COMMANDS)('%s says what it does, and what its arguments and options are', (_path, command) => {
    expect(command.description()).toMatch(/^[a-z].{10,}[^.]$/);
    for (const each of [...command.registeredArguments, ...command.options]) {
      expect(each.description, each.name()).toMatch(/.{5,}/);
    }
  });

  it.each(COMMANDS.filter(([path]) => !LOCAL.includes(path)))('%s answers in JSON when asked to', (_path, command) => {
    expect(command.options.map((option) => option.long)).toEqual(
      expect.arrayContaining(['--json', '--url', '--token']),
    );
  });
});
