import type { ConformanceRow } from '../conformance.ts';

/** Bits of the 3270 field attribute byte. GA23-0059-07 §4.4.1. */
export const FIELD_ATTRIBUTE = {
  /** Stored with every attribute to make the byte graphic. */
  Printable: 0xc0,
  Protected: 0x20,
  Numeric: 0x10,
  /** The two display bits: 00 normal, 04 detectable, 08 intensified and detectable, 0C nondisplay. */
  DisplayMask: 0x0c,
  Detectable: 0x04,
  Intensified: 0x08,
  Nondisplay: 0x0c,
  Modified: 0x01,
  /** Protect, numeric, display and MDT: what a buffer keeps. */
  Mask: 0x3d,
} as const;

export const isProtected = (attribute: number): boolean => (attribute & FIELD_ATTRIBUTE.Protected) !== 0;
export const isNumeric = (attribute: number): boolean => (attribute & FIELD_ATTRIBUTE.Numeric) !== 0;
export const isModified = (attribute: number): boolean => (attribute & FIELD_ATTRIBUTE.Modified) !== 0;
/** Protected and numeric together: the cursor skips the field. */
export const isSkip = (attribute: number): boolean => (attribute & 0x30) === 0x30;
export const isNondisplay = (attribute: number): boolean =>
  (attribute & FIELD_ATTRIBUTE.DisplayMask) === FIELD_ATTRIBUTE.Nondisplay;
export const isIntensified = (attribute: number): boolean =>
  (attribute & FIELD_ATTRIBUTE.DisplayMask) === FIELD_ATTRIBUTE.Intensified;
/** Detectable by the cursor-select key: normal or intensified. */
export const isDetectable = (attribute: number): boolean => {
  const display = attribute & FIELD_ATTRIBUTE.DisplayMask;
  return display === FIELD_ATTRIBUTE.Detectable || display === FIELD_ATTRIBUTE.Intensified;
};

/** Attribute types of SFE, SA and MF pairs. GA23-0059-07 §4.4. */
export const ATTRIBUTES = {
  All: { code: 0x00, mnemonic: 'All character attributes', source: 'GA23-0059-07 §4.4.6', support: 'full' },
  Highlighting: { code: 0x41, mnemonic: 'Extended highlighting', source: 'GA23-0059-07 §4.4.6.3', support: 'full' },
  Foreground: { code: 0x42, mnemonic: 'Foreground colour', source: 'GA23-0059-07 §4.4.6.4', support: 'full' },
  Charset: { code: 0x43, mnemonic: 'Character set', source: 'GA23-0059-07 §4.4.6.5', support: 'full' },
  Background: { code: 0x45, mnemonic: 'Background colour', source: 'GA23-0059-07 §4.4.6.6', support: 'full' },
  Transparency: {
    code: 0x46,
    mnemonic: 'Background transparency',
    source: 'GA23-0059-07 §4.4.6.7',
    support: 'ignored',
  },
  Field: { code: 0xc0, mnemonic: '3270 field attribute', source: 'GA23-0059-07 §4.4.1', support: 'full' },
  Validation: { code: 0xc1, mnemonic: 'Field validation', source: 'GA23-0059-07 §4.4.6.1', support: 'ignored' },
  Outlining: { code: 0xc2, mnemonic: 'Field outlining', source: 'GA23-0059-07 §4.4.6.2', support: 'ignored' },
  InputControl: {
    code: 0xfe,
    mnemonic: 'Input control',
    source: 'GA23-0059-07 §4.4.6.8',
    support: 'ignored',
    note: 'has a meaning on double-byte devices only',
  },
} as const satisfies Record<string, ConformanceRow>;

/** Values of the highlighting attribute; a cell keeps the low four bits. */
export const HIGHLIGHTING = {
  Default: 0x00,
  Normal: 0xf0,
  Blink: 0xf1,
  Reverse: 0xf2,
  Underscore: 0xf4,
  Intensify: 0xf8,
} as const;

/** Colour codes of the foreground and background attributes. GA23-0059-07 §4.4.6.4. */
export const COLOR = {
  Default: 0x00,
  NeutralBlack: 0xf0,
  Blue: 0xf1,
  Red: 0xf2,
  Pink: 0xf3,
  Green: 0xf4,
  Turquoise: 0xf5,
  Yellow: 0xf6,
  NeutralWhite: 0xf7,
  Black: 0xf8,
  DeepBlue: 0xf9,
  Orange: 0xfa,
  Purple: 0xfb,
  PaleGreen: 0xfc,
  PaleTurquoise: 0xfd,
  Grey: 0xfe,
  White: 0xff,
} as const;

/** Local character set ids of the charset attribute. */
export const CHARSET = { Base: 0x00, Apl: 0xf1, Dbcs: 0xf8 } as const;
