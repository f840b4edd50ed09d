import type { ScreenSize } from '@roundhouse/tn3270';
import { createFrame, type Frame, type Position } from './frame.ts';
import { drawOia, type OiaFacts, oiaIsUrgent } from './oia.ts';
import { drawPanel, type Panel, type TerminalFacts } from './panel.ts';
import { backdrop, drawScreen } from './render.ts';
import type { TerminalSession } from './session.ts';
import { UNDERSCORE } from './style.ts';
import { followCursor, oiaPlace, showsAll, type Viewport } from './viewport.ts';

/** What the window shows beside the session. */
export interface OperatorView {
  readonly panel: Panel | null;
  readonly notice: string | null;
}

export interface Picture {
  readonly frame: Frame;
  readonly viewport: Viewport;
}

/** The whole window: screen, operator information area, and the panel over them. */
export function compose(
  session: TerminalSession,
  window: ScreenSize,
  previous: Pick<Viewport, 'top' | 'left'>,
  view: OperatorView,
  facts: TerminalFacts,
): Picture {
  const { screen, codePage, model } = session;
  const cursor = { row: Math.floor(screen.cursor / screen.columns), column: screen.cursor % screen.columns };
  const viewport = followCursor(previous, window, screen, cursor);
  const frame = createFrame(window, backdrop(model.color));
  drawScreen(frame, screen, codePage, model.color, viewport);
  frame.cursor = { row: cursor.row - viewport.top, column: cursor.column - viewport.left };

  const oia = oiaFacts(session, cursor, view, showsAll(viewport, screen) ? null : smallWindow(window, screen));
  if (oiaPlace(window, screen) === 'own row') {
    underline(frame, screen.rows, model.color);
    drawOia(frame, window.rows - 1, oia, model.color);
  } else if (oiaIsUrgent(oia)) {
    drawOia(frame, frame.cursor.row === window.rows - 1 ? 0 : window.rows - 1, oia, model.color);
  }
  if (view.panel !== null) {
    drawPanel(frame, view.panel, session, facts);
    frame.cursor = null;
  } else if (!session.cursorVisible) {
    frame.cursor = null;
  }
  return { frame, viewport };
}

function oiaFacts(
  session: TerminalSession,
  cursor: Position,
  { notice }: OperatorView,
  remark: string | null,
): OiaFacts {
  const { connectionState, lockReason, insertMode, typedAhead, lu, tls } = session;
  return {
    connectionState,
    lockReason,
    insertMode,
    typesAhead: typedAhead > 0,
    tls: tls === null ? 'none' : tls.verified ? 'verified' : 'unverified',
    lu,
    cursor,
    notice,
    remark,
  };
}

/** Where there are rows to spare, a line parts the screen from the area below, as on a display. */
function underline(frame: Frame, below: number, color: boolean): void {
  const row = frame.rows - 2;
  if (row < below) return;
  const start = row * frame.columns;
  frame.styles.fill(backdrop(color) | UNDERSCORE, start, start + frame.columns);
}

function smallWindow(window: ScreenSize, screen: ScreenSize): string {
  return `Window ${window.rows}x${window.columns}, needs ${screen.rows + 1}x${screen.columns}`;
}
