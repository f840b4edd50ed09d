import { codePage, DATA_TYPE, DEFAULT_CODE_PAGE, FIELD_ATTRIBUTE, REQUEST_FLAG, WCC } from '@roundhouse/tn3270';
import { decodeFieldText, OutboundStream, type RawTerminal } from '@roundhouse/tn3270/host';
import { nextAttention } from './attention.ts';
import { frontDoorError } from './errors.ts';

/** The screen of Erase/Write, which every model has. */
const ROWS = 24;
const COLUMNS = 80;
const FIRST_ROW = 4;
/** Groups that one screen has room for. */
const MAX_GROUPS = 15;
const CODE_PAGE = codePage(DEFAULT_CODE_PAGE);

/**
 * Lets the person choose a group; the only one there is needs no choice. PF3 and Clear leave. Rejects with NO_GROUPS,
 * NO_CHOICE, or the reason of the terminal's end.
 */
export async function askGroup(terminal: RawTerminal, groups: readonly string[]): Promise<string> {
  const offered = groups.slice(0, MAX_GROUPS);
  const [only] = offered;
  if (only === undefined) throw frontDoorError('NO_GROUPS');
  if (offered.length === 1) return only;
  for (let message = ''; ; message = `Type a number from 1 to ${offered.length}`) {
    draw(terminal, offered, message);
    const { aid, fields } = await nextAttention(terminal, terminal.scope);
    if (aid === 'PF3' || aid === 'PF15' || aid === 'Clear') throw frontDoorError('NO_CHOICE');
    const [input] = fields;
    const typed = input === undefined ? '' : decodeFieldText(input.bytes, CODE_PAGE).trim();
    const choice = /^\d{1,2}$/.test(typed) ? offered[Number(typed) - 1] : undefined;
    if (choice !== undefined) return choice;
  }
}

function draw(terminal: RawTerminal, groups: readonly string[], message: string): void {
  const encoding = { codePage: CODE_PAGE, apl: undefined };
  const stream = new OutboundStream(ROWS * COLUMNS);
  const at = (row: number, column: number): number => (row - 1) * COLUMNS + column - 1;
  const label = (row: number, column: number, text: string): void => {
    stream
      .sba(at(row, column))
      .sf(FIELD_ATTRIBUTE.Protected | FIELD_ATTRIBUTE.Numeric)
      .text(text, encoding);
  };
  stream.command('EW').wcc(WCC.Reset | WCC.KeyboardRestore | WCC.ResetMdt);
  label(1, 1, 'ROUNDHOUSE');
  label(2, 1, 'Choose where to go:');
  groups.forEach((group, index) => label(FIRST_ROW + index, 5, `${String(index + 1).padStart(2)}  ${group}`));
  const row = FIRST_ROW + groups.length + 1;
  label(row, 5, 'Number ==>');
  stream
    .sba(at(row, 16))
    .sf(0)
    .ic()
    .sba(at(row, 19))
    .sf(FIELD_ATTRIBUTE.Protected | FIELD_ATTRIBUTE.Numeric);
  label(row + 2, 5, message);
  label(ROWS, 1, 'Enter=Select  PF3=Leave');
  terminal.send(DATA_TYPE.DATA_3270.code, REQUEST_FLAG.SEND_DATA.code, stream.bytes);
  terminal.flush();
}
