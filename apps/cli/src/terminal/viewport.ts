import type { ScreenSize } from '@roundhouse/tn3270';
import type { Position } from './frame.ts';

/** Where the operator information area stands. */
export type OiaPlace =
  /** On the last row, which is its own. */
  | 'own row'
  /** The screen takes the whole window: it covers a row when it has something to say. */
  | 'over the screen';

/** The part of the screen that the window shows. */
export interface Viewport extends ScreenSize {
  /** First row and column shown, from 0. */
  readonly top: number;
  readonly left: number;
}

export const ORIGIN = { top: 0, left: 0 } as const;

export function oiaPlace(window: ScreenSize, screen: ScreenSize): OiaPlace {
  return window.rows === screen.rows || window.rows < 2 ? 'over the screen' : 'own row';
}

/** Moves the viewport just so far that the cursor is in it. */
export function followCursor(
  { top, left }: Pick<Viewport, 'top' | 'left'>,
  window: ScreenSize,
  screen: ScreenSize,
  cursor: Position,
): Viewport {
  const roomRows = oiaPlace(window, screen) === 'own row' ? window.rows - 1 : window.rows;
  const rows = Math.min(roomRows, screen.rows);
  const columns = Math.min(window.columns, screen.columns);
  return {
    rows,
    columns,
    top: follow(top, rows, screen.rows, cursor.row),
    left: follow(left, columns, screen.columns, cursor.column),
  };
}

export function showsAll(view: Viewport, screen: ScreenSize): boolean {
  return view.rows === screen.rows && view.columns === screen.columns;
}

function follow(first: number, shown: number, all: number, cursor: number): number {
  const withCursor = Math.min(Math.max(first, cursor - shown + 1), cursor);
  return Math.min(Math.max(withCursor, 0), all - shown);
}
