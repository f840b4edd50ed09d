import { createScope, isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import { openSession, type Session } from '@roundhouse/tn3270';
import { defineScreen, type Host, type HostTerminal, serveHost } from '@roundhouse/tn3270/host';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runNavigation } from './run.ts';
import { parseScript } from './script.ts';

const PASSWORD = 'SESAME7';

const Logon = defineScreen({
  fields: [
    { row: 1, column: 2, text: 'LOGON' },
    { row: 10, column: 20, name: 'user', length: 8, cursor: true },
    { row: 12, column: 20, name: 'password', length: 8, hidden: true },
    { row: 23, column: 2, name: 'message', length: 40, protected: true },
  ],
});
const News = defineScreen({ fields: [{ row: 1, column: 2, text: 'NEWS OF THE DAY' }] });
const Menu = defineScreen({
  fields: [
    { row: 1, column: 2, text: 'MAIN MENU' },
    { row: 13, column: 22, name: 'option', length: 1, numeric: true },
  ],
});

const LOGON_STEP = {
  name: 'logon',
  expect: {
    texts: [{ text: 'LOGON', at: { row: 1, column: 2 } }],
    fields: [{ row: 12, column: 20, protected: false, hidden: true }],
    cursor: { row: 10, column: 20 },
    size: { rows: 24, columns: 80 },
  },
  actions: [
    { type: 'text', text: 'JOE' },
    { type: 'key', key: 'Tab' },
    { type: 'text', text: { secret: 'bank/joe' } },
    { type: 'key', key: 'Enter' },
  ],
};
const NEWS_STEP = {
  name: 'news',
  when: { texts: [{ text: 'NEWS*DAY', wildcards: true }] },
  expect: { absent_texts: [{ text: 'MENU' }] },
  actions: [{ type: 'key', key: 'PF3' }],
};
const MENU_STEP = { name: 'menu', expect: { texts: [{ text: 'MAIN MENU' }] } };

let scope: Scope;
let host: Host;
let session: Session;
beforeEach(() => {
  scope = createScope();
});
afterEach(async () => {
  await session.close();
  await host.close();
  scope.end();
});

/** A host that shows the logon, then runs `after` with the password that came. */
async function meet(after: (terminal: HostTerminal, password: string) => Promise<void>): Promise<void> {
  host = await serveHost(
    { port: 0 },
    async (terminal) => {
      const { values } = await terminal.show(Logon);
      await after(terminal, values.password);
    },
    {},
    scope,
  );
  session = await openSession({ host: '127.0.0.1', port: host.port, model: '3279-2-E' }, scope);
}

const go = (steps: readonly object[], secrets = async () => PASSWORD): Promise<void> =>
  runNavigation(session, parseScript({ name: 'to the menu', steps }), { secrets, scope });

async function failureOf(work: Promise<void>): Promise<RoundhouseError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isRoundhouseError(error)) throw new Error('no coded error', { cause: error });
  return error;
}

describe('a script over a real host', () => {
  it.each([true, false])('logs on with a secret and comes to the menu (news: %s)', async (hasNews) => {
    const passwords: string[] = [];
    await meet(async (terminal, password) => {
      passwords.push(password);
      if (hasNews) await terminal.show(News);
      await terminal.show(Menu);
    });
    await go([LOGON_STEP, NEWS_STEP, MENU_STEP]);
    expect(passwords).toEqual([PASSWORD]);
    expect(session.screen.cursor).toBe(12 * 80 + 21);
  });

  it('says what the screen lacks when the host refuses the password', async () => {
    await meet(async (terminal) => {
      await terminal.show(Logon, { values: { message: 'PASSWORD NOT VALID' } });
    });
    const failure = await failureOf(go([{ ...LOGON_STEP, leads_to: MENU_STEP.expect, timeout_ms: 300 }]));
    expect(failure).toMatchObject({
      code: 'NAVIGATION_FAILED',
      details: { step: 1, missing: ['text "MAIN MENU" anywhere'], input_in_flight: false, cause: 'WAIT_TIMEOUT' },
    });
  });

  it('tells that input is in flight when the host dies with it', async () => {
    await meet(async () => void host.close());
    const failure = await failureOf(go([LOGON_STEP, MENU_STEP]));
    expect(failure).toMatchObject({
      code: 'NAVIGATION_FAILED',
      details: { step: 1, step_name: 'logon', cause: 'SESSION_CLOSED', input_in_flight: true },
    });
    expect(JSON.stringify(failure) + failure.stack).not.toContain(PASSWORD);
  });

  it('does not type a secret that the hidden field would not hold', async () => {
    const passwords: string[] = [];
    await meet(async (_terminal, password) => void passwords.push(password));
    const failure = await failureOf(go([LOGON_STEP], async () => 'NINE-LONG'));
    expect(failure.message).toContain('action 3 (text)');
    expect(passwords).toEqual([]);
  });
});
