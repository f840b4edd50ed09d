import { stat } from 'node:fs/promises';
import { type FactProvider, UnknownFact } from '@roundhouse/audit/compliance';
import type { Scope } from '@roundhouse/core';
import type { ChangeCount } from '../changeCount.ts';
import { digestOf, type EvidenceFiles, orUnknown, readText } from './evidenceFile.ts';

export interface ChangeFactsSources {
  readonly changes: Pick<ChangeCount, 'examined' | 'withoutAuthor' | 'besideFiles'>;
  /** Whether there is a configuration file, whose reloads are watched over. */
  readonly hasConfiguration: () => boolean;
  /** Of the configuration in force. */
  readonly configurationFiles: () => readonly string[];
  readonly files: () => EvidenceFiles;
}

/** Who has made changes, and whether the configuration in force was approved. */
export function changeFacts({
  changes,
  hasConfiguration,
  configurationFiles,
  files,
}: ChangeFactsSources): FactProvider {
  return {
    name: 'changes',
    names: ['changes.can_roll_back', 'changes.examined', 'changes.without_approver', 'changes.without_author'],
    gather: async (scope) => ({
      'changes.can_roll_back': hasConfiguration()
        ? true
        : new UnknownFact('NO_CONFIGURATION_FILE', 'The server runs without a configuration file'),
      'changes.examined': changes.examined,
      'changes.without_author': changes.withoutAuthor,
      ...(await orUnknown(['changes.without_approver'], files(), 'approvals_file', async (file) => ({
        'changes.without_approver':
          changes.besideFiles + (await unapproved(await readText(file), configurationFiles(), scope)),
      }))),
    }),
  };
}

/** A digest as sha256sum writes it, and who has approved what it is of. */
const APPROVAL = /^([0-9a-f]{64})\s+(\S.*)$/;

/** How many files in force nobody has approved as they are. */
async function unapproved(approvals: string, files: readonly string[], scope: Scope): Promise<number> {
  const approved = new Set(approvals.split('\n').flatMap((line) => APPROVAL.exec(line)?.[1] ?? []));
  let count = 0;
  for (const file of files) {
    // What was looked for, and a folder, is named too.
    if (!(await stat(file).catch(() => undefined))?.isFile()) continue;
    if (!approved.has(await digestOf(file, scope))) count++;
  }
  return count;
}
