import type { ConformanceRow } from '../conformance.ts';

/** 3270 commands. GA23-0059-07 ch. 3; each has a channel (CCW) and an SNA code, and both are accepted on any session. */
export const COMMANDS = {
  W: row(0x01, 0xf1, 'Write'),
  RB: row(0x02, 0xf2, 'Read Buffer'),
  NOP: { ...row(0x03, 0x03, 'No Operation'), support: 'ignored' },
  EW: row(0x05, 0xf5, 'Erase/Write'),
  RM: row(0x06, 0xf6, 'Read Modified'),
  EWA: row(0x0d, 0x7e, 'Erase/Write Alternate'),
  RMA: row(0x0e, 0x6e, 'Read Modified All'),
  EAU: row(0x0f, 0x6f, 'Erase All Unprotected'),
  WSF: row(0x11, 0xf3, 'Write Structured Field'),
} as const satisfies Record<string, CommandRow>;

export interface CommandRow extends ConformanceRow {
  /** The code on SNA sessions. */
  readonly snaCode: number;
}

export type Command = keyof typeof COMMANDS;

const BY_CODE: ReadonlyArray<Command | undefined> = (() => {
  const table: Array<Command | undefined> = new Array(256).fill(undefined);
  for (const [name, { code, snaCode }] of Object.entries(COMMANDS)) {
    table[code] = name as Command;
    table[snaCode] = name as Command;
  }
  return table;
})();

/** The command of a record's first byte, or undefined when there is none of that code. */
export function commandOf(code: number): Command | undefined {
  return BY_CODE[code];
}

function row(code: number, snaCode: number, mnemonic: string): CommandRow {
  return { code, snaCode, mnemonic, source: 'GA23-0059-07 §3.5', support: 'full' };
}
