import { createScope, systemClock, type Timer } from '@roundhouse/core';
import type { Answer, HostTerminal, ScreenDefinition, ShowOptions } from '@roundhouse/tn3270/host';
import { describe, expect, it } from 'vitest';
import { bankApplication, checkChange, SLOW_TRANSACTION_MS } from './application.ts';
import { createBank } from './bank.ts';
import { Goodbye, Inquiry, Logon, Menu, Slow, UpdateConfirm, UpdateForm, UpdateSelect } from './screens.ts';

interface Key {
  readonly aid: Answer['aid'];
  readonly values?: Readonly<Record<string, string>>;
}

interface Shown {
  readonly screen: ScreenDefinition;
  readonly values: Readonly<Partial<Record<string, string>>>;
  readonly cursor: string | undefined;
}

const SIZE = { rows: 24, columns: 80 };

/** Presses the keys in turn; what is not typed comes back as it was shown. */
async function visit(keys: readonly Key[], size = SIZE) {
  const shown: Shown[] = [];
  const messages: string[] = [];
  const slept: number[] = [];
  const clock = {
    ...systemClock,
    setTimer(delayMs: number, callback: () => void): Timer {
      slept.push(delayMs);
      queueMicrotask(callback);
      return { cancel() {} };
    },
  };
  const pressed = keys[Symbol.iterator]();
  const keep = (screen: ScreenDefinition, { values = {}, cursor }: ShowOptions = {}): void => {
    screen.layout(size);
    shown.push({ screen, values, cursor });
  };
  const terminal: HostTerminal = {
    peer: 'test',
    lu: 'DEMO0001',
    deviceType: 'IBM-3278-2-E',
    protocol: 'tn3270e',
    extended: true,
    functions: [],
    size,
    scope: createScope({ clock }),
    async show<Input extends string>(screen: ScreenDefinition<Input>, options: ShowOptions = {}) {
      keep(screen, options);
      const { value: key } = pressed.next();
      if (key === undefined) throw new Error('the script of keys is over');
      const typed = Object.fromEntries(
        screen.inputNames.map((name) => [name, key.values?.[name] ?? options.values?.[name] ?? '']),
      ) as Record<Input, string>;
      return { aid: key.aid, cursor: { row: 1, column: 1 }, values: typed };
    },
    paint: keep,
    update: () => {},
    message: (text) => void messages.push(text),
    read: () => Promise.reject(new Error('not read')),
    query: () => Promise.reject(new Error('not asked')),
    close: async () => {},
  };
  const bank = createBank();
  await bankApplication(bank, 'HOST A')(terminal);
  return { shown, messages, slept, bank };
}

const LOGON = { aid: 'Enter', values: { user: 'joe', password: 'demo' } } as const;
const PF3 = { aid: 'PF3' } as const;
const ENTER = { aid: 'Enter' } as const;
const option = (number: string): Key => ({ aid: 'Enter', values: { option: number } });

describe('the bank application', () => {
  it('lets nobody in without the password, and says goodbye', async () => {
    const { shown } = await visit([ENTER, { aid: 'Enter', values: { user: 'JOE', password: 'X' } }, PF3]);
    expect(shown.map(({ screen }) => screen)).toEqual([Logon, Logon, Logon, Goodbye]);
    expect(shown.map(({ values, cursor }) => [values['message'], cursor])).toEqual([
      ['', 'user'],
      ['ENTER A USER ID', 'user'],
      ['PASSWORD NOT VALID', 'password'],
      [undefined, undefined],
    ]);
    expect(shown[2]?.values).toMatchObject({ user: 'JOE', host: 'HOST A'.padStart(20) });
    expect(shown[2]?.values['password']).toBeUndefined();
  });

  it('answers keys and options that are none with a message', async () => {
    const { shown } = await visit([LOGON, option('9'), { aid: 'PF1' }, option('6')]);
    expect(shown.slice(1, 4).map(({ screen, values }) => [screen, values['message']])).toEqual([
      [Menu, ''],
      [Menu, 'ENTER AN OPTION FROM 1 TO 6'],
      [Menu, 'KEY NOT ACTIVE ON THIS SCREEN'],
    ]);
  });

  it('finds an account or says that there is none', async () => {
    const ask = (account: string): Key => ({ aid: 'Enter', values: { account } });
    const { shown } = await visit([LOGON, option('1'), ask('10001007'), ask('99'), PF3, PF3]);
    const inquiries = shown.filter(({ screen }) => screen === Inquiry).map(({ values }) => values);
    expect(inquiries[1]).toMatchObject({ holder: 'ABBOTT, GRACE', balance: '12,455.28 ', message: '' });
    expect(inquiries[2]).toMatchObject({ account: '99', message: 'NO SUCH ACCOUNT' });
    expect(inquiries[2]?.['holder']).toBeUndefined();
  });

  it('puts the cursor on the bad field, asks for confirmation and changes the account', async () => {
    const { shown, bank } = await visit([
      LOGON,
      option('2'),
      { aid: 'Enter', values: { account: '10001007' } },
      { aid: 'Enter', values: { limit: '900', phone: '12' } },
      { aid: 'Enter', values: { phone: '5551234567' } },
      { aid: 'PF5' },
      PF3,
      PF3,
    ]);
    const forms = shown.filter(({ screen }) => screen === UpdateForm);
    expect(forms[1]).toMatchObject({
      cursor: 'phone',
      values: { limit: '900', phone: '12', message: 'PHONE: ENTER 10 DIGITS' },
    });
    expect(shown.find(({ screen }) => screen === UpdateConfirm)?.values).toMatchObject({
      limit: '900',
      phone: '5551234567',
    });
    expect(shown.findLast(({ screen }) => screen === UpdateSelect)?.values['message']).toBe('ACCOUNT 10001007 UPDATED');
    expect(bank.find('10001007')).toMatchObject({ creditLimit: 900, phone: '5551234567' });
  });

  it('changes nothing when the person cancels', async () => {
    const { bank } = await visit([
      LOGON,
      option('2'),
      { aid: 'Enter', values: { account: '10001007' } },
      { aid: 'Enter', values: { limit: '1' } },
      { aid: 'PF12' },
      PF3,
      PF3,
    ]);
    expect(bank.find('10001007')?.creditLimit).toBe(7_750);
  });

  it('pages through the list and stops at both ends', async () => {
    const keys: Key[] = ['PF7', 'PF8', 'PF7', ...Array.from({ length: 8 }, () => 'PF8')].map((aid) => ({ aid }) as Key);
    const { shown } = await visit([LOGON, option('3'), ...keys, PF3, PF3]);
    const pages = shown.slice(2, -2).map(({ values }) => `${values['position']?.trim()} ${values['message']}`.trim());
    expect(pages.slice(0, 4)).toEqual(['1-17 OF 120', '1-17 OF 120 FIRST PAGE', '18-34 OF 120', '1-17 OF 120']);
    expect(pages.slice(-2)).toEqual(['120-120 OF 120', '120-120 OF 120 LAST PAGE']);
  });

  it('lists as many accounts as the terminal has rows for', async () => {
    const { shown } = await visit([LOGON, option('3'), PF3, PF3], { rows: 43, columns: 80 });
    expect(shown[2]?.values['position']?.trim()).toBe('1-36 OF 120');
  });

  it('takes its time over the slow transaction', async () => {
    const { shown, messages, slept } = await visit([LOGON, option('5'), ENTER, PF3, PF3]);
    expect(messages).toEqual(['TRANSACTION RUNS']);
    expect(slept).toEqual([SLOW_TRANSACTION_MS]);
    expect(shown.findLast(({ screen }) => screen === Slow)?.values).toMatchObject({
      runs: '1',
      message: 'TRANSACTION COMPLETE',
    });
  });
});

it.each([
  [{ limit: '', phone: '5551234567' }, 'limit'],
  [{ limit: '1.5', phone: '5551234567' }, 'limit'],
  [{ limit: '50001', phone: '5551234567' }, 'limit'],
  [{ limit: '50000', phone: '555' }, 'phone'],
  [{ limit: '0', phone: '5551234567' }, undefined],
])('checks %j', (input, field) => {
  expect(checkChange(input)?.field).toBe(field);
});
