import { stat } from 'node:fs/promises';
import type { FactProvider, GatheredFacts } from '@roundhouse/audit/compliance';
import type { Clock } from '@roundhouse/core';
import { type EvidenceFiles, orUnknown, readJson } from './evidenceFile.ts';

export interface BackupFactsSources {
  readonly files: () => EvidenceFiles;
  /** Id of the audit journal of this server; undefined without one. */
  readonly journal: () => string | undefined;
  readonly clock: Clock;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const INTACT: ReadonlySet<unknown> = new Set(['intact', 'pruned']);

/** What files say of backups: the newest one itself, and what the verifier said of one that was restored. */
export function backupFacts({ files, journal, clock }: BackupFactsSources): FactProvider {
  return {
    name: 'backup',
    names: ['backup.age_hours', 'backup.restore_tested_days'],
    async gather() {
      const [backup, restore] = await Promise.all([
        orUnknown(['backup.age_hours'], files(), 'backup_file', async (file) => {
          const { size, mtimeMs } = await stat(file);
          if (size === 0) throw new Error('it is empty');
          return { 'backup.age_hours': ageOf(mtimeMs, clock) / HOUR_MS };
        }),
        orUnknown(['backup.restore_tested_days'], files(), 'restore_test_file', (file) =>
          restoreFacts(file, journal(), clock),
        ),
      ]);
      return { ...backup, ...restore };
    },
  };
}

/** The report of `roundhouse audit verify --json` on a restored copy of the journal of this server. */
async function restoreFacts(file: string, journal: string | undefined, clock: Clock): Promise<GatheredFacts> {
  const [report, { mtimeMs }] = await Promise.all([readJson(file), stat(file)]);
  if (!INTACT.has(report['verdict'])) throw new Error('it is no report of a journal that is intact');
  if (journal === undefined || report['journal'] !== journal) throw new Error('it is of another journal');
  return { 'backup.restore_tested_days': ageOf(mtimeMs, clock) / DAY_MS };
}

function ageOf(mtimeMs: number, clock: Clock): number {
  return Math.max(0, clock.now() - mtimeMs);
}
