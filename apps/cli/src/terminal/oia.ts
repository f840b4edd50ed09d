import { COLOR, type ConnectionState, type LockReason } from '@roundhouse/tn3270';
import { type Frame, type Position, putText } from './frame.ts';
import { backdrop } from './render.ts';
import { BOLD, inColor, PLAIN, REVERSE, type Style, UNDERSCORE } from './style.ts';

/** What the operator information area tells. */
export interface OiaFacts {
  readonly connectionState: ConnectionState;
  readonly lockReason: LockReason | null;
  readonly insertMode: boolean;
  readonly typesAhead: boolean;
  readonly tls: 'none' | 'verified' | 'unverified';
  readonly lu: string | null;
  /** On the 3270 screen. */
  readonly cursor: Position;
  /** A word to the operator that takes the place of the lock reason. */
  readonly notice: string | null;
  /** Shown when there is nothing more urgent. */
  readonly remark: string | null;
}

type Tone = 'calm' | 'wait' | 'error';

interface Message {
  readonly text: string;
  readonly tone: Tone;
}

/** What the host and this terminal speak, after the 4 of a control unit: A and B are the two TN3270s, as on a display. */
const CONNECTION_SYMBOLS: Readonly<Record<ConnectionState, string>> = {
  'not-connected': ' ?',
  resolving: ' ?',
  'tcp-pending': ' ?',
  'tls-pending': ' ?',
  'telnet-pending': ' ?',
  'connected-nvt': 'AN',
  'connected-nvt-charmode': 'AN',
  'connected-3270': 'A●',
  'connected-unbound': 'B?',
  'connected-e-nvt': 'BN',
  'connected-sscp': 'BS',
  'connected-tn3270e': 'B●',
};

const LOCK_MESSAGES: Readonly<Record<LockReason, Message>> = {
  protected: { text: 'X Protected', tone: 'error' },
  numeric: { text: 'X Numeric', tone: 'error' },
  overflow: { text: 'X Overflow', tone: 'error' },
  dbcs: { text: 'X DBCS', tone: 'error' },
  minus: { text: 'X -f', tone: 'error' },
  not_connected: { text: 'X Not Connected', tone: 'error' },
  awaiting_first: { text: 'X Connecting', tone: 'wait' },
  twait: { text: 'X Wait', tone: 'wait' },
  system: { text: 'X SYSTEM', tone: 'wait' },
  deferred_unlock: { text: 'X', tone: 'wait' },
  enter_inhibit: { text: 'X Wait', tone: 'wait' },
  bid: { text: 'X Wait', tone: 'wait' },
  file_transfer: { text: 'X File Transfer', tone: 'wait' },
  scrolled: { text: 'X Scrolled', tone: 'wait' },
};

/** States before the host has said what it is, and after it has gone, tell more than the lock. */
const STATE_MESSAGES: Readonly<Partial<Record<ConnectionState, Message>>> = {
  'not-connected': { text: 'X Not Connected', tone: 'error' },
  resolving: { text: 'X Connecting: name', tone: 'wait' },
  'tcp-pending': { text: 'X Connecting: TCP', tone: 'wait' },
  'tls-pending': { text: 'X Connecting: TLS', tone: 'wait' },
  'telnet-pending': { text: 'X Connecting: TELNET', tone: 'wait' },
  'connected-unbound': { text: 'X Connecting: application', tone: 'wait' },
};

/** Reset lifts these; a person has to see them, even where the screen has no row to spare. */
const NEEDS_OPERATOR: ReadonlySet<LockReason> = new Set([
  'protected',
  'numeric',
  'overflow',
  'dbcs',
  'minus',
  'not_connected',
  'system',
]);

export function oiaMessage({ connectionState, lockReason, notice, remark }: OiaFacts): Message {
  if (notice !== null) return { text: notice, tone: 'calm' };
  const state = STATE_MESSAGES[connectionState];
  if (state !== undefined && lockReason !== null) return state;
  if (lockReason !== null) return LOCK_MESSAGES[lockReason];
  return { text: remark ?? '', tone: 'calm' };
}

/** Whether the area has something that cannot wait until the operator looks for it. */
export function oiaIsUrgent({ lockReason, notice }: OiaFacts): boolean {
  return notice !== null || (lockReason !== null && NEEDS_OPERATOR.has(lockReason));
}

interface Indicator {
  readonly text: string;
  readonly tone: Tone | 'good';
}

const MESSAGE_COLUMN = 5;
/** The message gets at least this many cells before indicators are left out. */
const LEAST_MESSAGE_COLUMNS = 28;
const LU_COLUMNS = 8;

/** Draws the area into one row of the frame. */
export function drawOia(frame: Frame, row: number, facts: OiaFacts, color: boolean): void {
  const ground = toneStyle('calm', color);
  putText(frame, { row, column: 0 }, ' '.repeat(frame.columns), ground);
  const [protocol = ' ', owner = ' '] = CONNECTION_SYMBOLS[facts.connectionState];
  putText(frame, { row, column: 0 }, '4', ground | REVERSE);
  putText(frame, { row, column: 1 }, protocol, protocol === ' ' ? ground : ground | UNDERSCORE);
  putText(frame, { row, column: 2 }, owner, ground | REVERSE);

  const indicators = indicatorsThatFit(facts, frame.columns);
  let column = frame.columns - widthOf(indicators);
  const { text, tone } = oiaMessage(facts);
  putText(frame, { row, column: MESSAGE_COLUMN }, text, toneStyle(tone, color), column - MESSAGE_COLUMN - 1);
  for (const indicator of indicators) {
    putText(frame, { row, column }, indicator.text, toneStyle(indicator.tone, color));
    column += indicator.text.length + 1;
  }
}

/** From left to right; where the window is narrow the left ones give way. */
function indicatorsThatFit(facts: OiaFacts, columns: number): Indicator[] {
  const indicators = allIndicators(facts);
  while (indicators.length > 1 && columns - MESSAGE_COLUMN - widthOf(indicators) < LEAST_MESSAGE_COLUMNS) {
    indicators.shift();
  }
  return indicators;
}

function allIndicators({ lu, tls, typesAhead, insertMode, cursor }: OiaFacts): Indicator[] {
  const position = [cursor.row, cursor.column].map((each) => String(each + 1).padStart(3, '0')).join('/');
  return [
    { text: (lu ?? '').padEnd(LU_COLUMNS), tone: 'calm' },
    tls === 'unverified'
      ? { text: 'TLS!', tone: 'wait' }
      : { text: (tls === 'verified' ? 'TLS' : '').padEnd(4), tone: 'good' },
    { text: typesAhead ? 'T' : ' ', tone: 'calm' },
    { text: insertMode ? '^' : ' ', tone: 'wait' },
    { text: position, tone: 'calm' },
  ];
}

/** With a blank after each: the last cell of the row stays free, as on a display. */
function widthOf(indicators: readonly Indicator[]): number {
  return indicators.reduce((width, { text }) => width + text.length + 1, 0);
}

const TONE_COLORS: Readonly<Record<Indicator['tone'], number>> = {
  calm: COLOR.Turquoise,
  wait: COLOR.Yellow,
  error: COLOR.Red,
  good: COLOR.Green,
};

function toneStyle(tone: Indicator['tone'], color: boolean): Style {
  const weight = tone === 'error' || tone === 'wait' ? BOLD : PLAIN;
  return (color ? inColor(TONE_COLORS[tone], COLOR.NeutralBlack) : backdrop(color)) | weight;
}
