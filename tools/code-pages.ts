/**
 * Generates packages/tn3270/src/codepage/tables.ts from the tables of glibc's iconv.
 *
 *   node tools/code-pages.ts            writes the file
 *   node tools/code-pages.ts --check    compares the file with what would be written; exit status 1 if it differs
 *
 * Either way each page is converted in both directions, so a table that iconv would not take back is an error.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const TARGET = fileURLToPath(new URL('../packages/tn3270/src/codepage/tables.ts', import.meta.url));

/** EBCDIC graphics lie between the 64 control codes and FF (eight ones). */
const FIRST_GRAPHIC = 0x40;
const LAST_GRAPHIC = 0xfe;
/** Line feed; the separator that keeps iconv's answers apart where a code has none. */
const EBCDIC_LF = 0x25;

interface Correction {
  readonly code: number;
  readonly codePoint: number;
  readonly reason: string;
}

interface PageSource {
  readonly id: string;
  /** The name by which iconv knows the page. */
  readonly iconv: string;
  readonly corrections: readonly Correction[];
}

interface Page {
  /** Code points by code, 00 … FF; 0 where there is no graphic. */
  readonly graphics: Uint16Array;
  /** Codes whose character is sent with another code. */
  readonly decodeOnly: readonly number[];
}

const PAGE_NUMBERS = (
  '037 273 275 277 278 280 284 285 297 424 500 803 870 871 875 880 1026 1047 1123 ' +
  '1140 1141 1142 1143 1144 1145 1146 1147 1148 1149 1158 1160'
).split(' ');

/** Where other tables of IBM's page agree with each other against glibc. */
const CORRECTIONS: Readonly<Record<string, readonly Correction[]>> = {
  '275': [{ code: 0x41, codePoint: 0x00a0, reason: 'ICU ibm-275_P100-1995; glibc has nothing' }],
  '285': [{ code: 0xa1, codePoint: 0x00af, reason: 'OpenJDK IBM285, and glibc in page 1146; glibc has U+203E here' }],
  '880': [{ code: 0x41, codePoint: 0x00a0, reason: 'ICU ibm-880_P100-1995; glibc has nothing' }],
};

/** Page 037 with the brackets where page 1047 has them: what many US hosts in fact use. */
const BRACKET: PageSource = {
  id: 'bracket',
  iconv: 'IBM037',
  corrections: [
    { code: 0xad, codePoint: 0x005b, reason: '[ as in page 1047' },
    { code: 0xba, codePoint: 0x00dd, reason: 'Ý, which [ displaced' },
    { code: 0xbb, codePoint: 0x00a8, reason: '¨, which ] displaced' },
    { code: 0xbd, codePoint: 0x005d, reason: '] as in page 1047' },
  ],
};

const SOURCES: readonly PageSource[] = [
  BRACKET,
  ...PAGE_NUMBERS.map((id) => ({ id, iconv: `IBM${id}`, corrections: CORRECTIONS[id] ?? [] })),
];

/** Something the person at the keyboard can act upon; printed without a stack. */
class Complaint extends Error {}

/** Converts and drops what the target has no character for. */
function iconv(from: string, to: string, input: Uint8Array): Buffer {
  const run = spawnSync('iconv', ['-c', '-f', from, '-t', to], { input });
  if (run.error !== undefined) throw new Complaint(`iconv cannot be run: ${run.error.message}`);
  const complaint = run.stderr.toString().trim();
  if (complaint !== '') {
    throw new Complaint(
      `iconv does not convert ${from} to ${to} (iconv --list tells what it has). It says: ${complaint}`,
    );
  }
  // The status says nothing: some releases exit with 1 when -c dropped something.
  return run.stdout;
}

function graphicCodes(): number[] {
  return Array.from({ length: LAST_GRAPHIC - FIRST_GRAPHIC + 1 }, (_, index) => FIRST_GRAPHIC + index);
}

function isControl(codePoint: number): boolean {
  return codePoint < 0x20 || (codePoint >= 0x7f && codePoint <= 0x9f);
}

/** The code point of each graphic code; 0 where the page has none or a control. */
function decodePage(name: string): Uint16Array {
  const codes = graphicCodes();
  const lines = iconv(name, 'UTF-8', Uint8Array.from(codes.flatMap((code) => [code, EBCDIC_LF])))
    .toString()
    .split('\n');
  if (lines.length !== codes.length + 1) throw new Complaint(`${name}: ${lines.length - 1} answers from iconv`);
  const graphics = new Uint16Array(256);
  codes.forEach((code, index) => {
    const codePoint = lines[index]?.codePointAt(0) ?? 0;
    graphics[code] = isControl(codePoint) ? 0 : codePoint;
  });
  return graphics;
}

/** The code that iconv gives for each code point, in order. */
function encodePage(name: string, codePoints: readonly number[]): (number | undefined)[] {
  const bytes = iconv('UTF-8', name, Buffer.from(codePoints.map((each) => `${String.fromCodePoint(each)}\n`).join('')));
  const codes: (number | undefined)[] = [];
  let code: number | undefined;
  for (const byte of bytes) {
    if (byte !== EBCDIC_LF) code = byte;
    else {
      codes.push(code);
      code = undefined;
    }
  }
  if (codes.length !== codePoints.length) throw new Complaint(`${name}: ${codes.length} answers from iconv`);
  return codes;
}

/** The page as iconv has it, proven in both directions, then corrected. */
function readPage(source: PageSource): Page {
  const graphics = decodePage(source.iconv);
  const codes = graphicCodes().filter((code) => graphics[code] !== 0);
  const back = encodePage(
    source.iconv,
    codes.map((code) => graphics[code] as number),
  );
  const decodeOnly: number[] = [];
  codes.forEach((code, index) => {
    const returned = back[index];
    if (returned === code) return;
    if (returned === undefined || graphics[returned] !== graphics[code]) {
      throw new Complaint(`${source.iconv} does not take the character of ${hex(code, 2)} back`);
    }
    decodeOnly.push(code);
  });
  for (const { code, codePoint } of source.corrections) graphics[code] = codePoint;
  return { graphics, decodeOnly };
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

function pageText(source: PageSource): string {
  const { graphics, decodeOnly } = readPage(source);
  const rows: string[] = [];
  for (let row = FIRST_GRAPHIC; row <= LAST_GRAPHIC; row += 16) {
    const cells = Array.from(graphics.subarray(row, row + 16), (each) => (each === 0 ? '----' : hex(each, 4)));
    rows.push(`${cells.join(' ')}\n`);
  }
  return [
    `  // glibc ${source.iconv}\n`,
    ...source.corrections.map((each) => `  // ${hex(each.code, 2).toUpperCase()}: ${each.reason}\n`),
    `  ${/^\d/.test(source.id) ? `'${source.id}'` : source.id}: {\n    graphics: \`\n`,
    ...rows,
    '`,\n',
    `    decodeOnly: [${decodeOnly.map((code) => `0x${hex(code, 2)}`).join(', ')}],\n`,
    '  },\n',
  ].join('');
}

function tablesText(): string {
  return `// Generated by tools/code-pages.ts: change that, not this.

/** One single-byte page as data. */
export interface CodePageTable {
  /** Rows 40, 50 … F0 of sixteen code points in hexadecimal; \`----\` where the page has no graphic. */
  readonly graphics: string;
  /** Codes whose character is sent with another code of the page. */
  readonly decodeOnly: readonly number[];
}

export const CODE_PAGE_TABLES = {
${SOURCES.map(pageText).join('')}} satisfies Record<string, CodePageTable>;

export type CodePageId = keyof typeof CODE_PAGE_TABLES;
`;
}

/** The first line in which two texts differ, for the message. */
function firstDifference(committed: string, expected: string): string {
  const left = committed.split('\n');
  const right = expected.split('\n');
  const line = right.findIndex((text, index) => text !== left[index]);
  const at = line === -1 ? right.length : line;
  return `line ${at + 1}\n  committed: ${left[at] ?? '(end)'}\n  expected:  ${right[at] ?? '(end)'}`;
}

function main(args: readonly string[]): void {
  const isCheck = args[0] === '--check';
  if (args.length > (isCheck ? 1 : 0)) throw new Complaint('usage: node tools/code-pages.ts [--check]');
  const expected = tablesText();
  if (!isCheck) {
    writeFileSync(TARGET, expected);
    console.log(`${SOURCES.length} code pages written to ${TARGET}`);
    return;
  }
  const committed = readFileSync(TARGET, 'utf8');
  if (committed !== expected) {
    throw new Complaint(`${TARGET} differs from iconv at ${firstDifference(committed, expected)}`);
  }
  console.log(`${SOURCES.length} code pages agree with iconv in both directions`);
}

try {
  main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof Complaint)) throw error;
  console.error(`code-pages: ${error.message}`);
  process.exitCode = 1;
}
