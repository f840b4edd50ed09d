import { COLOR, type ScreenSize } from '@roundhouse/tn3270';
import { createFrame, type Frame, putText } from '../terminal/frame.ts';
import { BOLD, inForeground, PLAIN, REVERSE, type Style, UNDERSCORE } from '../terminal/style.ts';
import { bytesText, percentText } from '../worker/figures.ts';
import { ROW_HEAD, rowCells, type WorkerRow } from '../worker/rows.ts';
import { BY_GRAVITY, type Order } from './order.ts';

/** What the window shows. */
export interface TopView {
  /** In their order. */
  readonly rows: readonly WorkerRow[];
  /** Index of the first one shown. */
  readonly first: number;
  readonly order: Order;
  readonly isReversed: boolean;
  /** What keeps the table from being of now. */
  readonly notice: string | null;
  /** When the server was asked, ms since 1970. */
  readonly atMs: number;
}

interface Column {
  readonly head: string;
  readonly width: number;
  readonly isNumber: boolean;
  readonly order: Order | undefined;
}

/** Rows above the first worker: the sums, the notice, the names of the columns. */
const HEAD_ROWS = 3;
const FOOT_ROWS = 1;
const GAP = 2;
const MIN_NAME = 8;
const MIN_REASON = 8;

const NUMBERS: ReadonlySet<string> = new Set(['PID', 'CPU%', 'MEM', 'RESTARTS', 'UP']);
const ORDER_OF: Readonly<Record<string, Order>> = {
  NAME: 'name',
  STATE: 'state',
  'CPU%': 'cpu',
  MEM: 'memory',
  RESTARTS: 'restarts',
  UP: 'uptime',
};

/** How many workers the window has room for. */
export function roomOf({ rows }: ScreenSize): number {
  return Math.max(1, rows - HEAD_ROWS - FOOT_ROWS);
}

export function composeTop(view: TopView, window: ScreenSize): Frame {
  const frame = createFrame(window, PLAIN);
  drawSums(frame, view);
  if (view.notice !== null)
    putText(frame, { row: 1, column: 0 }, fitted(view.notice, frame.columns), inForeground(COLOR.Red) | BOLD);
  const cells = view.rows.map((row) => [...rowCells(row), row.reason]);
  const columns = columnsFor(cells, window.columns);
  drawHead(frame, columns, view.order);
  const shown = view.rows.slice(view.first, view.first + roomOf(window));
  shown.forEach((row, index) => {
    drawRow(frame, HEAD_ROWS + index, columns, cells[view.first + index] as readonly string[], row);
  });
  drawFoot(frame, view, shown.length);
  return frame;
}

function drawSums(frame: Frame, { rows, atMs }: TopView): void {
  const states = BY_GRAVITY.map((state) => [rows.filter((row) => row.state === state).length, state] as const);
  const present = states.filter(([count]) => count > 0).map(([count, state]) => `${count} ${state}`);
  const sum = (valueOf: (row: WorkerRow) => number | null): number =>
    rows.reduce((all, row) => all + (valueOf(row) ?? 0), 0);
  const cpu = percentText(sum((row) => row.cpu_percent));
  const memory = bytesText(sum((row) => row.rss_bytes));
  const time = new Date(atMs).toTimeString().slice(0, 8);
  const right = `cpu ${cpu}%  mem ${memory}  ${time}`;
  const left = present.length === 0 ? 'no workers' : present.join(', ');
  const at = frame.columns - right.length;
  putText(frame, { row: 0, column: 0 }, fitted(left, Math.max(0, at < 0 ? frame.columns : at - GAP)), BOLD);
  if (at >= 0) putText(frame, { row: 0, column: at }, right, PLAIN);
}

/** As wide as their widest cell; names are cut, and columns left out from the right, where the window is too narrow. */
function columnsFor(cells: ReadonlyArray<readonly string[]>, room: number): readonly Column[] {
  const heads = [...ROW_HEAD, 'REASON'];
  const widths = heads.map((head, column) =>
    cells.reduce((width, row) => Math.max(width, (row[column] ?? '').length), head.length),
  );
  const [name = 0, ...others] = widths;
  const reason = others.at(-1) ?? 0;
  let kept = others.slice(0, -1);
  const roomForName = (): number => room - kept.reduce((sum, width) => sum + GAP + width, 0);
  while (kept.length > 1 && roomForName() < Math.min(name, MIN_NAME)) kept = kept.slice(0, -1);
  const nameWidth = Math.max(1, Math.min(name, roomForName()));
  const left = roomForName() - nameWidth - GAP;
  const hasReason = kept.length === others.length - 1 && left >= Math.min(reason, MIN_REASON);
  const all = [nameWidth, ...kept, ...(hasReason ? [Math.min(reason, left)] : [])];
  return all.map((width, index) => {
    const head = heads[index] as string;
    return { head, width, isNumber: NUMBERS.has(head), order: ORDER_OF[head] };
  });
}

function drawHead(frame: Frame, columns: readonly Column[], order: Order): void {
  const row = HEAD_ROWS - 1;
  putText(frame, { row, column: 0 }, ' '.repeat(frame.columns), REVERSE);
  let column = 0;
  for (const each of columns) {
    const style = each.order === order ? REVERSE | BOLD | UNDERSCORE : REVERSE;
    const padding = each.isNumber ? each.width - each.head.length : 0;
    putText(frame, { row, column: column + padding }, fitted(each.head, each.width), style);
    column += each.width + GAP;
  }
}

function drawRow(frame: Frame, row: number, columns: readonly Column[], cells: readonly string[], of: WorkerRow): void {
  if (row >= frame.rows - FOOT_ROWS) return;
  let column = 0;
  columns.forEach(({ head, width, isNumber }, index) => {
    const text = fitted(cells[index] ?? '', width);
    putText(frame, { row, column }, isNumber ? text.padStart(width) : text, styleOf(head, of));
    column += width + GAP;
  });
}

function drawFoot(frame: Frame, { rows, first, order, isReversed }: TopView, shown: number): void {
  const row = frame.rows - 1;
  const place = rows.length === 0 ? '' : `${first + 1}-${first + shown} of ${rows.length}`;
  const keys = `q quit  s sort: ${order}${isReversed ? ', reversed' : ''}  r reverse  \u2191 \u2193 PgUp PgDn`;
  const at = Math.max(0, frame.columns - place.length);
  putText(frame, { row, column: 0 }, keys, PLAIN, Math.max(0, at - GAP));
  putText(frame, { row, column: at }, place, PLAIN);
}

function fitted(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}\u2026`;
}

function styleOf(head: string, { state, limits }: WorkerRow): Style {
  if (head === 'STATE') return STATE_STYLES[state];
  if (head === 'LIMITS' && limits !== null) return LIMIT_STYLES[limits];
  return PLAIN;
}

const STATE_STYLES: Readonly<Record<WorkerRow['state'], Style>> = {
  ready: inForeground(COLOR.Green),
  running: inForeground(COLOR.Green),
  starting: inForeground(COLOR.Yellow),
  stopping: inForeground(COLOR.Yellow),
  restarting: inForeground(COLOR.Yellow) | BOLD,
  failed: inForeground(COLOR.Red) | BOLD,
  unknown: inForeground(COLOR.Pink),
  stopped: PLAIN,
};

const LIMIT_STYLES: Readonly<Record<NonNullable<WorkerRow['limits']>, Style>> = {
  ok: inForeground(COLOR.Green),
  unknown: PLAIN,
  warning: inForeground(COLOR.Yellow),
  exceeded: inForeground(COLOR.Red) | BOLD,
};
