import { join } from 'node:path';

/** Where the parts of a journal are in its directory. */
export interface Layout {
  readonly directory: string;
  readonly checkpoints: string;
  /** The public keys of all epochs. */
  readonly keys: string;
  /** Private keys: nothing in it belongs into a copy for others. */
  readonly private: string;
  readonly subjects: string;
  /** What was removed, a line each time. */
  readonly pruned: string;
  /** Roots of the complete subtrees of 1,024 records: can be made anew. */
  readonly tree: string;
  segment(number: number): string;
  /** The wrapped key of a sealed segment: without it the segment cannot be read. */
  dataKey(number: number): string;
  /** Offset and leaf hash of each record: can be made anew. */
  leaves(number: number): string;
  torn(number: number, time: string): string;
}

const SEGMENT = /^(\d{8})\.seg$/;

export function layoutOf(directory: string): Layout {
  const at = (name: string): string => join(directory, name);
  const numbered = (number: number, ending: string): string => at(`${String(number).padStart(8, '0')}.${ending}`);
  return {
    directory,
    checkpoints: at('checkpoints'),
    keys: at('keys'),
    private: at('private'),
    subjects: at('subjects'),
    pruned: at('pruned'),
    tree: at('tree'),
    segment: (number) => numbered(number, 'seg'),
    dataKey: (number) => numbered(number, 'key'),
    leaves: (number) => numbered(number, 'leaf'),
    torn: (number, time) => numbered(number, `torn-${time.replaceAll(':', '').replace('.', '')}`),
  };
}

/** Numbers of the segments among the names of a directory, in order. */
export function segmentNumbers(names: readonly string[]): number[] {
  return names
    .flatMap((name) => SEGMENT.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}
