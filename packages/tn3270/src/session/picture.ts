import type { CodePage } from '../codepage/codePage.ts';
import { FORMAT_CONTROLS } from '../datastream/order.ts';
import { LOCK } from '../keyboard/lock.ts';
import { type Cell, CHAR_MASK } from '../screen/cell.ts';
import { paintScreen, setReplyMode } from '../screen/paint.ts';
import type { Screen } from '../screen/screen.ts';
import { DATA_TYPE, REQUEST_FLAG } from '../telnet/tn3270e.ts';
import type { Emulator } from './emulator.ts';
import type { Picture, PictureOptions } from './relay.ts';

/** Locks that the host alone lifts. An operator error is the other operator's business. */
const HOST_LOCKS = LOCK.NotConnected | LOCK.AwaitingFirst | LOCK.Twait | LOCK.System | LOCK.FileTransfer;

const SPACE = 0x20;
const EBCDIC_SPACE = 0x40;

/** What a terminal has to be sent to show what an emulator shows. */
export function pictureOf(emulator: Emulator, codePage: CodePage, options: PictureOptions): Picture {
  const { screen, telnet, keyboard } = emulator;
  const locked = (keyboard.lock & HOST_LOCKS) !== 0;
  const requestFlag = locked || (keyboard.lock & LOCK.Bid) !== 0 ? 0 : REQUEST_FLAG.SEND_DATA.code;
  const data = (body: Uint8Array) => ({ dataType: DATA_TYPE.DATA_3270.code, requestFlag, body });
  const isBound = telnet.state === 'connected-3270' || telnet.state === 'connected-tn3270e';
  if (options.tn3270e && telnet.state === 'connected-sscp') {
    const text = { dataType: DATA_TYPE.SSCP_LU_DATA.code, requestFlag, body: sscpText(screen) };
    return { bound: null, records: [text], locked };
  }
  if (options.tn3270e && emulator.inNvt) {
    const text = { dataType: DATA_TYPE.NVT_DATA.code, requestFlag, body: nvtText(screen, codePage) };
    return { bound: null, records: [text], locked };
  }
  if (!isBound && options.takesBinds) return { bound: null, records: [], locked };
  const painting = data(
    paintScreen(screen, {
      alternate: emulator.terminal.isAlternate,
      extended: options.extended,
      restore: !locked,
      encode: (codePoint) => codePage.fromUnicode(codePoint),
    }),
  );
  const { replyMode } = emulator.terminal;
  const keepsMode = !options.extended || replyMode.kind === 'field';
  return {
    bound: isBound ? { pluName: telnet.pluName, ...emulator.sizes } : null,
    records: keepsMode ? [painting] : [painting, data(setReplyMode(replyMode))],
    locked,
  };
}

/** What stands before the cursor, rows ended by NL. */
function sscpText(screen: Screen): Uint8Array {
  const { cells, columns, cursor } = screen;
  const text: number[] = [];
  for (let start = 0; start <= cursor; start += columns) {
    const isLast = cursor < start + columns;
    let end = isLast ? cursor : start + columns;
    while (!isLast && end > start && ((cells[end - 1] as Cell) & CHAR_MASK) === 0) end--;
    for (let at = start; at < end; at++) text.push((cells[at] as Cell) & CHAR_MASK || EBCDIC_SPACE);
    if (!isLast) text.push(FORMAT_CONTROLS.NL.code);
  }
  return Uint8Array.from(text);
}

/** The whole page on a cleared one, and the cursor in its place. ECMA-48 ED, CUP. */
function nvtText(screen: Screen, codePage: CodePage): Uint8Array {
  const { cells, rows, columns, cursor } = screen;
  const lines = Array.from({ length: rows }, (_, row) => {
    let line = '';
    for (let at = row * columns; at < (row + 1) * columns; at++) {
      const cell = cells[at] as Cell;
      const codePoint = screen.unicodeAt(at) || (cell < 0 ? 0 : codePage.toUnicode(cell & CHAR_MASK));
      line += String.fromCodePoint(codePoint || SPACE);
    }
    return line.trimEnd();
  });
  const place = `\x1b[${Math.floor(cursor / columns) + 1};${(cursor % columns) + 1}H`;
  return Buffer.from(`\x1b[H\x1b[2J${lines.join('\r\n').trimEnd()}${place}`, 'utf8');
}
