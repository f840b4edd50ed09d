import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Compat, SessionOptions } from '@roundhouse/tn3270';
import { testingError } from './errors.ts';
import { parseTrace, type Trace } from './trace.ts';

/** Where a checkout may have the recordings beside it; they are not part of the repository. */
export const CONFORMANCE_DIRECTORY: string = fileURLToPath(
  new URL('../../../../shared/conformance/tn3270/', import.meta.url),
);

/** How an engine is to be started for a case; all other options have their defaults. */
export type EngineSetup = Pick<SessionOptions, 'lu' | 'user' | 'deviceName' | 'applicationId'> & {
  readonly model: string;
  readonly compat: Partial<Compat>;
};

/** What the state runner sees of an engine. It is synchronous: what `feed` brought has been dealt with on return. */
export interface EngineUnderTest {
  /** Bytes from the host, cut anywhere. */
  feed(bytes: Uint8Array): void;
  /** All bytes for the host since the last call. */
  takeOutput(): Uint8Array;
  readonly connectionState: string;
  readonly locked: boolean;
  /** `43 80` */
  readonly size: string;
  /** `row 1 column 1 offset 0` */
  readonly cursor: string;
  /** One string a row in the notation of ExpectedStep.buffer. */
  dump(): string[];
}

/** What the reference emulator held after one host record. */
export interface ExpectedStep {
  readonly record: number;
  /** All that it sent since the record before. */
  readonly reply: Uint8Array;
  readonly state: string;
  readonly locked: boolean;
  readonly size: string;
  readonly cursor: string;
  /**
   * One string a row, one token a cell: EBCDIC in hex; `SF(c0=xx,…)`; `GE(xx)`; `SA(…)` stands before the cell that it
   * starts at and takes no place itself.
   */
  readonly buffer: readonly string[];
}

export interface ConformanceCase {
  /** Name of the recording without extension, e.g. `s3270-bid`. */
  readonly name: string;
  readonly trace: Trace;
  /** How the reference was started when it made `steps`. */
  readonly setup: EngineSetup;
  readonly steps: readonly ExpectedStep[];
}

export interface LoadedCases {
  readonly cases: readonly ConformanceCase[];
  /** Why there are none. */
  readonly reason?: string;
}

/** One way in which an engine differs from what was expected. */
export interface Difference {
  /** Number of the host record (state) or of the group (two-way). */
  readonly step: number;
  readonly what: 'timing mark' | 'reply' | 'state' | 'lock' | 'size' | 'cursor' | 'buffer' | 'keys';
  /** The whole difference in words. */
  readonly message: string;
}

/** Pairs `expected/*.json` with the traces of the same name, in the order of their names. */
export function loadCases(directory: string = CONFORMANCE_DIRECTORY): LoadedCases {
  const expectedDirectory = join(directory, 'expected');
  if (!existsSync(expectedDirectory)) return { cases: [], reason: `there are no recordings in ${directory}` };
  const cases = readdirSync(expectedDirectory)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const name = file.slice(0, -'.json'.length);
      const path = join(expectedDirectory, file);
      const { setup, steps } = readExpected(path, JSON.parse(readFileSync(path, 'utf8')));
      const trace = parseTrace(readFileSync(join(directory, 'traces', `${name}.trc`), 'utf8'));
      return { name, trace, setup, steps };
    });
  return { cases };
}

/** A difference between byte strings in words, or undefined when they are equal. */
export function differenceOfBytes(expected: Uint8Array, actual: Uint8Array): string | undefined {
  const length = Math.min(expected.length, actual.length);
  let at = 0;
  while (at < length && expected[at] === actual[at]) at++;
  if (at === expected.length && at === actual.length) return undefined;
  return (
    `${actual.length} bytes instead of ${expected.length}, first difference at byte ${at}: ` +
    `expected ${excerpt(expected, at)}, got ${excerpt(actual, at)}`
  );
}

/** Bytes shown on each side of the place where two byte strings part. */
const EXCERPT_BYTES = 24;

function excerpt(bytes: Uint8Array, at: number): string {
  const start = Math.max(0, at - EXCERPT_BYTES);
  const hex = (from: number, to: number): string => Buffer.from(bytes.subarray(from, to)).toString('hex');
  if (bytes.length === 0) return 'nothing';
  const before = `${start > 0 ? '…' : ''}${hex(start, at)}`;
  const after = `${hex(at, at + EXCERPT_BYTES)}${at + EXCERPT_BYTES < bytes.length ? '…' : ''}`;
  return `${before}|${after}`;
}

function readExpected(file: string, json: unknown): Pick<ConformanceCase, 'setup' | 'steps'> {
  const fail = (reason: string): never => {
    throw testingError('RECORDING_INVALID', { details: { file, reason } });
  };
  const object = (value: unknown, what: string): Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : fail(`${what} is no object`);
  const list = (value: unknown, what: string): unknown[] => (Array.isArray(value) ? value : fail(`${what} is no list`));
  const text = (value: unknown, what: string): string =>
    typeof value === 'string' ? value : fail(`${what} is no string`);
  // The reference's answers to a query are lists of lines; these have one.
  const line = (value: unknown, what: string): string => {
    const lines = list(value, what);
    return lines.length === 1 ? text(lines[0], what) : fail(`${what} has ${lines.length} lines`);
  };

  const whole = object(json, 'the file');
  const options = object(whole['options'], 'options');
  const contentionResolution = options['contentionResolution'];
  const steps = list(whole['steps'], 'steps').map((value, index): ExpectedStep => {
    const step = object(value, `step ${index}`);
    const lock = line(step['lock'], 'lock');
    if (lock !== 'true' && lock !== 'false') fail(`lock is ${lock}`);
    return {
      record: step['record'] === index ? index : fail(`step ${index} is of record ${String(step['record'])}`),
      reply: Uint8Array.from(Buffer.from(text(step['reply'], 'reply'), 'hex')),
      state: text(step['state'], 'state'),
      locked: lock === 'true',
      size: line(step['size'], 'size'),
      cursor: line(step['cursor'], 'cursor'),
      buffer: list(step['buffer'], 'buffer').map((row) => text(row, 'a row of the buffer')),
    };
  });
  return {
    setup: {
      model: text(whole['model'], 'model'),
      compat: typeof contentionResolution === 'boolean' ? { contentionResolution } : {},
    },
    steps,
  };
}
