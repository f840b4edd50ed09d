import { codePage, DATA_TYPE, DEFAULT_CODE_PAGE, FIELD_ATTRIBUTE, REQUEST_FLAG, WCC } from '@roundhouse/tn3270';
import { OutboundStream, type RawTerminal } from '@roundhouse/tn3270/host';

export interface NoticeOptions {
  /** Unlock the keyboard, so that any key that sends is an answer. Default false. */
  readonly unlocked?: boolean;
  /** Name of the code page. Default that of the reference emulator. */
  readonly codePage?: string;
}

/** The screen of Erase/Write, which every model has. */
const ROWS = 24;
const COLUMNS = 80;

/** Draws a protected screen of text, a line a row from the second on; what does not fit is cut. */
export function showNotice(terminal: RawTerminal, lines: readonly string[], options: NoticeOptions = {}): void {
  const { unlocked = false } = options;
  const encoding = { codePage: codePage(options.codePage ?? DEFAULT_CODE_PAGE), apl: undefined };
  const stream = new OutboundStream(ROWS * COLUMNS);
  stream.command('EW').wcc(unlocked ? WCC.KeyboardRestore : 0);
  stream.sba(0).ic().sf(FIELD_ATTRIBUTE.Protected);
  lines.slice(0, ROWS - 2).forEach((line, index) => {
    stream.sba((index + 1) * COLUMNS + 1).text([...line].slice(0, COLUMNS - 2).join(''), encoding);
  });
  terminal.send(DATA_TYPE.DATA_3270.code, unlocked ? REQUEST_FLAG.SEND_DATA.code : 0, stream.bytes);
  terminal.flush();
}
