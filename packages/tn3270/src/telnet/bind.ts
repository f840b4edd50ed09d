import type { CodePage } from '../codepage/codePage.ts';
import type { ScreenSize } from '../screen/screen.ts';

/** Screen sizes of a BIND. */
interface BindSizes {
  readonly defaultSize: ScreenSize;
  readonly alternateSize: ScreenSize;
  /** Whether both lie between 24 × 80 and the terminal's own maximum; a terminal ignores sizes that do not. */
  readonly acceptable: boolean;
}

/** What a BIND says that matters to a terminal. */
export interface BindImage {
  /** Name of the application, or null when the image has none. */
  readonly pluName: string | null;
  /** Longest request unit from the terminal and to it, in bytes; 0 is unlimited or not said. */
  readonly maxSecondaryRuBytes: number;
  readonly maxPrimaryRuBytes: number;
  /** Null when the image leaves the screen size as it is. */
  readonly sizes: BindSizes | null;
}

/** First byte of a BIND request unit. */
const BIND_RU = 0x31;

/** Offsets in a BIND request unit. GA27-3136-20, "BIND (Bind Session)". */
const OFFSET = {
  MaxSecondaryRu: 10,
  MaxPrimaryRu: 11,
  DefaultRows: 20,
  DefaultColumns: 21,
  AlternateRows: 22,
  AlternateColumns: 23,
  ScreenSize: 24,
  PluNameLength: 27,
  PluName: 28,
} as const;

/** Size that codes 02 and 03 stand for, and the least that is acceptable. GA27-3136-20, "BIND", byte 24. */
const MODEL_2: ScreenSize = { rows: 24, columns: 80 };

const PLU_NAME_MAX = 8;

/** Reads a BIND image; undefined when it is no BIND request unit. `maximum` is the alternate size of the model. */
export function parseBindImage(image: Uint8Array, codePage: CodePage, maximum: ScreenSize): BindImage | undefined {
  if (image[0] !== BIND_RU) return undefined;
  return {
    pluName: pluName(image, codePage),
    maxSecondaryRuBytes: ruBytes(image[OFFSET.MaxSecondaryRu]),
    maxPrimaryRuBytes: ruBytes(image[OFFSET.MaxPrimaryRu]),
    sizes: sizesOf(image, maximum),
  };
}

/** Mantissa and exponent of 2 in a byte; without the high bit no limit is stated. */
function ruBytes(code: number | undefined): number {
  if (code === undefined || (code & 0x80) === 0) return 0;
  return (code >> 4) * 2 ** (code & 0x0f);
}

function sizesOf(image: Uint8Array, maximum: ScreenSize): BindSizes | null {
  if (image.length <= OFFSET.ScreenSize) return null;
  const stated = size(image, OFFSET.DefaultRows, OFFSET.DefaultColumns);
  switch (image[OFFSET.ScreenSize]) {
    case 0x00:
    case 0x02:
      return sizes(MODEL_2, MODEL_2, maximum);
    case 0x03:
      return sizes(MODEL_2, maximum, maximum);
    case 0x7e:
      return sizes(stated, stated, maximum);
    case 0x7f:
      return sizes(stated, size(image, OFFSET.AlternateRows, OFFSET.AlternateColumns), maximum);
    default:
      return null;
  }
}

function size(image: Uint8Array, rows: number, columns: number): ScreenSize {
  return { rows: image[rows] as number, columns: image[columns] as number };
}

function sizes(defaultSize: ScreenSize, alternateSize: ScreenSize, maximum: ScreenSize): BindSizes {
  return { defaultSize, alternateSize, acceptable: fits(defaultSize, maximum) && fits(alternateSize, maximum) };
}

function fits(wanted: ScreenSize, maximum: ScreenSize): boolean {
  const largeEnough = wanted.rows >= MODEL_2.rows && wanted.columns >= MODEL_2.columns;
  return largeEnough && wanted.rows <= maximum.rows && wanted.columns <= maximum.columns;
}

function pluName(image: Uint8Array, codePage: CodePage): string | null {
  const length = Math.min(image[OFFSET.PluNameLength] ?? 0, PLU_NAME_MAX);
  // The byte after the name, the length of the user data, is part of every whole BIND.
  if (length === 0 || image.length <= OFFSET.PluName + length) return null;
  const codes = image.subarray(OFFSET.PluName, OFFSET.PluName + length);
  return Array.from(codes, (code) => String.fromCodePoint(codePage.toUnicode(code) || 0x20)).join('');
}
