import {
  type ConformanceCase,
  type Difference,
  differenceOfBytes,
  type EngineUnderTest,
  type ExpectedStep,
} from './conformance.ts';
import { withRpqName } from './rpqName.ts';
import { DO_TIMING_MARK, WONT_TIMING_MARK } from './telnet.ts';
import { bytesOf, joinBytes, splitRecords } from './trace.ts';

export interface RunnerOptions {
  /** EBCDIC product name in the engine's Query Reply (RPQ Names), where it is not the reference's. */
  readonly rpqName?: Uint8Array;
}

/**
 * Sends the host's side of a recording record by record, a timing mark after each, and compares what the engine holds
 * and says with what the reference did. No key is pressed.
 */
export function runStateCase(
  engine: EngineUnderTest,
  { trace, steps }: Pick<ConformanceCase, 'trace' | 'steps'>,
  options: RunnerOptions = {},
): Difference[] {
  const records = splitRecords(bytesOf(trace, '<'));
  if (records.length !== steps.length) {
    throw new RangeError(`The recording has ${records.length} records, the expectation ${steps.length} steps`);
  }
  return records.flatMap((record, index) => {
    engine.feed(joinBytes([record, DO_TIMING_MARK]));
    return compareStep(engine, steps[index] as ExpectedStep, options);
  });
}

function compareStep(engine: EngineUnderTest, expected: ExpectedStep, { rpqName }: RunnerOptions): Difference[] {
  const step = expected.record;
  const differences: Difference[] = [];
  const differs = (what: Difference['what'], message: string): void => {
    differences.push({ step, what, message: `record ${step}: ${what}: ${message}` });
  };
  const compare = (what: Difference['what'], wanted: unknown, actual: unknown): void => {
    if (wanted !== actual) differs(what, `expected ${String(wanted)}, got ${String(actual)}`);
  };

  const output = engine.takeOutput();
  const answered = differenceOfBytes(WONT_TIMING_MARK, output.subarray(-WONT_TIMING_MARK.length)) === undefined;
  if (!answered) differs('timing mark', 'it was not answered with IAC WONT TIMING-MARK as the last thing');
  const reply = answered ? output.subarray(0, -WONT_TIMING_MARK.length) : output;
  const wantedReply = rpqName === undefined ? expected.reply : withRpqName(expected.reply, rpqName);
  const inReply = differenceOfBytes(wantedReply, reply);
  if (inReply !== undefined) differs('reply', inReply);
  compare('state', expected.state, engine.connectionState);
  compare('lock', expected.locked, engine.locked);
  compare('size', expected.size, engine.size);
  compare('cursor', expected.cursor, engine.cursor);
  const inBuffer = differenceOfBuffers(expected.buffer, engine.dump());
  if (inBuffer !== undefined) differs('buffer', inBuffer);
  return differences;
}

/** Says where two buffers part first and in how many cells, or undefined when they are equal. */
export function differenceOfBuffers(expected: readonly string[], actual: readonly string[]): string | undefined {
  const rows = Math.max(expected.length, actual.length);
  let first: string | undefined;
  let count = 0;
  for (let row = 0; row < rows; row++) {
    const wanted = cellsOf(expected[row] ?? '');
    const found = cellsOf(actual[row] ?? '');
    for (let column = 0; column < Math.max(wanted.length, found.length); column++) {
      if (wanted[column] === found[column]) continue;
      count++;
      first ??=
        `row ${row + 1} column ${column + 1}: ` +
        `expected ${wanted[column] ?? 'no cell'}, got ${found[column] ?? 'no cell'}`;
    }
  }
  return first === undefined ? undefined : `${first} (${count} ${count === 1 ? 'cell differs' : 'cells differ'})`;
}

/** The tokens of a row by cell: SA tokens go with the cell that follows them. */
function cellsOf(row: string): string[] {
  const cells: string[] = [];
  let attributes = '';
  for (const token of row.split(' ')) {
    if (token === '') continue;
    if (token.startsWith('SA(')) {
      attributes += `${token} `;
    } else {
      cells.push(attributes + token);
      attributes = '';
    }
  }
  if (attributes !== '') cells.push(attributes.trimEnd());
  return cells;
}
