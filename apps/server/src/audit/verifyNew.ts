import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { prunedLine, type Report, verifyFiles } from '@roundhouse/audit/verify';

/** Where a verification goes on: everything up to the end of this segment was verified. Hashes are base64. */
interface VerifiedEnd {
  readonly last_segment: number;
  readonly next_seq: number;
  readonly chain: string;
  readonly root: string;
}

/** What is remembered of the files that were verified: one of another length or time is verified again. */
type SeenFiles = Readonly<Record<string, readonly [bytes: number, mtimeMs: number]>>;

export interface Verified {
  /** All in front of it was verified before, and its files are as they were then. */
  readonly end?: VerifiedEnd;
  readonly files: SeenFiles;
}

export interface VerifyTask {
  readonly directory: string;
  /** Of the verification before; undefined for all of the journal. */
  readonly verified?: Verified;
}

export interface VerifyOutcome {
  readonly report: Report;
  /** Whether it began with the first record that is kept. */
  readonly isWhole: boolean;
  /** For the next time; undefined when something is wrong. */
  readonly verified?: Verified;
}

const SEGMENT = /^(\d{8})\.seg$/;
const FRAME_HEAD_BYTES = 13;
const CHAIN_BYTES = 32;

/**
 * Verifies what was not verified before, by the verifier itself: the segments in front stand as removed ones do, by their
 * number, chain and root. What is signed is read first, so that a journal that is being written has it all. Blocks: for a
 * thread of its own. `rest` is called before each segment. Throws Node's errors.
 */
export function verifyNew({ directory, verified }: VerifyTask, rest: () => void): VerifyOutcome {
  const optional = (name: string): Buffer => {
    try {
      return readFileSync(join(directory, name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    }
  };
  const first = new Map(['keys', 'checkpoints', 'tree', 'pruned'].map((name) => [name, optional(name)]));
  const names = readdirSync(directory);
  const numbers = numbersOf(names);
  const known = verified !== undefined && isUnchanged(directory, numbers, verified) ? verified.end : undefined;
  if (known !== undefined) first.set('pruned', Buffer.from(prunedLine({ ...known })));
  const asked = numbers.filter((number) => number > (known?.last_segment ?? -1));
  const open = asked.at(-1);
  const ends: VerifiedEnd[] = [];
  const read = (name: string): Buffer => {
    const kept = first.get(name);
    if (kept !== undefined) return kept;
    const number = numbersOf([name])[0];
    if (number === undefined) return optional(name);
    rest();
    // The index of a segment that grows is never ahead of what is read of the segment after it.
    if (number === open) first.set(leafOf(name), optional(leafOf(name)));
    const bytes = readFileSync(join(directory, name));
    const end = endBefore(bytes);
    if (end !== undefined) ends.push(end);
    return number === open ? withoutTorn(bytes) : bytes;
  };
  const files = [...first.keys(), ...asked.flatMap((number) => [nameOf(number), leafOf(nameOf(number))])];
  const report = verifyFiles(files, read);
  const isWhole = known === undefined;
  if (report.fault !== undefined) return { report, isWhole };
  // What comes next has to be vouched for by something that is signed, or it could not be told from what was put there.
  const end = ends.findLast((each) => each.next_seq <= report.signed_size) ?? known;
  const seen = filesOf(directory, numbers, end);
  return { report, isWhole, verified: { files: seen, ...(end !== undefined && { end }) } };
}

function numbersOf(names: readonly string[]): readonly number[] {
  return names
    .flatMap((name) => SEGMENT.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b);
}

function nameOf(number: number): string {
  return `${String(number).padStart(8, '0')}.seg`;
}

function leafOf(segment: string): string {
  return segment.replace(/seg$/, 'leaf');
}

/** Whether the files that were verified are there as they were, but for those that are removed from the front. */
function isUnchanged(directory: string, numbers: readonly number[], { end, files }: Verified): boolean {
  if (end === undefined) return false;
  const there = new Set(numbers);
  const front = numbers[0] ?? Infinity;
  return (
    Object.entries(files).every(([name, [bytes, mtimeMs]]) => {
      const number = numbersOf([name])[0] ?? -1;
      if (!there.has(number)) return number < front;
      const { size, mtimeMs: time } = statSync(join(directory, name));
      return size === bytes && time === mtimeMs;
    }) && numbers.every((number) => number > end.last_segment || files[nameOf(number)] !== undefined)
  );
}

function filesOf(directory: string, numbers: readonly number[], end: VerifiedEnd | undefined): SeenFiles {
  const behind = numbers.filter((number) => number <= (end?.last_segment ?? -1));
  return Object.fromEntries(
    behind.map((number) => {
      const { size, mtimeMs } = statSync(join(directory, nameOf(number)));
      return [nameOf(number), [size, mtimeMs] as const];
    }),
  );
}

/** What the header of a segment says of all before it; the verifier has compared it with what it found there. */
function endBefore(bytes: Buffer): VerifiedEnd | undefined {
  const header = headerOf(bytes);
  if (header === undefined || header.segment === 0) return undefined;
  const { segment, first_seq: next, previous_chain: chain, root } = header;
  return { last_segment: segment - 1, next_seq: next, chain, root };
}

interface Header {
  readonly segment: number;
  readonly first_seq: number;
  readonly previous_chain: string;
  readonly root: string;
}

/** Undefined where there is none, which is for the verifier to say. */
function headerOf(bytes: Buffer): Header | undefined {
  try {
    return JSON.parse(bytes.toString('utf8', 9, 9 + bytes.readUInt32BE(5))) as Header;
  } catch {
    return undefined;
  }
}

/** A segment that is being written without the record that is not whole yet. */
function withoutTorn(bytes: Buffer): Buffer {
  if (bytes.length < 9) return bytes;
  let at = 9 + bytes.readUInt32BE(5) + CHAIN_BYTES;
  while (at + FRAME_HEAD_BYTES <= bytes.length) {
    const end = at + FRAME_HEAD_BYTES + bytes.readUInt32BE(at) + CHAIN_BYTES;
    if (end > bytes.length) break;
    at = end;
  }
  return bytes.subarray(0, at);
}
