import { COLOR } from '@roundhouse/tn3270';
import { type Frame, putText } from './frame.ts';
import { keymapLines } from './keymap.ts';
import type { TerminalSession } from './session.ts';
import { BOLD, inColor, PLAIN, REVERSE, type Style } from './style.ts';

/** A box over the screen. */
export type Panel =
  | { readonly kind: 'menu' }
  /** `page` counts on; the pages come round. */
  | { readonly kind: 'help'; readonly page: number }
  | { readonly kind: 'about' };

/** What the panel `about` tells beside the session's own facts. */
export interface TerminalFacts {
  /** `host:port`. */
  readonly peer: string;
  readonly traceFile: string | undefined;
}

export const MENU_KEYS = { quit: 'q', help: 'h', about: 'i' } as const;

const MENU_LINES = [
  `${MENU_KEYS.quit}       quit`,
  `${MENU_KEYS.help}       help: the keys`,
  `${MENU_KEYS.about}       about this session`,
  'Ctrl-]  send it to the host (NVT only)',
  'Esc     back to the session',
];

/** Rows and columns that the border takes. */
const BORDER_ROWS = 2;
const BORDER_COLUMNS = 4;

export function drawPanel(frame: Frame, panel: Panel, session: TerminalSession, facts: TerminalFacts): void {
  const { color } = session.model;
  switch (panel.kind) {
    case 'menu':
      return drawBox(frame, 'Roundhouse', MENU_LINES, color);
    case 'about':
      return drawBox(frame, 'About this session', aboutLines(session, facts), color);
    case 'help':
      return drawHelp(frame, panel.page, color);
  }
}

function drawHelp(frame: Frame, page: number, color: boolean): void {
  const room = Math.max(1, frame.rows - BORDER_ROWS - 1);
  const lines = keymapLines();
  const pages = Math.ceil(lines.length / room);
  const shown = page % pages;
  const title = pages === 1 ? 'Keys' : `Keys ${shown + 1}/${pages}, Space turns the page`;
  drawBox(frame, title, lines.slice(shown * room, (shown + 1) * room), color);
}

function aboutLines(session: TerminalSession, { peer, traceFile }: TerminalFacts): string[] {
  const { tls, lu, model, codePage, screen, connectionState } = session;
  const security = tls === null ? 'none' : `${tls.protocol} ${tls.cipher}${tls.verified ? '' : ', not verified'}`;
  return [
    `Host       ${peer}`,
    `State      ${connectionState}`,
    `TLS        ${security}`,
    `LU         ${lu ?? 'not told'}`,
    `Model      ${model.name}, screen ${screen.rows}x${screen.columns}`,
    `Code page  ${codePage.id}`,
    `Trace      ${traceFile ?? 'none (--trace FILE)'}`,
  ];
}

/** A box in the middle of the frame, as large as its lines and at most as large as the frame. */
function drawBox(frame: Frame, title: string, lines: readonly string[], color: boolean): void {
  const inside = Math.min(
    Math.max(title.length, ...lines.map((line) => line.length)),
    Math.max(0, frame.columns - BORDER_COLUMNS),
  );
  const border: Style = color ? inColor(COLOR.Turquoise, COLOR.NeutralBlack) : PLAIN;
  const body: Style = color ? inColor(COLOR.NeutralWhite, COLOR.NeutralBlack) : PLAIN;
  const column = Math.max(0, Math.floor((frame.columns - inside - BORDER_COLUMNS) / 2));
  let row = Math.max(0, Math.floor((frame.rows - lines.length - BORDER_ROWS) / 2));
  putText(frame, { row, column }, `┌${'─'.repeat(inside + 2)}┐`, border);
  putText(frame, { row, column: column + 1 }, ` ${title.slice(0, inside)} `, border | BOLD | REVERSE);
  for (const line of lines) {
    row++;
    putText(frame, { row, column }, '│', border);
    putText(frame, { row, column: column + 1 }, ` ${line.slice(0, inside).padEnd(inside)} `, body);
    putText(frame, { row, column: column + inside + 3 }, '│', border);
  }
  putText(frame, { row: row + 1, column }, `└${'─'.repeat(inside + 2)}┘`, border);
}
