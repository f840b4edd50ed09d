import type { Clock } from '@roundhouse/core';
import {
  type BufferAddress,
  type Cell,
  CHAR_MASK,
  CHARSET_MASK,
  CHARSET_SHIFT,
  type ConnectionState,
  isNondisplay,
  type LockReason,
  Screen,
  type Session,
} from '@roundhouse/tn3270';
import type { HiddenAddresses } from '../screen/numbers.ts';

/**
 * What became of the data cells of nondisplay fields. `masked`: they are NUL with no attributes of their own, so that
 * not even the length of what was typed is left; the field attributes stay. `kept`: they are exact.
 */
export type HiddenText = 'masked' | 'kept';

/**
 * A session at one moment, as plain data that it owns. It shows where the session was; a host knows nothing of it, so
 * only a script brings a live session back there. With hidden text `kept` it must not be logged or stored: it is for
 * the hand-over between two processes, under a key (see `serializeSnapshot`).
 */
export interface Snapshot {
  /** Wall clock, ms since 1970. */
  readonly takenAt: number;
  /** Rows × columns are at most 16,383. */
  readonly rows: number;
  readonly columns: number;
  /** Packed as in the screen, see `Cell`. */
  readonly cells: Int32Array;
  /** Code points of NVT characters, 0 where a cell holds 3270 data; null when all do. */
  readonly unicode: Uint32Array | null;
  readonly cursor: BufferAddress;
  readonly hidden: HiddenText;
  /** Null when the keyboard was unlocked. */
  readonly lockReason: LockReason | null;
  readonly connectionState: ConnectionState;
  readonly model: string;
  readonly codePage: string;
  readonly lu: string | null;
  /** Application name of the BIND. */
  readonly pluName: string | null;
  /** Position in the audit journal of the last event that it includes, or null. */
  readonly journalPosition: number | null;
  /** The session's own words about itself; not the host's. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a snapshot is taken of: any session. */
export type SnapshotSource = Pick<
  Session,
  'screen' | 'lockReason' | 'connectionState' | 'model' | 'codePage' | 'lu' | 'pluName'
>;

export interface SnapshotOptions {
  readonly clock: Clock;
  readonly journalPosition?: number | null;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Default `masked`. */
  readonly hidden?: HiddenText;
  /** Addresses where asterisks stand in the place of what the session shows. Default: none. */
  readonly starred?: HiddenAddresses;
}

/** Copies what a session holds now; later changes of the session do not show in it. */
export function takeSnapshot(source: SnapshotSource, options: SnapshotOptions): Snapshot {
  const { clock, journalPosition = null, metadata = {}, hidden = 'masked', starred } = options;
  const { screen, lockReason, connectionState, model, codePage, lu, pluName } = source;
  const exact: Snapshot = {
    takenAt: clock.now(),
    rows: screen.rows,
    columns: screen.columns,
    cells: screen.cells.slice(),
    unicode: drawnCharacters(screen),
    cursor: screen.cursor,
    hidden: 'kept',
    lockReason,
    connectionState,
    model: model.name,
    codePage: codePage.id,
    lu,
    pluName,
    journalPosition,
    metadata: { ...metadata },
  };
  if (starred !== undefined) putStars(exact, starred);
  return hidden === 'kept' ? exact : maskSnapshot(exact);
}

/** EBCDIC asterisk: the same in every code page. */
const ASTERISK = 0x5c;

function putStars({ cells, unicode }: Snapshot, addresses: HiddenAddresses): void {
  for (const address of addresses) {
    if (unicode !== null && unicode[address] !== 0) unicode[address] = '*'.codePointAt(0) as number;
    else cells[address] = ((cells[address] as Cell) & ~(CHAR_MASK | (CHARSET_MASK << CHARSET_SHIFT))) | ASTERISK;
  }
}

/** The same snapshot without hidden text. */
export function maskSnapshot(snapshot: Snapshot): Snapshot {
  if (snapshot.hidden === 'masked') return snapshot;
  const screen = restoreScreen(snapshot);
  const cells = snapshot.cells.slice();
  const unicode = snapshot.unicode?.slice() ?? null;
  for (let address = 0; address < cells.length; address++) {
    if (!isHiddenData(screen, address)) continue;
    cells[address] = 0;
    if (unicode !== null) unicode[address] = 0;
  }
  return {
    ...snapshot,
    cells,
    unicode: unicode?.some((codePoint) => codePoint !== 0) ? unicode : null,
    hidden: 'masked',
  };
}

/**
 * A screen that equals the one of the snapshot cell by cell: characters, attributes, fields, Unicode plane and cursor.
 * It belongs to the caller, for looking at; nothing leads from it to a host.
 */
export function restoreScreen(snapshot: Pick<Snapshot, 'rows' | 'columns' | 'cells' | 'unicode' | 'cursor'>): Screen {
  const { cells, unicode, cursor } = snapshot;
  const screen = new Screen(snapshot);
  unicode?.forEach((codePoint, address) => {
    if (codePoint !== 0) screen.setUnicode(address, codePoint, 0);
  });
  screen.cells.set(cells);
  screen.moveCursor(cursor);
  screen.changed(true);
  return screen;
}

/** Whether what stands at an address is data of a nondisplay field. */
export function isHiddenData(screen: Screen, address: BufferAddress): boolean {
  return (screen.cells[address] as number) >= 0 && isNondisplay(screen.attributeAt(address));
}

/** The Unicode plane without what is left of characters that were overwritten: those may be anything once shown. */
function drawnCharacters(screen: Screen): Uint32Array | null {
  if (screen.unicode === undefined) return null;
  const drawn = Uint32Array.from(screen.cells, (_, address) => screen.unicodeAt(address));
  return drawn.some((codePoint) => codePoint !== 0) ? drawn : null;
}
