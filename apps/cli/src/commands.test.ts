import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { program, run } from './main.ts';

const io = { version: '9.9.9', env: {}, stdout: { write() {} }, stderr: { write() {} }, conclude() {} };

function leaves(command: Command, path: readonly string[] = []): Array<readonly [path: string, command: Command]> {
  if (command.commands.length === 0) return [[path.join(' '), command]];
  return command.commands.flatMap((each) => leaves(each, [...path, each.name()]));
}

const COMMANDS = leaves(await program([], io));

/** They call no API. */
const LOCAL = [
  'doctor',
  'demo',
  'up',
  'connect',
  'errors',
  'principal hash-password',
  ...['probe', 'http', 'dns', 'ws', 'mail send', 'mail list', 'mail fetch'].map((verb) => `net ${verb}`),
  ...['check', 'explain', 'diff', 'schema'].map((verb) => `config ${verb}`),
];

describe('the commands', () => {
  it('are these', () => {
    expect(COMMANDS.map(([path]) => path)).toEqual([
      'demo',
      'up',
      'connect',
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
      ...['list', 'show', 'wait'].map((verb) => `operation ${verb}`),
      ...[
        'list',
        'describe',
        'start',
        'stop',
        'restart',
        'reload',
        'scale',
        'logs',
        'usage',
        'history',
        'signal',
        'exec',
        ...['list', 'start', 'stop', 'restart', 'scale'].map((verb) => `group ${verb}`),
        'import',
      ].map((verb) => `worker ${verb}`),
      'top',
      ...['list', 'show', 'add', 'set', 'remove', 'health', 'drain'].map((verb) => `endpoint ${verb}`),
      ...['list', 'show', 'add', 'remove'].map((verb) => `group ${verb}`),
      ...['list', 'show', 'add', 'remove', 'test', 'deliveries', 'dead-letters', 'replay'].map(
        (verb) => `webhook ${verb}`,
      ),
      ...['list', 'show', 'remove', 'unlock', 'hash-password'].map((verb) => `principal ${verb}`),
      ...['list', 'create', 'revoke'].map((verb) => `key ${verb}`),
      'get',
      'describe',
      'apply',
      'diff',
      'delete',
      ...['probe', 'http', 'dns', 'ws', 'mail send', 'mail list', 'mail fetch'].map((verb) => `net ${verb}`),
      'watch',
      'mail list',
      'mail show',
      'mail text',
      'mail remove',
      'usage',
      'metrics',
      'log-level',
      ...['check', 'explain', 'diff', 'schema', 'show', 'reload', 'override'].map((verb) => `config ${verb}`),
      ...['report', 'rules', 'explain', 'facts'].map((verb) => `compliance ${verb}`),
      'doctor',
      'support-bundle',
      ...[
        'query',
        'tail',
        'export',
        'status',
        'checkpoint',
        'verify',
        'review',
        'rebuild',
        'retention plan',
        'retention run',
        'hold list',
      ].map((verb) => `audit ${verb}`),
      'whoami',
      'can-i',
      'errors',
    ]);
  });

  it('stand in groups in the help of all, which fits a screen of 80 columns', async () => {
    let help = '';
    await run(['--help'], { ...io, stdout: { write: (text) => (help += text) } });
    const lines = help.split('\n');
    for (const heading of ['Run:', 'Use hosts:', 'All kinds alike:', 'Find out:']) expect(lines).toContain(heading);
    expect(lines).not.toContain('Commands:');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
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
