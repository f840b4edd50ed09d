import { basename, join } from 'node:path';
import { isRoundhouseError, type Scope } from '@roundhouse/core';
import type { AuditJournal, SegmentSummary } from '../journal/contract.ts';
import { layoutOf } from '../journal/layout.ts';
import type { PrunedRange } from '../journal/pruning.ts';
import type { AuditClass } from '../record/entry.ts';
import { decodeHeader, MAX_HEADER_BYTES, type SegmentHeader } from '../segment/header.ts';
import { type ArchiveManifest, readManifests } from './archive.ts';
import { type ArchiveFacts, type ClassFacts, RecordTally, type Seen, type SegmentFacts } from './facts.ts';
import { certificatePath, certificatesOf, type RetentionFiles, replaceFile } from './files.ts';
import { holdKey, type LegalHold } from './hold.ts';

export interface InventoryDependencies {
  readonly journal: Pick<AuditJournal, 'read' | 'segments' | 'status'>;
  readonly files: RetentionFiles;
  /** Of the journal. */
  readonly directory: string;
  /** Where what is found out is kept: it can be removed at any time, and is found out again. */
  readonly state: string;
  /** Of the archive of this journal, if there is one. */
  readonly archive: string | undefined;
}

/** What there is of a segment in the journal. */
export interface KnownSegment extends SegmentFacts {
  readonly summary: SegmentSummary;
  readonly header: SegmentHeader;
}

/** What there is of a segment in the archive. */
interface KnownArchive extends ArchiveFacts {
  readonly manifest: ArchiveManifest;
}

export interface Inventory {
  readonly segments: readonly KnownSegment[];
  readonly archives: readonly KnownArchive[];
}

/** Names of files. */
interface There {
  readonly journal: ReadonlySet<string>;
  readonly certificates: ReadonlySet<string>;
  /** The last segment whose removal was begun; -1 for none. */
  readonly pruned: number;
}

interface Cache {
  readonly v: 1;
  readonly journal: string;
  /** By number. */
  readonly segments: Record<string, Seen & { readonly first_seq: number; readonly records: number }>;
}

/** Looks at all that there is; each closed segment is read once for all holds that there are. Raises Node's errors, AUDIT_UNAVAILABLE. */
export async function takeInventory(
  holds: readonly LegalHold[],
  deps: InventoryDependencies,
  scope: Scope,
): Promise<Inventory> {
  const { journal, archive, files } = deps;
  const manifests = archive === undefined ? [] : await readManifests(archive, files);
  const archived = new Set(manifests.map(({ segment }) => segment));
  await files.makeDirectory(certificatesOf(deps.state));
  const there: There = {
    journal: new Set(await files.list(deps.directory)),
    certificates: new Set(await files.list(certificatesOf(deps.state))),
    pruned: await lastPruned(deps),
  };
  const cachePath = join(deps.state, 'facts.json');
  const cache = await readCache(cachePath, deps);
  const kept: Cache['segments'] = {};
  const segments: KnownSegment[] = [];
  const summaries = journal.segments();
  for (const [index, summary] of summaries.entries()) {
    scope.throwIfEnded();
    const until = Date.parse((summaries[index + 1] ?? summary).created);
    const known = cache.segments[summary.segment];
    const found = await look(summary, until, holds, known, there, deps, scope);
    if (found === undefined) continue;
    const { first_seq, records } = summary;
    if (found.classes !== undefined && !summary.is_open) {
      kept[summary.segment] = { classes: found.classes, matches: found.matches, first_seq, records };
    }
    segments.push({ ...found, isArchived: archived.has(summary.segment) });
  }
  const next: Cache = { v: 1, journal: journal.status().journal, segments: kept };
  if (JSON.stringify(next) !== JSON.stringify(cache)) {
    await files.makeDirectory(deps.state);
    await replaceFile(files, cachePath, Buffer.from(JSON.stringify(next)));
  }
  return { segments, archives: manifests.map(archiveFacts) };
}

/** One segment; undefined when it was removed meanwhile. */
async function look(
  summary: SegmentSummary,
  until: number,
  holds: readonly LegalHold[],
  known: Seen | undefined,
  there: There,
  deps: InventoryDependencies,
  scope: Scope,
): Promise<KnownSegment | undefined> {
  const { files, directory, state } = deps;
  const header = await readHeader(summary.path, files);
  if (header === undefined) return undefined;
  const isSealed = header.seal !== undefined;
  const isErased = isSealed && !there.journal.has(basename(layoutOf(directory).dataKey(summary.segment)));
  const base = {
    kind: 'segment',
    segment: summary.segment,
    isOpen: summary.is_open,
    isSealed,
    isErased,
    isCertified: there.certificates.has(basename(certificatePath(state, 'segment', summary.segment))),
    isArchived: false,
    isPruned: summary.segment <= there.pruned,
    summary,
    header,
  } as const;
  const wanted = holds.every((hold) => known?.matches[holdKey(hold)] !== undefined);
  if (known !== undefined && (wanted || isErased)) return { ...base, ...known, to: latest(known.classes, until) };
  // It has no end yet, and is kept in any case.
  if (summary.is_open) return { ...base, classes: {}, matches: {}, to: until };
  const seen = await read(summary, holds, deps, scope);
  if (typeof seen !== 'string') return { ...base, ...seen, to: latest(seen.classes, until) };
  if (seen === 'AUDIT_PRUNED') return undefined;
  const unread = { ...base, classes: undefined, matches: {}, to: until };
  return seen === 'AUDIT_ERASED' ? unread : { ...unread, fault: seen };
}

/** What the records of a segment are, or the code of what is in the way. */
async function read(
  { first_seq: from, records }: SegmentSummary,
  holds: readonly LegalHold[],
  { journal }: InventoryDependencies,
  scope: Scope,
): Promise<RecordTally | string> {
  const tally = new RecordTally(holds);
  try {
    for await (const record of journal.read({ from, to: from + records }, scope)) tally.add(record);
    return tally;
  } catch (error) {
    scope.throwIfEnded();
    if (isRoundhouseError(error)) return error.code;
    throw error;
  }
}

async function readCache(path: string, { files, journal }: InventoryDependencies): Promise<Cache> {
  const empty: Cache = { v: 1, journal: journal.status().journal, segments: {} };
  const text = (await files.read(path))?.toString();
  if (text === undefined) return empty;
  try {
    const cache = JSON.parse(text) as Cache;
    return cache.v === 1 && cache.journal === empty.journal ? cache : empty;
  } catch {
    return empty;
  }
}

/** What a crash has left of a line is none. */
async function lastPruned({ files, directory }: InventoryDependencies): Promise<number> {
  const text = (await files.read(layoutOf(directory).pruned))?.toString() ?? '';
  const lines = text.split('\n').slice(0, -1);
  return Math.max(-1, ...lines.map((line) => (JSON.parse(line) as PrunedRange).last_segment));
}

/** Undefined when there is no file, or no header in it. */
async function readHeader(path: string, files: RetentionFiles): Promise<SegmentHeader | undefined> {
  try {
    const file = await files.open(path);
    try {
      return decodeHeader(await file.read(0, MAX_HEADER_BYTES))?.header;
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function archiveFacts(manifest: ArchiveManifest): KnownArchive {
  const classes = Object.fromEntries(
    Object.entries(manifest.classes).map(([name, { first, last, records }]): [string, ClassFacts] => [
      name,
      { first: Date.parse(first), last: Date.parse(last), records },
    ]),
  ) as Partial<Record<AuditClass, ClassFacts>>;
  const { segment, seal, to } = manifest;
  return { kind: 'archive', segment, classes, to: Date.parse(to), matches: {}, isSealed: seal !== null, manifest };
}

function latest(classes: Seen['classes'], otherwise: number): number {
  const lasts = Object.values(classes).map(({ last }) => last);
  return lasts.length === 0 ? otherwise : Math.max(...lasts);
}
