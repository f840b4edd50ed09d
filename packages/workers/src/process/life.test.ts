import { describe, expect, it } from 'vitest';
import { exitOf, parseLife } from './life.ts';

describe('a line of life', () => {
  it.each([
    ['shim 2 41 900 ', { kind: 'shim', number: 2, pid: 41, startTime: 900, sockets: undefined }],
    ['shim 2 41 900 0123abcd', { kind: 'shim', number: 2, pid: 41, startTime: 900, sockets: '0123abcd' }],
    ['run 7 42 901 ab12 2', { kind: 'run', generation: 7, pid: 42, startTime: 901, token: 'ab12', shim: 2 }],
    ['user 7', { kind: 'user', generation: 7 }],
    ['fault 7 program 127 ', { kind: 'fault', generation: 7, stage: 'program', status: 127, reason: '' }],
    [
      'fault 7 limits 1 prlimit: no',
      { kind: 'fault', generation: 7, stage: 'limits', status: 1, reason: 'prlimit: no' },
    ],
    ['exit 7 143', { kind: 'exit', generation: 7, status: 143 }],
  ])('%s is understood', (line, fact) => {
    expect(parseLife(line)).toEqual(fact);
  });

  it.each([
    '',
    'exit',
    'exit 7',
    'exit x 1',
    'run 7 42',
    'run 7 42 901 ab12',
    'shim -1 2 3',
    'fault 7',
    'fault x program 1',
    'else 1 2',
    'user ',
  ])('`%s` is none', (line) => {
    expect(parseLife(line)).toBeUndefined();
  });
});

describe('a status', () => {
  it.each([
    [0, 0, null],
    [127, 127, null],
    [137, null, 'SIGKILL'],
    [143, null, 'SIGTERM'],
    [255, 255, null],
  ])('%i is code %s or signal %s', (status, code, signal) => {
    expect(exitOf(3, status, 5)).toEqual({ generation: 3, code, signal, isKnown: true, at: 5 });
  });
});
