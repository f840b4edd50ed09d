import { createHash, type Hash, hash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createZstdCompress } from 'node:zlib';
import type { AppendFile, ReadFile } from '../files.ts';
import type { JsonObject } from '../record/canonical.ts';
import { textWithDigest } from '../record/digest.ts';
import type { AuditClass } from '../record/entry.ts';
import { archivePaths, replaceFile, type RetentionFiles } from './files.ts';

const CHUNK_BYTES = 1_048_576;
/** Those of a manifest, and of no other file. */
const MANIFEST = /^(\d{8})\.manifest\.json$/;

/** What is written down beside an archived segment; docs/audit.md has the format. */
export interface ArchiveManifest {
  readonly v: 1;
  readonly format: 'roundhouse-audit-archive';
  readonly journal: string;
  readonly segment: number;
  /** RFC 3339, as all times here. */
  readonly archived: string;
  readonly first_seq: number;
  /** Also the size of the tree behind it, whose root this is. */
  readonly next_seq: number;
  readonly root: string;
  readonly from: string;
  readonly to: string;
  readonly classes: Partial<
    Readonly<Record<AuditClass, { readonly first: string; readonly last: string; readonly records: number }>>
  >;
  readonly original: FileDigest;
  readonly archive: FileDigest & { readonly compression: 'zstd' };
  /** Sealed records are as good as random bytes: they do not become smaller. Null when they are not sealed. */
  readonly seal:
    | (SealFacts & {
        /** Of the wrapped key beside it, hexadecimal. */
        readonly wrapped_sha256: string;
      })
    | null;
  /** Of the manifest, with zeros in its place. */
  readonly digest: string;
}

interface SealFacts {
  readonly cipher: string;
  readonly key_id: string;
}

interface FileDigest {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** All of a manifest but what writing the archive finds out. */
export type ArchiveFactsOf = Omit<ArchiveManifest, 'v' | 'format' | 'original' | 'archive' | 'seal' | 'digest'> & {
  readonly seal: SealFacts | null;
};

export interface ArchiveSource {
  readonly segment: string;
  /** The wrapped key of a sealed one. */
  readonly dataKey: string;
}

/**
 * Writes the archive of a closed segment: its bytes and its key first, the manifest last, each under its name when it is
 * whole and durable. So an archive is there when its manifest is. Raises Node's errors.
 */
export async function writeArchive(
  source: ArchiveSource,
  directory: string,
  facts: ArchiveFactsOf,
  files: RetentionFiles,
): Promise<ArchiveManifest> {
  const paths = archivePaths(directory, facts.segment);
  await files.makeDirectory(directory);
  const temporary = `${paths.data}.tmp`;
  await files.remove(temporary);
  const { original, archive } = await compress(source.segment, temporary, files);
  await files.rename(temporary, paths.data);
  const seal = facts.seal && { ...facts.seal, wrapped_sha256: await copyKey(source, paths.key, facts.segment, files) };
  await files.syncDirectory(directory);
  const manifest: Omit<ArchiveManifest, 'digest'> = {
    v: 1,
    format: 'roundhouse-audit-archive',
    ...facts,
    seal,
    original,
    archive: { ...archive, compression: 'zstd' },
  };
  const text = textWithDigest(manifest as unknown as JsonObject);
  await replaceFile(files, paths.manifest, Buffer.from(`${text}\n`));
  return JSON.parse(text) as ArchiveManifest;
}

/** Gives the digest of the wrapped key. */
async function copyKey(
  { dataKey }: ArchiveSource,
  path: string,
  segment: number,
  files: RetentionFiles,
): Promise<string> {
  const key = await files.read(dataKey);
  if (key === undefined) throw new Error(`the key of segment ${segment} is not there`);
  await replaceFile(files, path, key);
  return hash('sha256', key);
}

/** The manifests of a directory, in the order of their segments; none when there is no directory. Raises Node's errors. */
export async function readManifests(directory: string, files: RetentionFiles): Promise<readonly ArchiveManifest[]> {
  await files.makeDirectory(directory);
  const segments = (await files.list(directory)).flatMap((name) => MANIFEST.exec(name)?.[1] ?? []).map(Number);
  const texts = await Promise.all(
    segments.sort((a, b) => a - b).map((segment) => files.read(archivePaths(directory, segment).manifest)),
  );
  return texts.flatMap((text) => (text === undefined ? [] : [JSON.parse(text.toString()) as ArchiveManifest]));
}

async function compress(
  from: string,
  to: string,
  files: RetentionFiles,
): Promise<{ original: FileDigest; archive: FileDigest }> {
  const source = await files.open(from);
  try {
    const target = await files.append(to, 'new');
    try {
      const [original, archive] = [new Counter(), new Counter()];
      await pipeline(chunksOf(source, original), createZstdCompress(), (pieces: AsyncIterable<Buffer>) =>
        write(pieces, target, archive),
      );
      await target.sync();
      return { original: original.digest(), archive: archive.digest() };
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function* chunksOf(file: ReadFile, counter: Counter): AsyncGenerator<Buffer> {
  for (;;) {
    const bytes = await file.read(counter.bytes, CHUNK_BYTES);
    if (bytes.length === 0) return;
    counter.add(bytes);
    yield bytes;
  }
}

async function write(pieces: AsyncIterable<Buffer>, file: AppendFile, counter: Counter): Promise<void> {
  for await (const piece of pieces) {
    counter.add(piece);
    await file.write(piece);
  }
}

class Counter {
  bytes = 0;
  readonly #hash: Hash = createHash('sha256');

  add(piece: Uint8Array): void {
    this.bytes += piece.length;
    this.#hash.update(piece);
  }

  digest(): FileDigest {
    return { bytes: this.bytes, sha256: this.#hash.digest('hex') };
  }
}
