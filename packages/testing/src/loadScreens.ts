import { frameRecord } from './telnet.ts';

/** `dense` text, a `form` of 22 labelled fields, or `ext`: extended fields with coloured runs. All are 24 × 80. */
export const SCREEN_KINDS = ['dense', 'form', 'ext'] as const;
export type ScreenKind = (typeof SCREEN_KINDS)[number];

/** Orders and codes of GA23-0059-07. They stand here on their own, so that the load does not depend on the engine. */
const ERASE_WRITE = 0xf5;
/** Write control character: reset, keyboard restore, reset MDT. */
const WCC = 0xc3;
const SBA = 0x11;
const SF = 0x1d;
const SFE = 0x29;
const SA = 0x28;
const RA = 0x3c;
const IC = 0x13;

const COLUMNS = 80;
const ROWS = 24;
/** The graphic byte of a six-bit value. */
const GRAPHIC = Buffer.from(
  '40c1c2c3c4c5c6c7c8c94a4b4c4d4e4f50d1d2d3d4d5d6d7d8d95a5b5c5d5e5f6061e2e3e4e5e6e7e8e96a6b6c6d6e6ff0f1f2f3f4f5f6f7f8f97a7b7c7d7e7f',
  'hex',
);
const EBCDIC: ReadonlyMap<string, number> = new Map([
  ...range('ABCDEFGHI', 0xc1),
  ...range('JKLMNOPQR', 0xd1),
  ...range('STUVWXYZ', 0xe2),
  ...range('0123456789', 0xf0),
  ...range(' ', 0x40),
  ...range('.', 0x4b),
  ...range(':', 0x7a),
]);

/** Screen number `n` (0 … 999,999) of the load as a 3270 record: Erase/Write, without telnet framing. */
export function recordOf(kind: ScreenKind, n: number): Uint8Array {
  return Uint8Array.from([ERASE_WRITE, WCC, ...BODIES[kind](n)]);
}

/** The same on the wire of a classic TN3270 session: IAC doubled, IAC EOR behind. */
export function screenStream(kind: ScreenKind, n: number): Uint8Array {
  return frameRecord(recordOf(kind, n));
}

const BODIES = {
  dense(n) {
    const text = [...ebcdic(`SCREEN ${digits(n, 6)} `), ...ebcdic('THE QUICK BROWN FOX '.repeat(100))];
    return [...setAddress(0, 0), ...text.slice(0, ROWS * COLUMNS)];
  },
  form(n) {
    const body = [...setAddress(0, 1), ...startField(0x20), ...ebcdic(`PANEL ${digits(n, 6)}  CUSTOMER MAINTENANCE`)];
    for (let row = 2; row < ROWS; row++) {
      body.push(...setAddress(row, 0), ...startField(0x20), ...ebcdic(`LABEL ${digits(row, 2)} . . . . :`));
      body.push(...setAddress(row, 20), ...startField(0x00), ...ebcdic(`VALUE ${digits(n, 6)}`));
      body.push(...setAddress(row, 60), ...startField(0x30));
    }
    return [...body, ...setAddress(2, 21), IC];
  },
  ext(n) {
    const body: number[] = [];
    for (let row = 0; row < ROWS; row++) {
      // Protected, foreground by row, normal highlighting.
      body.push(...setAddress(row, 0), SFE, 3, 0xc0, 0x60, 0x42, 0xf1 + (row % 7), 0x41, 0xf0);
      for (let word = 0; word < 9; word++) {
        body.push(SA, 0x42, 0xf1 + (word % 7), ...ebcdic(`WORD${digits(n % 1000, 3)}`));
      }
      // All attributes back to default, then hyphens up to the last column.
      body.push(SA, 0x00, 0x00, RA, ...address(row, 79), 0x60);
    }
    return body;
  },
} satisfies Record<ScreenKind, (n: number) => number[]>;

function range(characters: string, first: number): Array<[string, number]> {
  return Array.from(characters, (character, index) => [character, first + index]);
}

function ebcdic(text: string): number[] {
  return Array.from(text, (character) => EBCDIC.get(character) as number);
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0');
}

function address(row: number, column: number): number[] {
  const offset = row * COLUMNS + column;
  return [GRAPHIC[offset >> 6] as number, GRAPHIC[offset & 63] as number];
}

function setAddress(row: number, column: number): number[] {
  return [SBA, ...address(row, column)];
}

function startField(attribute: number): number[] {
  return [SF, GRAPHIC[attribute] as number];
}
