import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import type { KeyRing } from '@roundhouse/core';
import type { Bed } from '../journal/journal.fixture.ts';
import type { AuditJournal, JournalOptions } from '../journal/contract.ts';
import { entryOf } from '../record/entry.fixture.ts';
import type { AuditClass, AuditEntry } from '../record/entry.ts';
import { nodeRetentionFiles, type RetentionFiles } from './files.ts';
import { type Period, parsePeriod } from './period.ts';
import type { ClassRetention, RetentionPolicy } from './plan.ts';
import { createRetention, type Retention, type RetentionDependencies, type RetentionOptions } from './retention.ts';

const DAY_MS = 86_400_000;
const period = (text: string): Period => parsePeriod(text) as Period;

/** All classes alike. */
export function policyOf(
  keep: string,
  mode: ClassRetention['mode'] = 'remove',
  archiveAfter?: string,
): RetentionPolicy {
  const each: ClassRetention = { keep: period(keep), mode };
  const classes: Record<AuditClass, ClassRetention> = {
    security: each,
    admin: each,
    access: each,
    data: each,
    system: each,
  };
  return { classes, ...(archiveAfter !== undefined && { archiveAfter: period(archiveAfter) }) };
}

/** Segments begin when a test says so. */
const LONG_MS = 2_000_000_000;
export const UNDISTURBED: Pick<JournalOptions, 'rotation' | 'keyLifetimeMs'> = {
  rotation: { maxAgeMs: LONG_MS },
  keyLifetimeMs: LONG_MS,
};

/** A journal of three closed segments, a day each, and an open one. */
export async function threeDays(bed: Bed, ring?: KeyRing): Promise<AuditJournal> {
  const journal = await bed.open(UNDISTURBED, ring === undefined ? {} : { keyRing: ring });
  for (const [day, user] of ['ada', 'bob', 'eve'].entries()) {
    const entry: AuditEntry = entryOf({
      class: 'security',
      actor: { type: 'principal', id: user, authentication: 'jwt' },
      session_id: `s-${day}`,
    });
    for (let n = 0; n < 20; n++) await journal.append({ ...entry, details: { n, said: `what ${user} did` } });
    await journal.checkpoint();
    await journal.rotate();
    await bed.clock.advance(DAY_MS);
  }
  return journal;
}

export function retentionOf(
  bed: Bed,
  journal: AuditJournal,
  options: Partial<RetentionOptions> & Pick<RetentionOptions, 'policy'>,
  deps: Partial<RetentionDependencies> = {},
): Retention {
  const places = { directory: bed.directory, state: bed.beside('state'), archiveDirectory: bed.beside('archive') };
  return createRetention({ ...places, ...options }, { journal, clock: bed.clock, log: bed.log, ...deps });
}

export const archiveOf = (bed: Bed, journal: AuditJournal): string =>
  join(bed.beside('archive'), journal.status().journal);

interface MortalFiles extends RetentionFiles {
  /** Dies after so many changes more. */
  arm(changes: number): void;
  /** How many are left. */
  readonly left: () => number;
}

/** A disk that dies: none of the changes behind that is made, as if the process had been killed. */
export function mortalFiles(): MortalFiles {
  let left = Infinity;
  const take = (): void => {
    if (left === 0) throw Object.assign(new Error('EIO: killed'), { code: 'EIO' });
    left--;
  };
  const files = nodeRetentionFiles;
  return {
    ...files,
    arm: (changes) => void (left = changes),
    left: () => left,
    async append(path, existing) {
      take();
      const file = await files.append(path, existing);
      return {
        async write(bytes) {
          // The last write of all is half of one.
          if (left === 0) await file.write(bytes.subarray(0, bytes.length >> 1));
          take();
          await file.write(bytes);
        },
        async sync() {
          take();
          await file.sync();
        },
        close: () => file.close(),
      };
    },
    async truncate(path, length) {
      take();
      await files.truncate(path, length);
    },
    async overwrite(path, bytes) {
      take();
      await files.overwrite(path, bytes);
    },
    async remove(path) {
      take();
      await files.remove(path);
    },
    async rename(from, to) {
      take();
      await files.rename(from, to);
    },
  };
}

/** Of files, in order; none where there is no directory. */
export async function names(directory: string): Promise<readonly string[]> {
  return (await readdir(directory).catch((): string[] => [])).toSorted((a, b) => a.localeCompare(b));
}

/** A copy of the journal with all that the archive has of it. */
export async function restored(bed: Bed, journal: AuditJournal): Promise<string> {
  const [copy, archive] = [bed.beside('restored'), archiveOf(bed, journal)];
  await rm(copy, { recursive: true, force: true });
  await cp(bed.directory, copy, { recursive: true });
  const there = await names(archive);
  for (const name of there) {
    // An archive is there when its manifest is.
    if (!name.endsWith('.seg.zst') || !there.includes(name.replace('.seg.zst', '.manifest.json'))) continue;
    await writeFile(join(copy, name.replace('.zst', '')), zstdDecompressSync(await readFile(join(archive, name))));
  }
  return copy;
}
