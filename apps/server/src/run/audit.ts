import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type AuditJournal,
  type CheckpointSink,
  createHttpSink,
  type JournalDependencies,
  type ObjectLockStore,
  openIndex,
  type SearchIndex,
  openFileSink,
  openJournal,
  openLockedFiles,
  nodeFiles,
} from '@roundhouse/audit';
import { Secret } from '@roundhouse/core';
import type { ConfigurationValue } from '../configuration/definition.ts';
import { defined } from './defined.ts';

type AuditSection = NonNullable<ConfigurationValue['audit']>;
type SinkSection = NonNullable<AuditSection['sinks']>[number];

/**
 * Opens the journal of an installation as its configuration says; undefined where that says that there is none. Raises
 * what `openJournal` and `openFileSink` do.
 */
export async function openAudit(
  home: string,
  { enabled = true, ...section }: AuditSection,
  deps: JournalDependencies,
  bucket?: ObjectLockStore,
): Promise<AuditJournal | undefined> {
  if (!enabled) return undefined;
  const directory = auditDirectory(home, section);
  const { sinks = [], mask_keys: keys, classes = {} } = section;
  const isLocked = section.retention?.attributes === true;
  const files = isLocked ? { files: await openLockedFiles(nodeFiles, directory, deps.log) } : {};
  return await openJournal(
    {
      directory,
      classes: Object.fromEntries(
        Object.entries(classes).map(([name, policy]) => [
          name,
          defined({
            durability: policy?.durability,
            whenUnavailable: policy?.when_unavailable,
            whenSinkLags: policy?.when_sink_lags,
          }),
        ]),
      ),
      rotation: defined({ maxBytes: section.max_segment_bytes, maxAgeMs: section.max_segment_age_ms }),
      checkpoint: defined({ intervalMs: section.checkpoint_interval_ms }),
      sinks: [
        ...(await Promise.all(sinks.map((sink) => openSink(sink, directory)))),
        ...(bucket === undefined ? [] : [bucket.checkpoints]),
      ],
      ...defined({
        keyLifetimeMs: section.key_lifetime_ms,
        sinkLagMs: section.sink_lag_ms,
        mask: keys && { keys },
      }),
    },
    { ...deps, ...files },
  );
}

/** Where the journal is. */
export function auditDirectory(home: string, { directory = join(home, 'audit') }: AuditSection): string {
  return directory;
}

/** A server that starts has better to do than to find records, unless somebody looks for one: ms. */
const INDEX_DELAY_MS = 5_000;

/**
 * Begins to make what finds records; it is no part of the journal, and not where others get copies of that. `storeUrl` is
 * followed where the section says PostgreSQL and names no database.
 */
export async function openAuditIndex(
  home: string,
  { index }: AuditSection,
  storeUrl: string,
  { journal, clock, log }: Pick<JournalDependencies, 'clock' | 'log'> & { readonly journal: AuditJournal },
): Promise<SearchIndex> {
  const directory = join(home, 'audit-index');
  const firstDelayMs = INDEX_DELAY_MS;
  if (index?.type !== 'postgres') return openIndex({ directory, firstDelayMs }, { journal, clock, log });
  // Nobody would take out of the file what is erased from now on.
  await rm(directory, { recursive: true, force: true });
  return openIndex({ postgres: new Secret(index.url ?? storeUrl), firstDelayMs }, { journal, clock, log });
}

async function openSink(sink: SinkSection, journal: string): Promise<CheckpointSink> {
  if (sink.type === 'file') {
    const fileSystem = sink.allow_same_file_system === true ? 'any' : 'another';
    return await openFileSink({ name: sink.id, directory: sink.directory, fileSystem }, journal);
  }
  const { id: name, url, method, token } = sink;
  return createHttpSink({
    name,
    url,
    ...defined({ method, token: token === undefined ? undefined : new Secret(token) }),
  });
}
