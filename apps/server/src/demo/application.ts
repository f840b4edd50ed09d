import type { HostApplication, HostTerminal } from '@roundhouse/tn3270/host';
import { type Account, type Bank, formatCents, formatUnits } from './bank.ts';
import {
  Colors,
  Goodbye,
  HOST_NAME_LENGTH,
  Inquiry,
  listCapacity,
  listScreen,
  Logon,
  Menu,
  Slow,
  UpdateConfirm,
  UpdateForm,
  UpdateSelect,
} from './screens.ts';

/** The password of every user. */
const DEMO_PASSWORD = 'DEMO';
/** How long the slow transaction takes, ms. */
export const SLOW_TRANSACTION_MS = 2_000;

const MAX_CREDIT_LIMIT = 50_000;

/** One person's visit. */
interface Visit {
  readonly terminal: HostTerminal;
  readonly bank: Bank;
  /** Shown at the top right, to tell one demonstration host from another. */
  readonly host: string;
}

type Transaction = (visit: Visit) => Promise<void>;

const TRANSACTIONS: ReadonlyMap<string, Transaction> = new Map([
  ['1', inquire],
  ['2', update],
  ['3', list],
  ['4', showColors],
  ['5', runSlowly],
]);
const LOGOFF = '6';
const UNKNOWN_KEY = 'KEY NOT ACTIVE ON THIS SCREEN';
const UNKNOWN_ACCOUNT = 'NO SUCH ACCOUNT';

/** The bank's application for one terminal. */
export function bankApplication(bank: Bank, name: string): HostApplication {
  const host = name.slice(0, HOST_NAME_LENGTH).padStart(HOST_NAME_LENGTH);
  return async (terminal) => {
    const visit = { terminal, bank, host };
    const user = await logOn(visit);
    if (user !== undefined) await chooseTransactions(visit, user);
    terminal.paint(Goodbye, { values: { host } });
  };
}

/** The user id, or undefined when the person left. */
async function logOn({ terminal, host }: Visit): Promise<string | undefined> {
  const about = `${terminal.lu} ${terminal.deviceType}`.slice(0, 32);
  let user = '';
  let message = '';
  let cursor: 'user' | 'password' = 'user';
  for (;;) {
    const values = { host, user, message, terminal: about };
    const answer = await terminal.show(Logon, { values, cursor, alarm: message !== '' });
    if (answer.aid === 'PF3') return undefined;
    user = answer.values.user.toUpperCase();
    if (answer.aid !== 'Enter') message = UNKNOWN_KEY;
    else if (user === '') [message, cursor] = ['ENTER A USER ID', 'user'];
    else if (answer.values.password.toUpperCase() === DEMO_PASSWORD) return user;
    else [message, cursor] = ['PASSWORD NOT VALID', 'password'];
  }
}

async function chooseTransactions(visit: Visit, user: string): Promise<void> {
  const { terminal, host } = visit;
  let message = '';
  for (;;) {
    const answer = await terminal.show(Menu, { values: { host, user, message }, alarm: message !== '' });
    const { option } = answer.values;
    if (answer.aid === 'PF3' || (answer.aid === 'Enter' && option === LOGOFF)) return;
    const transaction = answer.aid === 'Enter' ? TRANSACTIONS.get(option) : undefined;
    if (transaction === undefined) message = answer.aid === 'Enter' ? 'ENTER AN OPTION FROM 1 TO 6' : UNKNOWN_KEY;
    else {
      message = '';
      await transaction(visit);
    }
  }
}

async function inquire({ terminal, bank, host }: Visit): Promise<void> {
  let number = '';
  let message = '';
  for (;;) {
    const account = bank.find(number);
    const facts = account === undefined ? {} : { ...factsOf(account), limit: formatUnits(account.creditLimit) };
    const values = { host, message, account: number, ...facts };
    const answer = await terminal.show(Inquiry, { values, alarm: message !== '' });
    if (answer.aid === 'PF3') return;
    number = answer.values.account;
    message = answer.aid !== 'Enter' ? UNKNOWN_KEY : bank.find(number) === undefined ? UNKNOWN_ACCOUNT : '';
  }
}

async function update({ terminal, bank, host }: Visit): Promise<void> {
  let number = '';
  let message = '';
  for (;;) {
    const values = { host, message, account: number };
    const answer = await terminal.show(UpdateSelect, { values });
    if (answer.aid === 'PF3') return;
    number = answer.values.account;
    const account = bank.find(number);
    if (answer.aid !== 'Enter') message = UNKNOWN_KEY;
    else if (account === undefined) message = UNKNOWN_ACCOUNT;
    else {
      const outcome = await changeAccount({ terminal, bank, host }, account);
      if (outcome === 'left') return;
      message = outcome === 'updated' ? `ACCOUNT ${number} UPDATED` : 'UPDATE CANCELLED';
    }
  }
}

async function changeAccount(
  { terminal, bank, host }: Visit,
  account: Account,
): Promise<'updated' | 'cancelled' | 'left'> {
  const facts = { host, ...factsOf(account) };
  let input = { limit: String(account.creditLimit), phone: account.phone };
  let fault: Fault | undefined;
  for (;;) {
    const values = { ...facts, ...input, message: fault?.message ?? '' };
    const cursor = fault?.field ?? 'limit';
    const answer = await terminal.show(UpdateForm, { values, cursor, alarm: fault !== undefined });
    if (answer.aid === 'PF3') return 'left';
    if (answer.aid === 'PF12') return 'cancelled';
    input = answer.values;
    fault = answer.aid === 'Enter' ? checkChange(input) : { field: 'limit', message: UNKNOWN_KEY };
    if (fault === undefined) break;
  }
  let message = '';
  for (;;) {
    const values = { ...facts, ...input, message };
    const { aid } = await terminal.show(UpdateConfirm, { values });
    if (aid === 'PF12') return 'cancelled';
    if (aid === 'PF5') break;
    message = UNKNOWN_KEY;
  }
  bank.change(account.number, { creditLimit: Number(input.limit), phone: input.phone });
  return 'updated';
}

interface Fault {
  readonly field: 'limit' | 'phone';
  readonly message: string;
}

/** What is wrong with the first bad field, or undefined. */
export function checkChange(input: { readonly limit: string; readonly phone: string }): Fault | undefined {
  if (!/^\d+$/.test(input.limit)) return { field: 'limit', message: 'CREDIT LIMIT: ENTER A WHOLE NUMBER' };
  if (Number(input.limit) > MAX_CREDIT_LIMIT) {
    return { field: 'limit', message: `CREDIT LIMIT: AT MOST ${MAX_CREDIT_LIMIT}` };
  }
  if (!/^\d{10}$/.test(input.phone)) return { field: 'phone', message: 'PHONE: ENTER 10 DIGITS' };
  return undefined;
}

async function list({ terminal, bank, host }: Visit): Promise<void> {
  const { accounts } = bank;
  const capacity = listCapacity(terminal.size);
  const last = accounts.length - 1;
  let first = 0;
  let message = '';
  for (;;) {
    const page = accounts.slice(first, first + capacity);
    const position = `${first + 1}-${first + page.length} OF ${accounts.length}`.padStart(24);
    const { aid } = await terminal.show(listScreen(terminal.size, page), { values: { host, position, message } });
    message = '';
    if (aid === 'PF3') return;
    if (aid === 'PF8') {
      if (first + capacity <= last) first += capacity;
      else message = 'LAST PAGE';
    } else if (aid === 'PF7') {
      if (first > 0) first = Math.max(0, first - capacity);
      else message = 'FIRST PAGE';
    } else message = UNKNOWN_KEY;
  }
}

async function showColors({ terminal, host }: Visit): Promise<void> {
  const screen = terminal.extended ? Colors.graphic : Colors.plain;
  let message = '';
  for (;;) {
    const { aid } = await terminal.show(screen, { values: { host, message } });
    if (aid === 'PF3') return;
    message = UNKNOWN_KEY;
  }
}

async function runSlowly({ terminal, host }: Visit): Promise<void> {
  let runs = 0;
  let message = '';
  for (;;) {
    const { aid } = await terminal.show(Slow, { values: { host, message, runs: String(runs) } });
    if (aid === 'PF3') return;
    if (aid === 'Enter') {
      terminal.message('TRANSACTION RUNS');
      await terminal.scope.sleep(SLOW_TRANSACTION_MS);
      runs++;
      message = 'TRANSACTION COMPLETE';
    } else message = UNKNOWN_KEY;
  }
}

function factsOf({ number, holder, kind, balanceCents, phone }: Account) {
  return { account: number, holder, kind, balance: formatCents(balanceCents), phone };
}
