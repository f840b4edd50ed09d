import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';
import { layoutOf } from '../journal/layout.ts';
import { parseCheckpoint } from '../proof/checkpoint.ts';
import { noteEntry, splitNotes } from '../proof/noteFile.ts';
import { hasItsDigest, textWithDigest } from '../record/digest.ts';
import { decodeFrame } from '../segment/frame.ts';
import { decodeHeader, type SegmentHeader } from '../segment/header.ts';
import { verifyFiles } from '../verify/verify.ts';
import type { ArchiveManifest } from './archive.ts';
import { archivePaths } from './files.ts';

export interface ArchiveCheck {
  /** Of the journal. */
  readonly directory: string;
  readonly archive: string;
  readonly manifest: ArchiveManifest;
}

/**
 * Unpacks an archive and holds it against the original, byte by byte, against its manifest, and against what is signed, by
 * the verifier. Undefined when all agree; else what does not. Blocks: for a thread of its own. Throws Node's errors.
 */
export function checkArchive({ directory, archive, manifest }: ArchiveCheck): string | undefined {
  const layout = layoutOf(directory);
  const { segment, original } = manifest;
  const paths = archivePaths(archive, segment);
  if (!hasItsDigest(readFileSync(paths.manifest, 'utf8').trimEnd())) return 'its manifest is not as it was written';
  const packed = readFileSync(paths.data);
  if (!isOf(packed, manifest.archive)) return 'it is not what its manifest says';
  const bytes = zstdDecompressSync(packed, { maxOutputLength: original.bytes + 1 });
  if (!isOf(bytes, original)) return 'what it unpacks to is not what its manifest says';
  if (!bytes.equals(readFileSync(layout.segment(segment)))) return 'it is not what the journal has';
  const { seal } = manifest;
  if (seal !== null && !readFileSync(paths.key).equals(readFileSync(layout.dataKey(segment)))) {
    return 'its key is not that of the journal';
  }
  const header = decodeHeader(bytes)?.header;
  if (header === undefined) return 'it has no header';
  return verifyAlone(bytes, header, manifest.next_seq, layout);
}

/** The verifier on this segment, with as many behind it as it takes to reach something signed: the open one if need be. */
function verifyAlone(
  bytes: Buffer,
  header: SegmentHeader,
  end: number,
  layout: ReturnType<typeof layoutOf>,
): string | undefined {
  const sizes = notesOf(layout.checkpoints).flatMap((note) => parseCheckpoint(note)?.size ?? []);
  const files = new Map([[nameOf(header.segment), bytes]]);
  let size = end;
  const isSigned = (): boolean => sizes.some((each) => each >= header.first_seq && each <= size);
  for (let number = header.segment + 1; !isSigned() && existsSync(layout.segment(number)); number++) {
    const next = readFileSync(layout.segment(number));
    const behind = sizeBehind(number, layout);
    // What is behind the last checkpoint is being written right now.
    size = behind ?? Math.max(size, ...sizes);
    files.set(nameOf(number), behind === undefined ? upTo(next, size) : next);
  }
  // What was signed of more than these segments is not for them to show.
  files.set('keys', notesUpTo(size, layout.keys, keySize));
  files.set(
    'checkpoints',
    notesUpTo(size, layout.checkpoints, (note) => parseCheckpoint(note)?.size),
  );
  files.set('pruned', Buffer.from(`${textWithDigest(before(header))}\n`));
  const { fault } = verifyFiles([...files.keys()], (name) => Buffer.from(files.get(name) as Buffer));
  return fault === undefined ? undefined : `the verifier says ${fault.verdict}: ${fault.what}`;
}

/** Stands for all that is before the segment, in the words of its own header. */
function before({ segment, first_seq, previous_chain, root, created }: SegmentHeader) {
  return {
    v: 1,
    first_segment: 0,
    last_segment: segment - 1,
    first_seq: 0,
    next_seq: first_seq,
    chain: previous_chain,
    root,
    time: created,
  };
}

/** The number behind the last record of a closed segment, as the header of the next one says; undefined of an open one. */
function sizeBehind(number: number, layout: ReturnType<typeof layoutOf>): number | undefined {
  if (!existsSync(layout.segment(number + 1))) return undefined;
  return decodeHeader(readFileSync(layout.segment(number + 1)))?.header.first_seq;
}

/** A segment without its records from `size` on. */
function upTo(bytes: Buffer, size: number): Buffer {
  let at = decodeHeader(bytes)?.length ?? 0;
  for (;;) {
    const frame = decodeFrame(bytes, at, at);
    if (frame === undefined || frame === 'implausible' || frame.seq >= size) return bytes.subarray(0, at);
    at += frame.bytes.length;
  }
}

function notesUpTo(size: number, path: string, sizeOf: (note: string) => number | undefined): Buffer {
  const notes = notesOf(path).filter((note) => (sizeOf(note) ?? Infinity) <= size);
  return Buffer.from(notes.map(noteEntry).join(''));
}

function notesOf(path: string): readonly string[] {
  return existsSync(path) ? splitNotes(readFileSync(path)).notes : [];
}

/** The second line of the note of a key is the size of the tree when it began. */
function keySize(note: string): number {
  return Number(note.split('\n')[1]);
}

function isOf(bytes: Buffer, { bytes: length, sha256 }: ArchiveManifest['original']): boolean {
  return bytes.length === length && hash('sha256', bytes, 'hex') === sha256;
}

function nameOf(segment: number): string {
  return `${String(segment).padStart(8, '0')}.seg`;
}
