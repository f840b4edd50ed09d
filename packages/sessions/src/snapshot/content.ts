import { CONNECTION_STATES, LIMITS, LOCK_REASONS } from '@roundhouse/api';
import { type Cell, codePage, MAX_CELLS, parseModel, type Screen } from '@roundhouse/tn3270';
import type { Value } from '../value.ts';
import { packWords, unpackWords } from './packed.ts';
import { type HiddenText, isHiddenData, restoreScreen, type Snapshot } from './snapshot.ts';

/** Grows when the content changes in a way that older readers would misread. */
export const SNAPSHOT_VERSION = 1;
export const SNAPSHOT_FORMAT = 'roundhouse-snapshot';

/** A snapshot as JSON, without its digest. Always in this order of members: the digest is over this very text. */
export interface SnapshotContent {
  readonly format: typeof SNAPSHOT_FORMAT;
  readonly version: number;
  /** RFC 3339, UTC, with milliseconds. */
  readonly taken_at: string;
  readonly hidden: HiddenText;
  readonly rows: number;
  readonly columns: number;
  /** Buffer address. */
  readonly cursor: number;
  readonly lock_reason: Snapshot['lockReason'];
  readonly connection_state: Snapshot['connectionState'];
  readonly model: string;
  readonly code_page: string;
  readonly lu: string | null;
  readonly plu_name: string | null;
  readonly journal_position: number | null;
  /** Ascending by name. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Int32, little-endian, raw deflate, base64. */
  readonly cells: string;
  /** Uint32, packed alike; null without NVT characters. */
  readonly unicode: string | null;
}

const MEMBERS = [
  'format',
  'version',
  'taken_at',
  'hidden',
  'rows',
  'columns',
  'cursor',
  'lock_reason',
  'connection_state',
  'model',
  'code_page',
  'lu',
  'plu_name',
  'journal_position',
  'metadata',
  'cells',
  'unicode',
  'integrity',
] as const satisfies ReadonlyArray<keyof SnapshotContent | 'integrity'>;

/** Base64 of the largest screen, were its cells beyond compression. */
const MAX_PACKED_LENGTH = 98_304;
/** LU and application names come from the host. */
const MAX_HOST_NAME_LENGTH = 1_024;

export function contentOf(snapshot: Snapshot): SnapshotContent {
  return {
    format: SNAPSHOT_FORMAT,
    version: SNAPSHOT_VERSION,
    taken_at: new Date(snapshot.takenAt).toISOString(),
    hidden: snapshot.hidden,
    rows: snapshot.rows,
    columns: snapshot.columns,
    cursor: snapshot.cursor,
    lock_reason: snapshot.lockReason,
    connection_state: snapshot.connectionState,
    model: snapshot.model,
    code_page: snapshot.codePage,
    lu: snapshot.lu,
    plu_name: snapshot.pluName,
    journal_position: snapshot.journalPosition,
    metadata: snapshot.metadata,
    cells: packWords(snapshot.cells),
    unicode: snapshot.unicode === null ? null : packWords(snapshot.unicode),
  };
}

/** Checks everything but the cells themselves; `integrity` is left to the caller. */
export function readContent(value: Value): SnapshotContent {
  const members = value.members(MEMBERS);
  const rows = members.rows.integer(1, MAX_CELLS);
  const columns = members.columns.integer(1, Math.floor(MAX_CELLS / rows));
  const hostName = (name: Value): string => name.text(MAX_HOST_NAME_LENGTH, 0);
  const packed = (words: Value): string => words.text(MAX_PACKED_LENGTH);
  return {
    format: members.format.oneOf([SNAPSHOT_FORMAT]),
    version: members.version.integer(1, SNAPSHOT_VERSION),
    taken_at: readTime(members.taken_at),
    hidden: members.hidden.oneOf(['masked', 'kept']),
    rows,
    columns,
    cursor: members.cursor.integer(0, rows * columns - 1),
    lock_reason: members.lock_reason.nullable((reason) => reason.oneOf(LOCK_REASONS)),
    connection_state: members.connection_state.oneOf(CONNECTION_STATES),
    model: readKnown(members.model, (name) => parseModel(name).name),
    code_page: readKnown(members.code_page, (name) => codePage(name).id),
    lu: members.lu.nullable(hostName),
    plu_name: members.plu_name.nullable(hostName),
    journal_position: members.journal_position.nullable((at) => at.integer(0, Number.MAX_SAFE_INTEGER)),
    metadata: readMetadata(members.metadata),
    cells: packed(members.cells),
    unicode: members.unicode.nullable(packed),
  };
}

/** Unpacks and checks the cells; `value` is what `content` was read from. */
export function snapshotOf(content: SnapshotContent, value: Value): Snapshot {
  const { rows, columns, cursor, hidden } = content;
  const cells = unpack(content.cells, rows * columns, value.member('cells'));
  const plane = content.unicode === null ? null : unpack(content.unicode, rows * columns, value.member('unicode'));
  const unicode = plane === null ? null : Uint32Array.from(plane);
  if (unicode?.some(isNoCharacter)) throw value.member('unicode').refusal('it has words that are no characters');
  const screen = restoreScreen({ rows, columns, cells, unicode, cursor });
  if (unicode?.some((codePoint, address) => codePoint !== screen.unicodeAt(address)))
    throw value.member('unicode').refusal('it has characters where the cells hold 3270 data');
  if (hidden === 'masked' && holdsHiddenData(screen))
    throw value.member('hidden').refusal('the cells hold hidden text all the same');
  return {
    takenAt: Date.parse(content.taken_at),
    rows,
    columns,
    cells,
    unicode,
    cursor,
    hidden,
    lockReason: content.lock_reason,
    connectionState: content.connection_state,
    model: content.model,
    codePage: content.code_page,
    lu: content.lu,
    pluName: content.plu_name,
    journalPosition: content.journal_position,
    metadata: content.metadata,
  };
}

/** Only in the one form that `toISOString` writes. */
function readTime(value: Value): string {
  const text = value.text(MAX_TIME_LENGTH);
  const time = Date.parse(text);
  if (Number.isNaN(time) || new Date(time).toISOString() !== text)
    throw value.refusal('it is not a time as in 2026-01-01T00:00:00.000Z');
  return text;
}

/** Years beyond 9999 have a sign and six digits. */
const MAX_TIME_LENGTH = 27;

/** A name that the engine knows, in the form that it uses itself. */
function readKnown(value: Value, canonical: (name: string) => string): string {
  const name = value.text(LIMITS.maxNameLength);
  try {
    if (canonical(name) === name) return name;
  } catch {
    // Refused below: the engine's own words are about options of a session.
  }
  throw value.refusal('it is not known');
}

function readMetadata(value: Value): Readonly<Record<string, string>> {
  const names = Object.keys(value.record()).sort();
  if (names.length > LIMITS.maxMetadataKeys) throw value.refusal(`it has more than ${LIMITS.maxMetadataKeys} members`);
  if (names.some((name) => name.length < 1 || name.length > LIMITS.maxMetadataKeyLength))
    throw value.refusal(`its names do not have 1 to ${LIMITS.maxMetadataKeyLength} characters`);
  return Object.fromEntries(names.map((name) => [name, value.member(name).text(LIMITS.maxMetadataValueLength, 0)]));
}

function unpack(packed: string, count: number, value: Value): Int32Array {
  const words = unpackWords(packed, count);
  if (words === undefined) throw value.refusal(`it does not unpack to ${count} words`);
  return words;
}

const LAST_CODE_POINT = 0x10ffff;
const isNoCharacter = (word: number): boolean => word > LAST_CODE_POINT || (word >= 0xd800 && word <= 0xdfff);

function holdsHiddenData(screen: Screen): boolean {
  return screen.cells.some((cell: Cell, address) => cell !== 0 && isHiddenData(screen, address));
}
