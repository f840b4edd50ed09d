import { randomBytes as systemRandomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { isRoundhouseError } from '@roundhouse/core';
import { auditError } from '../errors.ts';
import type { JournalFiles } from '../files.ts';
import { nodeFiles } from '../nodeFiles.ts';
import { CheckpointFile } from '../proof/checkpointFile.ts';
import { LeafFiles } from '../proof/leafFiles.ts';
import { SigningKey, type SigningKeyDependencies } from '../proof/signingKey.ts';
import { TreeFile } from '../proof/treeFile.ts';
import { createMask } from '../record/mask.ts';
import { createUlids } from '../record/ulid.ts';
import { FileVault } from '../record/vault.ts';
import { SegmentCatalog } from '../segment/catalog.ts';
import { SegmentLog } from '../segment/log.ts';
import { type Recovery, recover } from '../segment/recovery.ts';
import type { AuditJournal, JournalDependencies, JournalOptions } from './contract.ts';
import { Journal, unavailable } from './journal.ts';
import { type Layout, layoutOf } from './layout.ts';
import { resolveOptions, type Settings } from './options.ts';

/**
 * Opens the journal in a directory, or begins one there: recovers what a crash has left, evolves the signing key, and
 * begins a segment. Raises AUDIT_OPTIONS_INVALID, AUDIT_LOCKED, AUDIT_KEY_LOST, AUDIT_UNAVAILABLE. Damage is no reason not to
 * open: it is in the status, in the log, and in a record.
 */
export async function openJournal(options: JournalOptions, deps: JournalDependencies): Promise<AuditJournal> {
  const settings = resolveOptions(options);
  const { files = nodeFiles } = deps;
  const layout = layoutOf(settings.directory);
  try {
    return await open(options, settings, layout, files, deps);
  } catch (error) {
    throw isRoundhouseError(error) ? error : unavailable(error);
  }
}

async function open(
  options: JournalOptions,
  settings: Settings,
  layout: Layout,
  files: JournalFiles,
  { clock, log, keyRing, randomBytes = systemRandomBytes }: JournalDependencies,
): Promise<AuditJournal> {
  const { directory } = settings;
  await files.makeDirectory(directory);
  const lock = await files.lock(directory);
  if ('holder' in lock) throw auditError('AUDIT_LOCKED', { details: { pid: lock.holder, directory } });
  try {
    const ulid = createUlids(randomBytes);
    const now = clock.now();
    const time = new Date(now).toISOString();
    const checkpointFile = new CheckpointFile(files, layout.checkpoints);
    await checkpointFile.load();
    const keyDeps = { files, randomBytes, keyRing };
    const recovery = await recover(files, layout, checkpointFile.last, time);
    const key = await keyFor(layout, recovery, ulid(now), time, keyDeps);
    const boot = ulid(now);
    const names = new Set(await files.list(directory));
    const erased = recovery.segments.filter(
      ({ header: { seal, segment } }) => seal !== undefined && !names.has(basename(layout.dataKey(segment))),
    );
    const catalog = new SegmentCatalog(
      recovery.segments,
      erased.map(({ header }) => header.segment),
      { files, layout, keyRing },
    );
    const leaves = new LeafFiles(files, layout, catalog);
    const segments = new SegmentLog(
      recovery.tail,
      recovery.next,
      recovery.damage,
      { journal: key.journal, boot, ...settings.rotation },
      {
        clock,
        files,
        layout,
        randomBytes,
        keyRing,
        onSegment: (info) => catalog.add(info),
        onWithdrawn: (withdrawn) => catalog.remove((info) => info === withdrawn),
      },
    );
    await segments.begin();
    const journal = new Journal(settings, {
      clock,
      log,
      files,
      layout,
      lock,
      randomBytes,
      key,
      checkpointFile,
      catalog,
      segments,
      leaves,
      ulid,
      boot,
      tree: new TreeFile(files, layout.tree, leaves, catalog),
      vault: new FileVault(layout.subjects, key.journal, keyDeps),
      mask: createMask(options.mask),
      sinks: options.sinks ?? [],
      damage: recovery.damage,
    });
    await tellOpening(journal, recovery, key.epoch);
    if (recovery.torn !== undefined) log.warn('a torn tail of the audit journal was cut off', { ...recovery.torn });
    if (recovery.damage !== undefined) log.error('the audit journal is damaged', { ...recovery.damage });
    return journal;
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** The signing key: of a new journal, or the next of one that is there. */
async function keyFor(
  { keys, private: directory }: Layout,
  { tail, segments }: Recovery,
  journal: string,
  time: string,
  deps: SigningKeyDependencies,
): Promise<SigningKey> {
  const paths = { keys, private: directory };
  const start = { size: tail.seq, root: tail.range.root(), time };
  const key = await SigningKey.load(paths, deps);
  const stranger = segments.find(({ header }) => header.journal !== key?.journal);
  if (stranger !== undefined) {
    const reason =
      key === undefined ? 'its keys are not there' : `segment ${stranger.header.segment} is of another journal`;
    throw auditError('AUDIT_KEY_LOST', { details: { directory, reason } });
  }
  if (key === undefined) return SigningKey.create(journal, start, paths, deps);
  await key.evolve(start);
  return key;
}

/** Together, so that they are durable at once. */
async function tellOpening(journal: Journal, { torn, damage }: Recovery, epoch: number): Promise<void> {
  const told = [journal.own('RHA-0001', 'success', { epoch })];
  if (torn !== undefined) told.push(journal.own('RHA-0003', 'success', { ...torn }));
  if (damage !== undefined) told.push(journal.own('RHA-0004', 'failure', { ...damage }));
  await Promise.all(told);
}
