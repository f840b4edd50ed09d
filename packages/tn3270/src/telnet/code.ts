import type { ConformanceRow, ConformanceTable } from '../conformance.ts';

/** Telnet commands, the byte after IAC. RFC 854; EOR RFC 885. */
export const TELNET = {
  EOR: 239,
  SE: 240,
  NOP: 241,
  DM: 242,
  BRK: 243,
  IP: 244,
  AO: 245,
  AYT: 246,
  EC: 247,
  EL: 248,
  GA: 249,
  SB: 250,
  WILL: 251,
  WONT: 252,
  DO: 253,
  DONT: 254,
  IAC: 255,
} as const;

export type NegotiationVerb = typeof TELNET.WILL | typeof TELNET.WONT | typeof TELNET.DO | typeof TELNET.DONT;

type CommandSupport = Omit<ConformanceRow, 'code'>;

/** What this engine does with each command that comes from a host. */
const COMMAND_SUPPORT = {
  EOR: { mnemonic: 'End of record', source: 'RFC 885', support: 'full', note: 'ignored outside 3270 mode' },
  SE: { mnemonic: 'End of subnegotiation', source: 'RFC 854', support: 'full' },
  NOP: { mnemonic: 'No operation', source: 'RFC 854', support: 'ignored' },
  DM: { mnemonic: 'Data mark', source: 'RFC 854', support: 'ignored' },
  BRK: {
    mnemonic: 'Break',
    source: 'RFC 854',
    support: 'ignored',
    note: 'sent for ATTN on classic sessions, taken for it at the front door',
  },
  IP: {
    mnemonic: 'Interrupt process',
    source: 'RFC 854',
    support: 'ignored',
    note: 'sent for ATTN on TN3270E, taken for it at the front door',
  },
  AO: {
    mnemonic: 'Abort output',
    source: 'RFC 854',
    support: 'ignored',
    note: 'sent for SYSREQ on TN3270E, taken for it at the front door',
  },
  AYT: { mnemonic: 'Are you there', source: 'RFC 854', support: 'ignored' },
  EC: { mnemonic: 'Erase character', source: 'RFC 854', support: 'ignored' },
  EL: { mnemonic: 'Erase line', source: 'RFC 854', support: 'ignored' },
  GA: { mnemonic: 'Go ahead', source: 'RFC 854', support: 'ignored' },
  SB: { mnemonic: 'Subnegotiation', source: 'RFC 855', support: 'full' },
  WILL: { mnemonic: 'Will', source: 'RFC 855', support: 'full' },
  WONT: { mnemonic: "Won't", source: 'RFC 855', support: 'full' },
  DO: { mnemonic: 'Do', source: 'RFC 855', support: 'full' },
  DONT: { mnemonic: "Don't", source: 'RFC 855', support: 'full' },
  IAC: { mnemonic: 'Interpret as command', source: 'RFC 854', support: 'full' },
} as const satisfies Record<keyof typeof TELNET, CommandSupport>;

/** Telnet options that are spoken; any other is refused (DONT, WONT). */
export const OPTIONS = {
  BINARY: { code: 0, mnemonic: 'Binary transmission', source: 'RFC 856', support: 'full' },
  ECHO: { code: 1, mnemonic: 'Echo', source: 'RFC 857', support: 'full', note: 'NVT sessions' },
  SGA: { code: 3, mnemonic: 'Suppress Go Ahead', source: 'RFC 858', support: 'full' },
  TIMING_MARK: {
    code: 6,
    mnemonic: 'Timing mark',
    source: 'RFC 860',
    support: 'refused',
    note: 'the refusal, in its place in the stream, is the mark',
  },
  TTYPE: { code: 24, mnemonic: 'Terminal type', source: 'RFC 1091', support: 'full' },
  EOR: { code: 25, mnemonic: 'End of record', source: 'RFC 885', support: 'full' },
  NAWS: { code: 31, mnemonic: 'Window size', source: 'RFC 1073', support: 'full' },
  NEW_ENVIRON: { code: 39, mnemonic: 'New environment', source: 'RFC 1572', support: 'full' },
  TN3270E: { code: 40, mnemonic: 'TN3270E', source: 'RFC 2355', support: 'full' },
  START_TLS: { code: 46, mnemonic: 'Start TLS', source: 'draft-altman-telnet-starttls-02', support: 'full' },
} as const satisfies Record<string, ConformanceRow>;

export const telnetTables: readonly ConformanceTable[] = [
  {
    title: 'Telnet commands',
    rows: Object.entries(COMMAND_SUPPORT).map(([name, row]) => ({ code: TELNET[name as keyof typeof TELNET], ...row })),
  },
  { title: 'Telnet options', rows: Object.values(OPTIONS) },
];
