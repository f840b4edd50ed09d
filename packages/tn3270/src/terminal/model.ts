import type { ScreenSize } from '../screen/screen.ts';
import { tn3270Error } from '../errors.ts';

/** A display: what it calls itself and which sizes it has. */
export interface Model {
  /** E.g. `3279-2-E`. */
  readonly name: string;
  /** 2 … 5. */
  readonly number: 2 | 3 | 4 | 5;
  /** 3279: colour is kept and shown. */
  readonly color: boolean;
  /** `-E`: structured fields, extended attributes. */
  readonly extended: boolean;
  /** `IBM-DYNAMIC`: the host learns the size from the query reply alone. */
  readonly dynamic: boolean;
  /** Size of Erase/Write: 24 × 80. */
  readonly defaultSize: ScreenSize;
  /** Size of Erase/Write Alternate: the model's own, or the oversize. */
  readonly alternateSize: ScreenSize;
  /** Whether the alternate size was asked for beyond the model's own. */
  readonly oversize: boolean;
}

export const DEFAULT_MODEL = '3279-4-E';
export const DEFAULT_SIZE: ScreenSize = { rows: 24, columns: 80 };
/** Most cells that an oversize may have: fourteen-bit addresses less one. */
export const MAX_CELLS = 0x3fff;

const MODEL_SIZES = {
  2: { rows: 24, columns: 80 },
  3: { rows: 32, columns: 80 },
  4: { rows: 43, columns: 80 },
  5: { rows: 27, columns: 132 },
} as const satisfies Record<number, ScreenSize>;

/**
 * Reads a model name: `[IBM-]327{8|9}-{2…5}[-E]`, `{2…5}`, or `IBM-DYNAMIC`. An oversize must be at least the model's
 * own size in each direction and have at most 16,383 cells. Raises MODEL_UNKNOWN, OVERSIZE_INVALID.
 */
export function parseModel(name: string, oversize?: ScreenSize): Model {
  const upper = name.trim().toUpperCase();
  const dynamic = upper === 'IBM-DYNAMIC';
  const match = /^(?:(?:IBM-)?327([89])-)?([2-5])(-E)?$/.exec(dynamic ? '3279-2-E' : upper);
  if (match === null) throw tn3270Error('MODEL_UNKNOWN', { details: { model: name } });
  const number = Number(match[2]) as Model['number'];
  const family = match[1] ?? '9';
  const extended = match[1] === undefined || match[3] !== undefined;
  const own = MODEL_SIZES[number];
  if (oversize !== undefined) {
    const cells = oversize.rows * oversize.columns;
    const whole = Number.isInteger(oversize.rows) && Number.isInteger(oversize.columns);
    if (!whole || oversize.rows < own.rows || oversize.columns < own.columns || cells > MAX_CELLS) {
      throw tn3270Error('OVERSIZE_INVALID', {
        details: { ...oversize, minimum: `${own.rows}x${own.columns}`, max_cells: MAX_CELLS },
      });
    }
  }
  return {
    name: dynamic ? 'IBM-DYNAMIC' : `327${family}-${number}${extended ? '-E' : ''}`,
    number,
    color: family === '9',
    extended,
    dynamic,
    defaultSize: DEFAULT_SIZE,
    alternateSize: oversize ?? own,
    oversize: oversize !== undefined,
  };
}
