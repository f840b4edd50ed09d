import type { ScreenSize } from '@roundhouse/tn3270';
import { defineScreen, type Field, type TextField } from '@roundhouse/tn3270/host';
import { type Account, formatCents, formatUnits } from './bank.ts';

const BANK_NAME = 'FIRST ROUNDHOUSE BANK';

/** Cells of the host's name, at the right end of the first row. */
export const HOST_NAME_LENGTH = 20;

/** What every screen has: transaction, bank, host, title, a line for messages and one for keys. */
const frame = (transaction: string, title: string, keys: string) =>
  [
    { row: 1, column: 2, text: transaction, color: 'blue' },
    { row: 1, column: 30, text: BANK_NAME, color: 'white', intensified: true },
    { row: 1, column: -HOST_NAME_LENGTH, name: 'host', length: HOST_NAME_LENGTH, protected: true, color: 'turquoise' },
    { row: 2, column: 2, text: title, color: 'turquoise' },
    { row: -2, column: 2, name: 'message', length: 78, protected: true, color: 'red', intensified: true },
    { row: -1, column: 2, text: keys, color: 'blue' },
  ] as const satisfies readonly Field[];

const label = (row: number, column: number, text: string) => ({ row, column, text, color: 'green' }) as const;

export const Logon = defineScreen({
  fields: [
    ...frame('LOGON', 'LOGON', 'ENTER=LOGON  PF3=EXIT'),
    label(6, 20, 'WELCOME. THIS IS A DEMONSTRATION.'),
    label(7, 20, 'ANY USER ID, PASSWORD DEMO.'),
    label(10, 20, 'USER ID  . . . .'),
    { row: 10, column: 38, name: 'user', length: 8, highlight: 'underscore', cursor: true },
    label(12, 20, 'PASSWORD . . . .'),
    { row: 12, column: 38, name: 'password', length: 8, hidden: true },
    label(14, 20, 'TERMINAL . . . .'),
    { row: 14, column: 38, name: 'terminal', length: 32, protected: true, color: 'turquoise' },
  ],
});

export const Menu = defineScreen({
  fields: [
    ...frame('MENU', 'MAIN MENU', 'ENTER=SELECT  PF3=LOGOFF'),
    label(5, 10, '1  ACCOUNT INQUIRY'),
    label(6, 10, '2  ACCOUNT UPDATE'),
    label(7, 10, '3  ACCOUNT LIST'),
    label(8, 10, '4  COLOURS AND HIGHLIGHTS'),
    label(9, 10, '5  SLOW TRANSACTION'),
    label(10, 10, '6  LOGOFF'),
    label(13, 10, 'OPTION ==>'),
    { row: 13, column: 22, name: 'option', length: 1, highlight: 'underscore', numeric: true },
    label(16, 10, 'USER'),
    { row: 16, column: 22, name: 'user', length: 8, protected: true, color: 'yellow' },
  ],
});

const accountFacts = [
  label(7, 10, 'HOLDER . . . . .'),
  { row: 7, column: 28, name: 'holder', length: 30, protected: true, color: 'white' },
  label(8, 10, 'KIND . . . . . .'),
  { row: 8, column: 28, name: 'kind', length: 10, protected: true, color: 'white' },
  label(9, 10, 'BALANCE  . . . .'),
  { row: 9, column: 28, name: 'balance', length: 16, protected: true, color: 'white' },
] as const satisfies readonly Field[];

const accountInput = [
  label(5, 10, 'ACCOUNT  . . . .'),
  { row: 5, column: 28, name: 'account', length: 8, numeric: true, highlight: 'underscore', cursor: true },
] as const satisfies readonly Field[];

export const Inquiry = defineScreen({
  fields: [
    ...frame('INQ', 'ACCOUNT INQUIRY', 'ENTER=SEARCH  PF3=MENU'),
    ...accountInput,
    ...accountFacts,
    label(10, 10, 'CREDIT LIMIT . .'),
    { row: 10, column: 28, name: 'limit', length: 10, protected: true, color: 'white' },
    label(11, 10, 'PHONE  . . . . .'),
    { row: 11, column: 28, name: 'phone', length: 10, protected: true, color: 'white' },
  ],
});

export const UpdateSelect = defineScreen({
  fields: [...frame('UPD', 'ACCOUNT UPDATE', 'ENTER=SELECT  PF3=MENU'), ...accountInput],
});

const accountShown = [
  label(5, 10, 'ACCOUNT  . . . .'),
  { row: 5, column: 28, name: 'account', length: 8, protected: true, color: 'white' },
  ...accountFacts,
] as const satisfies readonly Field[];

export const UpdateForm = defineScreen({
  fields: [
    ...frame('UPD', 'ACCOUNT UPDATE', 'ENTER=CHECK  PF3=MENU  PF12=CANCEL'),
    ...accountShown,
    label(11, 10, 'CREDIT LIMIT . .'),
    { row: 11, column: 28, name: 'limit', length: 6, numeric: true, highlight: 'underscore', cursor: true },
    label(11, 40, '0 TO 50000, WHOLE UNITS'),
    label(12, 10, 'PHONE  . . . . .'),
    { row: 12, column: 28, name: 'phone', length: 10, numeric: true, highlight: 'underscore' },
    label(12, 40, '10 DIGITS'),
  ],
});

export const UpdateConfirm = defineScreen({
  fields: [
    ...frame('UPD', 'CONFIRM THE UPDATE', 'PF5=CONFIRM  PF12=CANCEL'),
    ...accountShown,
    label(11, 10, 'CREDIT LIMIT . .'),
    { row: 11, column: 28, name: 'limit', length: 6, protected: true, color: 'yellow' },
    label(12, 10, 'PHONE  . . . . .'),
    { row: 12, column: 28, name: 'phone', length: 10, protected: true, color: 'yellow' },
  ],
});

/** Rows of the list that are not accounts: frame, headings and a blank row above the message. */
const LIST_OVERHEAD = 7;
const LIST_FIRST_ROW = 5;

/** Accounts that fit on a screen. */
export const listCapacity = (size: ScreenSize): number => size.rows - LIST_OVERHEAD;

/** The list has as many rows as the terminal, so that its screen is declared as it is shown. */
export function listScreen(size: ScreenSize, page: readonly Account[]) {
  const rows = page.map(
    (account, index): TextField => ({
      row: LIST_FIRST_ROW + index,
      column: 2,
      text: listLine(account),
      color: account.balanceCents < 0 ? 'red' : 'green',
    }),
  );
  return defineScreen({
    size,
    fields: [
      ...frame('LIST', 'ACCOUNT LIST', 'PF7=BACKWARD  PF8=FORWARD  PF3=MENU'),
      { row: 2, column: -24, name: 'position', length: 24, protected: true, color: 'turquoise' },
      { row: 4, column: 2, text: LIST_HEADING, color: 'white', highlight: 'underscore' },
      ...rows,
    ],
  });
}

const LIST_HEADING = `${'ACCOUNT'.padEnd(10)}${'HOLDER'.padEnd(24)}${'KIND'.padEnd(10)}${'BALANCE'.padStart(15)}${'LIMIT'.padStart(10)}`;

function listLine({ number, holder, kind, balanceCents, creditLimit }: Account): string {
  const amounts = `${formatCents(balanceCents).padStart(15)}${formatUnits(creditLimit).padStart(10)}`;
  return `${number.padEnd(10)}${holder.padEnd(24)}${kind.padEnd(10)}${amounts}`;
}

const COLOR_NAMES = ['blue', 'red', 'pink', 'green', 'turquoise', 'yellow', 'white'] as const;
const HIGHLIGHT_NAMES = ['reverse', 'underscore', 'blink', 'intensify'] as const;

/** Line drawing of code page 310 where the terminal has graphic escape, plain characters elsewhere. */
const BOX = {
  graphic: ['┌', '─', '┐', '│', '└', '┘'],
  plain: ['+', '-', '+', '|', '+', '+'],
} as const;
const BOX_WIDTH = 34;

function colorsScreen(box: keyof typeof BOX) {
  const [topLeft, across, topRight, down, bottomLeft, bottomRight] = BOX[box];
  const inside = BOX_WIDTH - 2;
  const line = across.repeat(inside);
  return defineScreen({
    fields: [
      ...frame('COLR', 'COLOURS AND HIGHLIGHTS', 'PF3=MENU'),
      label(4, 4, 'FIELDS (SFE)'),
      ...COLOR_NAMES.map(
        (color, index): TextField => ({ row: 5 + index, column: 4, text: color.toUpperCase(), color }),
      ),
      label(4, 24, 'HIGHLIGHTS'),
      ...HIGHLIGHT_NAMES.map(
        (highlight, index): TextField => ({
          row: 5 + index,
          column: 24,
          text: highlight.toUpperCase(),
          color: 'yellow',
          highlight,
        }),
      ),
      label(13, 4, 'CHARACTERS (SA)'),
      {
        row: 14,
        column: 4,
        text: COLOR_NAMES.map((color, index) => ({
          text: `${color.toUpperCase()} `,
          color,
          highlight: HIGHLIGHT_NAMES[index % HIGHLIGHT_NAMES.length] as (typeof HIGHLIGHT_NAMES)[number],
        })),
      },
      label(4, 44, 'LINE DRAWING (GE)'),
      { row: 5, column: 44, text: `${topLeft}${line}${topRight}`, color: 'turquoise' },
      { row: 6, column: 44, text: `${down}${BANK_NAME.padStart(27).padEnd(inside)}${down}`, color: 'turquoise' },
      { row: 7, column: 44, text: `${bottomLeft}${line}${bottomRight}`, color: 'turquoise' },
    ],
  });
}

export const Colors = { graphic: colorsScreen('graphic'), plain: colorsScreen('plain') } as const;

export const Slow = defineScreen({
  fields: [
    ...frame('SLOW', 'SLOW TRANSACTION', 'ENTER=RUN  PF3=MENU'),
    label(6, 10, 'ENTER RUNS A TRANSACTION THAT TAKES TWO SECONDS.'),
    label(8, 10, 'RUNS SO FAR  . .'),
    { row: 8, column: 28, name: 'runs', length: 6, protected: true, color: 'yellow' },
  ],
});

export const Goodbye = defineScreen({
  fields: [
    ...frame('LOGOFF', 'LOGOFF', 'CONNECT AGAIN TO LOG ON'),
    label(10, 20, 'THANK YOU FOR USING'),
    { row: 11, column: 20, text: BANK_NAME, color: 'white' },
    label(13, 20, 'YOUR SESSION HAS ENDED.'),
  ],
});
