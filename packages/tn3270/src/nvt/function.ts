import type { ConformanceRow, Support } from '../conformance.ts';

/** An escape or control sequence; `code` is its final byte. */
export interface NvtFunction extends ConformanceRow {
  readonly introducer: 'ESC' | 'CSI';
  /** Private marker before the parameters, or intermediate byte after them; empty when absent. */
  readonly marker: '' | '?' | '>';
  readonly intermediate: '' | '!';
}

const DEC = 'DEC STD 070';
const XTERM = 'XTerm Control Sequences';
const ecma = (section: number): string => `ECMA-48 §8.3.${section}`;

function csi(final: string, mnemonic: string, source: string, marker: NvtFunction['marker'] = ''): NvtFunction {
  const code = final.charCodeAt(0);
  return { introducer: 'CSI', marker, intermediate: '', code, mnemonic, source, support: 'full' };
}

function esc(final: string, mnemonic: string, source: string, support: Support = 'full'): NvtFunction {
  const code = final.charCodeAt(0);
  return { introducer: 'ESC', marker: '', intermediate: '', code, mnemonic, source, support };
}

/** Control functions that an NVT session knows, by their mnemonic. Designations of graphic sets stand in `charset.ts`. */
export const NVT_FUNCTIONS = {
  DECSC: esc('7', 'Save cursor', DEC),
  DECRC: esc('8', 'Restore cursor', DEC),
  DECKPAM: esc('=', 'Keypad application mode', DEC, 'ignored'),
  DECKPNM: esc('>', 'Keypad numeric mode', DEC, 'ignored'),
  IND: esc('D', 'Index', DEC),
  NEL: esc('E', 'Next line', ecma(86)),
  HTS: esc('H', 'Character tabulation set', ecma(62)),
  RI: esc('M', 'Reverse line feed', ecma(104)),
  SS2: esc('N', 'Single shift two', ecma(141)),
  SS3: esc('O', 'Single shift three', ecma(142)),
  DECID: esc('Z', 'Identify terminal', DEC),
  ST: esc('\\', 'String terminator', ecma(143)),
  RIS: esc('c', 'Reset to initial state', ecma(105)),
  LS2: esc('n', 'Locking shift two', ecma(78)),
  LS3: esc('o', 'Locking shift three', ecma(80)),
  ICH: csi('@', 'Insert character', ecma(64)),
  CUU: csi('A', 'Cursor up', ecma(22)),
  CUD: csi('B', 'Cursor down', ecma(19)),
  CUF: csi('C', 'Cursor right', ecma(20)),
  CUB: csi('D', 'Cursor left', ecma(18)),
  CNL: csi('E', 'Cursor next line', ecma(12)),
  CPL: csi('F', 'Cursor preceding line', ecma(13)),
  CHA: csi('G', 'Cursor character absolute', ecma(9)),
  CUP: csi('H', 'Cursor position', ecma(21)),
  CHT: csi('I', 'Cursor forward tabulation', ecma(10)),
  ED: csi('J', 'Erase in page', ecma(39)),
  EL: csi('K', 'Erase in line', ecma(41)),
  IL: csi('L', 'Insert line', ecma(67)),
  DL: csi('M', 'Delete line', ecma(32)),
  DCH: csi('P', 'Delete character', ecma(26)),
  SU: csi('S', 'Scroll up', ecma(147)),
  SD: csi('T', 'Scroll down', ecma(113)),
  ECH: csi('X', 'Erase character', ecma(38)),
  CBT: csi('Z', 'Cursor backward tabulation', ecma(7)),
  HPA: csi('`', 'Character position absolute', ecma(57)),
  HPR: csi('a', 'Character position forward', ecma(59)),
  REP: csi('b', 'Repeat', ecma(103)),
  DA: csi('c', 'Device attributes', ecma(24)),
  DA2: csi('c', 'Secondary device attributes', XTERM, '>'),
  VPA: csi('d', 'Line position absolute', ecma(158)),
  VPR: csi('e', 'Line position forward', ecma(160)),
  HVP: csi('f', 'Character and line position', ecma(63)),
  TBC: csi('g', 'Tabulation clear', ecma(154)),
  SM: csi('h', 'Set mode', ecma(125)),
  DECSET: csi('h', 'Set private mode', DEC, '?'),
  RM: csi('l', 'Reset mode', ecma(106)),
  DECRST: csi('l', 'Reset private mode', DEC, '?'),
  SGR: csi('m', 'Select graphic rendition', ecma(117)),
  DSR: csi('n', 'Device status report', ecma(35)),
  DECSTR: { ...csi('p', 'Soft terminal reset', DEC), intermediate: '!' },
  DECSTBM: csi('r', 'Set top and bottom margins', DEC),
  XTRESTORE: csi('r', 'Restore private modes', XTERM, '?'),
  SCOSC: csi('s', 'Save cursor', XTERM),
  XTSAVE: csi('s', 'Save private modes', XTERM, '?'),
  XTWINOPS: { ...csi('t', 'Window operations', XTERM), note: '18, the size in characters, is answered' },
  SCORC: csi('u', 'Restore cursor', XTERM),
} as const satisfies Record<string, NvtFunction>;

export type NvtFunctionName = keyof typeof NVT_FUNCTIONS;

/** Key of a sequence: bit 24 CSI, then marker, intermediate and final byte. */
export function functionKey(introducer: 'ESC' | 'CSI', marker: number, intermediate: number, final: number): number {
  return (introducer === 'CSI' ? 1 << 24 : 0) | (marker << 16) | (intermediate << 8) | final;
}

const codeOf = (text: string): number => (text === '' ? 0 : text.charCodeAt(0));

/** Names by `functionKey`. */
export const FUNCTION_NAMES: ReadonlyMap<number, NvtFunctionName> = new Map(
  (Object.entries(NVT_FUNCTIONS) as [NvtFunctionName, NvtFunction][]).map(([name, row]) => [
    functionKey(row.introducer, codeOf(row.marker), codeOf(row.intermediate), row.code),
    name,
  ]),
);

/** Modes of DECSET, DECRST, XTSAVE and XTRESTORE. */
export const PRIVATE_MODES = {
  DECCKM: { code: 1, mnemonic: 'Application cursor keys', source: DEC, support: 'full' },
  DECANM: {
    code: 2,
    mnemonic: 'Designate ASCII for G0-G3',
    source: DEC,
    support: 'full',
    note: 'there is no VT52 mode',
  },
  DECOM: { code: 6, mnemonic: 'Origin mode', source: DEC, support: 'full' },
  DECAWM: { code: 7, mnemonic: 'Autowrap', source: DEC, support: 'full' },
  DECTCEM: { code: 25, mnemonic: 'Cursor visible', source: DEC, support: 'full' },
  ReverseWrap: { code: 45, mnemonic: 'Reverse wraparound', source: XTERM, support: 'full' },
  AlternateBuffer: { code: 47, mnemonic: 'Alternate buffer', source: XTERM, support: 'full' },
  AlternateScreen: { code: 1047, mnemonic: 'Alternate buffer', source: XTERM, support: 'full' },
  CursorSaved: { code: 1048, mnemonic: 'Save cursor', source: XTERM, support: 'full' },
  AlternateWithCursor: {
    code: 1049,
    mnemonic: 'Save cursor, alternate buffer',
    source: XTERM,
    support: 'full',
  },
} as const satisfies Record<string, ConformanceRow>;

/** Modes of SM and RM. */
export const ANSI_MODES = {
  IRM: { code: 4, mnemonic: 'Insertion replacement', source: 'ECMA-48 §7.2.10', support: 'full' },
  LNM: { code: 20, mnemonic: 'Line feed, new line', source: DEC, support: 'full' },
} as const satisfies Record<string, ConformanceRow>;
