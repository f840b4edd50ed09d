import { join } from 'node:path';
import type { InstanceId } from '../instance/id.ts';
import { STREAMS, type Stream } from './contract.ts';

/*
 * Files of an instance, in `<logs>/<worker>/<number>`:
 *
 *     stdout.log                         what is written now
 *     stdout.index                       when which byte of it was read
 *     stdout.<from>-<to>.log[.gz]        a segment that is done: bytes <from> … <to> of all the stream ever wrote
 *     stdout.<from>-<to>.index
 *
 * The same for stderr. Counting from the first byte of the stream, a reader's place stays true over rotation and
 * compression.
 */

/** A file of a segment that is done. */
export interface SealedFile {
  readonly stream: Stream;
  /** Offset in the stream of its first byte. */
  readonly from: number;
  /** Offset behind its last byte. */
  readonly to: number;
  readonly kind: 'plain' | 'compressed' | 'index';
}

/** Decimal digits that hold any safe integer, so that names sort as their offsets do. */
const OFFSET_DIGITS = 16;
const SUFFIXES = { plain: 'log', compressed: 'log.gz', index: 'index' } as const;
const SEALED_NAME = /^(stdout|stderr)\.(\d{16})-(\d{16})\.(log|log\.gz|index)$/;
/** Of a file that is being made; what is left of it by a kill is removed. */
export const UNFINISHED_SUFFIX = '.tmp';

export function instanceDirectory(logDirectory: string, { worker, number }: InstanceId): string {
  return join(logDirectory, worker, String(number));
}

export function currentName(stream: Stream): string {
  return `${stream}.log`;
}

export function indexName(stream: Stream): string {
  return `${stream}.index`;
}

export function sealedName({ stream, from, to, kind }: SealedFile): string {
  return `${stream}.${digits(from)}-${digits(to)}.${SUFFIXES[kind]}`;
}

/** Undefined for a name that is not of a segment that is done. */
export function parseSealedName(name: string): SealedFile | undefined {
  const [, stream, from, to, suffix] = SEALED_NAME.exec(name) ?? [];
  const known = STREAMS.find((each) => each === stream);
  if (known === undefined) return undefined;
  const kind = suffix === 'log' ? 'plain' : suffix === 'index' ? 'index' : 'compressed';
  const file = { stream: known, from: Number(from), to: Number(to), kind } as const;
  return Number.isSafeInteger(file.to) && file.from < file.to ? file : undefined;
}

/** Those of one kind and stream among the names of a directory, oldest first. */
export function sealedFiles(names: readonly string[], stream: Stream, kind: SealedFile['kind']): SealedFile[] {
  return names
    .map(parseSealedName)
    .filter((file): file is SealedFile => file?.stream === stream && file.kind === kind)
    .toSorted((a, b) => a.from - b.from);
}

function digits(offset: number): string {
  return String(offset).padStart(OFFSET_DIGITS, '0');
}
