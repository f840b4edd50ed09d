/** Write control character bits. GA23-0059-07 §3.4. */
export const WCC = {
  /** Resets the reply mode to field (with EW and EWA). */
  Reset: 0x40,
  /** Printer: line length. */
  PrinterFormat: 0x30,
  StartPrinter: 0x08,
  SoundAlarm: 0x04,
  KeyboardRestore: 0x02,
  ResetMdt: 0x01,
} as const;
