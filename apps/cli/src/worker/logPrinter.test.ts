import type { WorkerLogLine } from '@roundhouse/api';
import { describe, expect, it } from 'vitest';
import { LogPrinter, type LogPrinterOptions } from './logPrinter.ts';

const AT = '2026-01-01T00:00:00.000Z';

function lineOf(over: Partial<WorkerLogLine>): WorkerLogLine {
  return { at: AT, worker: 'web', instance: 0, stream: 'stdout', text: 'x', cut: false, json: null, ...over };
}

function printed(options: Partial<LogPrinterOptions>, ...lines: ReadonlyArray<Partial<WorkerLogLine>>): string {
  let text = '';
  const plain = { isJson: false, hasColor: false, isTerminal: false, withTimes: false, sources: [] };
  const nameOf = ({ worker, instance }: WorkerLogLine): string => (instance === 0 ? worker : `${worker}/${instance}`);
  const printer = new LogPrinter({ ...plain, nameOf, ...options }, { write: (part) => (text += part) });
  for (const line of lines) printer.write(lineOf(line));
  return text;
}

describe('the lines of logs', () => {
  it('stand as they are where there is one source', () => {
    expect(printed({}, { text: 'a\tb \u001b[31mred' }, { text: 'part ', cut: true }, { text: 'rest' })).toBe(
      'a\tb \u001b[31mred\npart rest\n',
    );
  });

  it('stand behind names of one width, and a sign that tells stderr', () => {
    const options = { sources: ['web', 'worker'] };
    const lines = [{}, { worker: 'worker', stream: 'stderr' as const }, { worker: 'more', instance: 12 }, {}];
    expect(printed(options, ...lines).split('\n')).toEqual([
      'web    | x',
      'worker ! x',
      'more/12 | x',
      'web     | x',
      '',
    ]);
  });

  it('have a colour for each name, and the colours they bring, in a terminal', () => {
    const options = { sources: ['a', 'b'], hasColor: true, isTerminal: true };
    expect(printed(options, { worker: 'a', text: 'one' }, { worker: 'b', text: '\u001b[1mtwo' })).toBe(
      '\u001b[36ma | \u001b[0mone\n\u001b[33mb | \u001b[0m\u001b[1mtwo\u001b[0m\n',
    );
  });

  it('do not steer a terminal', () => {
    const text = 'a\u001b[2Jb\u009bc\rd\te \u001b[32mgreen';
    expect(printed({ isTerminal: true, hasColor: true }, { text })).toBe('a·[2Jb·c·d\te \u001b[32mgreen\u001b[0m\n');
    expect(printed({ isTerminal: true }, { text })).toBe('a·[2Jb·c·d\te green\n');
  });

  it('have their time where it is asked for', () => {
    expect(printed({ withTimes: true }, { cut: true }, {})).toBe(`${AT} x\n${AT} x\n`);
  });

  it('are objects as JSON', () => {
    expect(printed({ isJson: true }, { json: { level: 'info' } })).toBe(
      `${JSON.stringify(lineOf({ json: { level: 'info' } }))}\n`,
    );
  });
});
