import { isRoundhouseError } from '@roundhouse/core';
import fc from 'fast-check';

/** A promise of a parser about any input, to be tried with many. */
export interface FuzzTarget {
  readonly parser: string;
  /** What holds whatever is put in. */
  readonly promise: string;
  /** Throws with the seed and the smallest input that breaks it. */
  readonly check: (cases: number, seed?: number) => Promise<void>;
}

export function fuzzTarget<Given>(
  parser: string,
  promise: string,
  property: fc.IProperty<Given> | fc.IAsyncProperty<Given>,
): FuzzTarget {
  return {
    parser,
    promise,
    check: async (cases, seed) => {
      await fc.assert(property as fc.IAsyncProperty<Given>, { numRuns: cases, ...(seed !== undefined && { seed }) });
    },
  };
}

/** Cases of each promise in tests: a long run has more, and `ROUNDHOUSE_FUZZ_CASES` asks for a number. */
export const FUZZ_CASES = Number(
  process.env['ROUNDHOUSE_FUZZ_CASES'] ?? (process.env['ROUNDHOUSE_LONG'] === '1' ? 50_000 : 300),
);

/** Runs it; what it throws is a coded error, of those named when any are. Undefined then. */
export function codedOnly<Result>(run: () => Result, codes: readonly string[] = []): Result | undefined {
  try {
    return run();
  } catch (error) {
    demandCode(error, codes);
    return undefined;
  }
}

/** As `codedOnly`, of what is asynchronous. */
export async function codedOnlyLater<Result>(
  run: () => Promise<Result>,
  codes: readonly string[] = [],
): Promise<Result | undefined> {
  try {
    return await run();
  } catch (error) {
    demandCode(error, codes);
    return undefined;
  }
}

function demandCode(error: unknown, codes: readonly string[]): void {
  if (!isRoundhouseError(error) || (codes.length > 0 && !codes.includes(error.code))) throw error;
}

/** Bytes: some of these words in any order, with noise between; or noise alone. */
export function wordsAndNoise(words: readonly string[], maxWords = 20): fc.Arbitrary<Buffer> {
  const piece = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...words).map((word) => Buffer.from(word, 'latin1')) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes)) },
  );
  return fc.oneof(
    { weight: 5, arbitrary: fc.array(piece, { maxLength: maxWords }).map((pieces) => Buffer.concat(pieces)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes)) },
  );
}

/** As `wordsAndNoise`, as a text of a character a byte. */
export function textOfWords(words: readonly string[], maxWords = 20): fc.Arbitrary<string> {
  return wordsAndNoise(words, maxWords).map((bytes) => bytes.toString('latin1'));
}

/** Where bytes are cut: piece lengths, to be used in turn until nothing is left. */
export const cuts: fc.Arbitrary<readonly number[]> = fc.array(fc.nat(12), { maxLength: 12 });

/** The pieces that cuts make of bytes; the last one is all that is left. */
export function piecesOf(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(bytes.subarray(at, at + length));
    at = Math.min(at + length, bytes.length);
  }
  return [...pieces, bytes.subarray(at)];
}
