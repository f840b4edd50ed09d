import { type JournalFiles, type ReadFile, writeNew } from '../files.ts';
import { type Layout, segmentNumbers } from '../journal/layout.ts';
import { CompactRange } from '../proof/merkle.ts';
import { chainOf, FLAGS, type Frame, frameLeaf } from './frame.ts';
import { FrameReader } from './frameReader.ts';
import { decodeHeader, MAX_HEADER_BYTES } from './header.ts';
import type { SegmentInfo } from './log.ts';
import { EMPTY_TAIL, type Tail } from './tail.ts';

/** What a crash has left behind the last whole frame; it is kept beside. */
interface TornTail {
  readonly segment: number;
  readonly offset: number;
  readonly bytes: number;
  readonly keptIn: string;
}

export interface Damage {
  readonly segment: number;
  readonly offset: number;
  readonly reason: string;
}

export interface Recovery {
  /** Those that are there, in order. */
  readonly segments: readonly SegmentInfo[];
  /** Number of the next. */
  readonly next: number;
  readonly tail: Tail;
  readonly torn?: TornTail;
  readonly damage?: Damage;
}

/** What was signed last: less must not be there. */
export interface Signed {
  readonly size: number;
  readonly root: Buffer;
}

/**
 * Finds the end of the journal. The last segment is read whole and its chain checked; of the others the headers. A tail
 * that is torn is cut off and kept beside. A chain that is broken where frames follow is damage: it is told and left as it
 * is. Raises Node's errors.
 */
export async function recover(
  files: JournalFiles,
  layout: Layout,
  signed: Signed | undefined,
  time: string,
): Promise<Recovery> {
  const numbers = segmentNumbers(await files.list(layout.directory));
  const segments: SegmentInfo[] = [];
  let damage: Damage | undefined;
  let torn: TornTail | undefined;
  for (const number of numbers) {
    const info = await readInfo(files, layout.segment(number));
    if (info !== undefined && info.header.segment === number) segments.push(info);
    else if (number === numbers.at(-1)) torn = await cut(files, layout, number, 0, time);
    else damage ??= { segment: number, offset: 0, reason: 'its header is not as it was written' };
  }
  const next = (numbers.at(-1) ?? -1) + (torn === undefined ? 1 : 0);
  const last = segments.at(-1);
  if (last === undefined) {
    if ((signed?.size ?? 0) > 0)
      damage ??= { segment: 0, offset: 0, reason: `${signed?.size} records are signed, and none is here` };
    return { segments, next, tail: EMPTY_TAIL, ...(torn && { torn }), ...(damage && { damage }) };
  }
  const scan = await scanSegment(files, layout, last, signed);
  damage ??= scan.damage;
  if (scan.tornAt !== undefined) torn = (await cut(files, layout, last.header.segment, scan.tornAt, time)) ?? torn;
  return { segments, next, tail: scan.tail, ...(torn && { torn }), ...(damage && { damage }) };
}

/** The header of a segment; undefined when it is not whole. */
async function readInfo(files: JournalFiles, path: string): Promise<SegmentInfo | undefined> {
  const file = await files.open(path);
  try {
    const decoded = decodeHeader(await file.read(0, MAX_HEADER_BYTES + 64));
    return decoded === undefined ? undefined : { header: decoded.header, headerLength: decoded.length };
  } finally {
    await file.close();
  }
}

interface Scan {
  readonly tail: Tail;
  readonly damage?: Damage;
  readonly tornAt?: number;
}

async function scanSegment(
  files: JournalFiles,
  layout: Layout,
  info: SegmentInfo,
  signed: Signed | undefined,
): Promise<Scan> {
  const file = await files.open(layout.segment(info.header.segment));
  try {
    return await scanFrames(file, info, signed);
  } finally {
    await file.close();
  }
}

async function scanFrames(
  file: ReadFile,
  { header, headerLength }: SegmentInfo,
  signed: Signed | undefined,
): Promise<Scan> {
  const size = await file.size();
  const { digest } = decodeHeader(await file.read(0, headerLength)) ?? { digest: Buffer.alloc(0) };
  const range = new CompactRange(
    header.first_seq,
    header.range.map((root) => Buffer.from(root, 'base64')),
  );
  let chain: Buffer = Buffer.from(digest);
  let recordChain: Buffer = Buffer.from(header.record_chain, 'base64');
  /** The first frame whose chain is wrong, and whether frames that hang together follow it. */
  let broken: { offset: number; isFollowed: boolean } | undefined;
  let damage: Damage | undefined;
  const found = (offset: number, reason: string): void => {
    damage ??= { segment: header.segment, offset, reason };
  };
  const compare = (): void => {
    if (range.size !== signed?.size || range.root().equals(signed.root)) return;
    found(headerLength, `the first ${signed.size} records are not those that were signed`);
  };
  const reader = new FrameReader(file, headerLength, size);
  const pending: { leaf: Buffer; chain: Buffer; isFooter: boolean }[] = [];
  const take = (leaf: Buffer, next: Buffer, isFooter: boolean): void => {
    chain = next;
    if (isFooter) return;
    recordChain = next;
    range.append(leaf);
    compare();
  };
  compare();
  for (let frames = await reader.read(); frames.length > 0; frames = await reader.read()) {
    for (const frame of frames) {
      const isFooter = (frame.flags & FLAGS.footer) !== 0;
      const before = pending.at(-1)?.chain ?? chain;
      const isRight = isInPlace(frame, before, range.size + pending.filter((each) => !each.isFooter).length);
      if (!isRight && broken !== undefined && !broken.isFollowed) broken.isFollowed = isLinked(frame, before);
      if (isRight && broken !== undefined) broken.isFollowed = true;
      if (!isRight) broken ??= { offset: frame.offset, isFollowed: false };
      const next = { leaf: frameLeaf(frame), chain: Buffer.from(frame.chain), isFooter };
      if (broken === undefined) take(next.leaf, next.chain, isFooter);
      else pending.push(next);
    }
  }
  const brokenSeq = range.size;
  if (broken !== undefined && (broken.isFollowed || (signed?.size ?? 0) > brokenSeq)) {
    found(broken.offset, 'its chain is broken');
    for (const each of pending) take(each.leaf, each.chain, each.isFooter);
    broken = undefined;
  }
  if ((signed?.size ?? 0) > range.size) {
    found(size, `${signed?.size} records are signed, and ${range.size} are here`);
  }
  const end = broken?.offset ?? reader.offset;
  const tail = { seq: range.size, chain, recordChain, range };
  // What is damaged is left as it is: somebody will want to look at it.
  if (damage !== undefined) return { tail, damage };
  return { tail, ...(end < size && { tornAt: end }) };
}

/** Whether a frame is the one that has to come: by number, and by chain. */
function isInPlace(frame: Frame, previous: Buffer, seq: number): boolean {
  return frame.seq === seq && chainOf(previous, frame).equals(frame.chain);
}

/** Whether a frame hangs together with the one before it, right or not: then the fault is not at the very end. */
function isLinked(frame: Frame, previous: Buffer): boolean {
  return chainOf(previous, frame).equals(frame.chain);
}

/** Keeps what is behind `offset` in a file beside, and cuts it off. */
async function cut(
  files: JournalFiles,
  layout: Layout,
  segment: number,
  offset: number,
  time: string,
): Promise<TornTail | undefined> {
  const path = layout.segment(segment);
  const file = await files.open(path);
  let bytes: Buffer;
  try {
    bytes = await file.read(offset, (await file.size()) - offset);
  } finally {
    await file.close();
  }
  const keptIn = layout.torn(segment, time);
  await files.remove(keptIn);
  await writeNew(files, keptIn, bytes);
  await files.syncDirectory(layout.directory);
  // What is derived of it is made anew.
  await files.remove(layout.leaves(segment));
  if (offset === 0) await files.remove(path);
  else await files.truncate(path, offset);
  await files.syncDirectory(layout.directory);
  return { segment, offset, bytes: bytes.length, keptIn };
}
