import { isRoundhouseError, type RoundhouseError } from '@roundhouse/core';
import { KEYS } from '@roundhouse/tn3270';
import { describe, expect, it } from 'vitest';
import { callsHost, parseScript } from './script.ts';

const expectA = { texts: [{ text: 'A' }] };
const stepOf = (step: object): object => ({ name: 'way', steps: [{ expect: expectA, ...step }] });
const actionsOf = (...actions: unknown[]): object => stepOf({ actions });

const refusalOf = (raw: unknown): RoundhouseError => {
  try {
    parseScript(raw);
  } catch (error) {
    if (isRoundhouseError(error)) return error;
  }
  throw new Error('not refused');
};

describe('a script', () => {
  it('is completed with names, times and no retries', () => {
    const { name, timeoutMs, steps } = parseScript(stepOf({}));
    expect({ name, timeoutMs }).toEqual({ name: 'way', timeoutMs: 60_000 });
    expect(steps).toMatchObject([
      { name: 'step 1', when: undefined, leadsTo: undefined, actions: [], timeoutMs: 10_000, retries: 0 },
    ]);
  });

  it('keeps its actions in order, secrets by reference', () => {
    const actions = [
      { type: 'cursor', row: 1, column: 2 },
      { type: 'text', text: 'JOE' },
      { type: 'key', key: 'Tab' },
      { type: 'field', row: 3, column: 4, value: { secret: 'vault/tso' } },
      { type: 'text', text: { secret: 'user', visible: true } },
      { type: 'key', key: 'Enter' },
    ];
    const [step] = parseScript(actionsOf(...actions)).steps;
    expect(step?.actions).toEqual([
      ...actions.slice(0, 3),
      { ...actions[3], value: { secret: 'vault/tso', visible: false } },
      ...actions.slice(4),
    ]);
  });

  it.each<[string, unknown, string]>([
    ['no name', { steps: [{ expect: expectA }] }, 'script.name'],
    ['no steps', { name: 'way', steps: [] }, 'script.steps'],
    ['too many steps', { name: 'way', steps: Array(201).fill({ expect: expectA }) }, 'script.steps'],
    ['a step that expects nothing', { name: 'way', steps: [{ actions: [] }] }, 'script.steps[0].expect'],
    ['a signature that is wrong', stepOf({ leads_to: { texts: [{}] } }), 'script.steps[0].leads_to.texts[0].text'],
    ['an unknown member', stepOf({ wen: expectA }), 'script.steps[0].wen'],
    ['no time at all', stepOf({ timeout_ms: 0 }), 'script.steps[0].timeout_ms'],
    ['too much time', { ...stepOf({}), timeout_ms: 300_001 }, 'script.timeout_ms'],
    ['retries of a step that is not idempotent', stepOf({ retries: 1 }), 'script.steps[0].retries'],
    ['too many retries', stepOf({ retries: 6, idempotent: true }), 'script.steps[0].retries'],
    ['too many actions', actionsOf(...Array(201).fill({ type: 'key', key: 'Tab' })), 'script.steps[0].actions'],
    ['an unknown action', actionsOf({ type: 'click' }), 'script.steps[0].actions[0].type'],
    ['an unknown key', actionsOf({ type: 'key', key: 'enter' }), 'script.steps[0].actions[0].key'],
    [
      'a member of another action',
      actionsOf({ type: 'text', text: 'A', key: 'Tab' }),
      'script.steps[0].actions[0].key',
    ],
    ['a key inside a text', actionsOf({ type: 'text', text: 'JOE\r' }), 'script.steps[0].actions[0].text'],
    ['row 0', actionsOf({ type: 'cursor', row: 0, column: 1 }), 'script.steps[0].actions[0].row'],
    [
      'a value of no kind',
      actionsOf({ type: 'field', row: 1, column: 1, value: 7 }),
      'script.steps[0].actions[0].value',
    ],
    ['a null for a text', actionsOf({ type: 'text', text: null }), 'script.steps[0].actions[0].text'],
    [
      'a secret with a strange name',
      actionsOf({ type: 'text', text: { secret: 'my password' } }),
      'script.steps[0].actions[0].text.secret',
    ],
    [
      'input after a key that gives the host the word',
      actionsOf({ type: 'key', key: 'Clear' }, { type: 'text', text: 'A' }),
      'script.steps[0].actions[0]',
    ],
  ])('%s is refused with its path', (_what, raw, path) => {
    expect(refusalOf(raw)).toMatchObject({ code: 'NAVIGATION_INVALID', details: { path } });
  });

  it('is refused without a word of the value: it may be a secret in the wrong place', () => {
    for (const raw of [
      actionsOf({ type: 'text', text: 'SESAME\n' }),
      actionsOf({ type: 'key', key: 'SESAME' }),
      actionsOf({ type: 'text', text: { secret: 'SESAME !' } }),
      actionsOf({ type: 'SESAME' }),
    ]) {
      const error = refusalOf(raw);
      expect(JSON.stringify(error) + error.message + error.hint).not.toContain('SESAME');
    }
  });
});

it('knows which keys give the host the word', () => {
  const local = [
    'Tab BackTab Newline Home FieldEnd Left Right Up Down Left2 Right2 PreviousWord NextWord',
    'Delete DeleteField DeleteWord Backspace Erase EraseEOF EraseInput Insert Reset Dup FieldMark',
  ];
  expect(KEYS.filter((key) => !callsHost(key))).toEqual(local.join(' ').split(' '));
});
