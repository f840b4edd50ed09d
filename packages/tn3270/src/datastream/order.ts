import type { ConformanceRow } from '../conformance.ts';

/** Buffer control orders. GA23-0059-07 §4.3. */
export const ORDERS = {
  PT: { code: 0x05, mnemonic: 'Program Tab', source: 'GA23-0059-07 §4.3.6', support: 'full' },
  GE: { code: 0x08, mnemonic: 'Graphic Escape', source: 'GA23-0059-07 §4.3.9', support: 'full' },
  SBA: { code: 0x11, mnemonic: 'Set Buffer Address', source: 'GA23-0059-07 §4.3.3', support: 'full' },
  EUA: { code: 0x12, mnemonic: 'Erase Unprotected to Address', source: 'GA23-0059-07 §4.3.8', support: 'full' },
  IC: { code: 0x13, mnemonic: 'Insert Cursor', source: 'GA23-0059-07 §4.3.5', support: 'full' },
  SF: { code: 0x1d, mnemonic: 'Start Field', source: 'GA23-0059-07 §4.3.1', support: 'full' },
  SA: { code: 0x28, mnemonic: 'Set Attribute', source: 'GA23-0059-07 §4.3.4', support: 'full' },
  SFE: { code: 0x29, mnemonic: 'Start Field Extended', source: 'GA23-0059-07 §4.3.2', support: 'full' },
  MF: { code: 0x2c, mnemonic: 'Modify Field', source: 'GA23-0059-07 §4.3.10', support: 'full' },
  RA: { code: 0x3c, mnemonic: 'Repeat to Address', source: 'GA23-0059-07 §4.3.7', support: 'full' },
} as const satisfies Record<string, ConformanceRow>;

export type OrderName = keyof typeof ORDERS;

/** Format control orders: stored in the buffer as they come, shown as blanks or marks. GA23-0059-07 §4.3.11. */
export const FORMAT_CONTROLS = {
  NUL: control(0x00, 'Null'),
  FF: control(0x0c, 'Form Feed'),
  CR: control(0x0d, 'Carriage Return'),
  SO: control(0x0e, 'Shift Out', 'full', 'on a single-byte code page refused when unpaired, as the reference does'),
  SI: control(0x0f, 'Shift In', 'full', 'on a single-byte code page refused without a Shift Out before it'),
  NL: control(0x15, 'New Line'),
  EM: control(0x19, 'End of Medium'),
  DUP: control(0x1c, 'Duplicate'),
  FM: control(0x1e, 'Field Mark'),
  LF: control(0x25, 'Line Feed'),
  SUB: control(0x3f, 'Substitute'),
  EO: control(0xff, 'Eight Ones'),
} as const satisfies Record<string, ConformanceRow>;

export type FormatControl = keyof typeof FORMAT_CONTROLS;

function control(code: number, mnemonic: string, support: 'full' = 'full', note?: string): ConformanceRow {
  const row = { code, mnemonic, source: 'GA23-0059-07 §4.3.11', support };
  return note === undefined ? row : { ...row, note };
}
