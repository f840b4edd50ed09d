import { stat } from 'node:fs/promises';
import { RESOURCE_KIND_NAMES } from '@roundhouse/api';
import { type FactProvider, UnknownFact } from '@roundhouse/audit/compliance';
import type { Scope } from '@roundhouse/core';
import type { EventJournal } from '../../event/journal.ts';
import { TYPE_PREFIX } from '../../event/record.ts';
import type { Resources } from '../../resource/resources.ts';
import { digestOf, type EvidenceFiles, orUnknown, readText } from './evidenceFile.ts';

const CHANGES = new Set(
  RESOURCE_KIND_NAMES.flatMap((kind) =>
    ['created', 'changed', 'removed'].map((change) => `${TYPE_PREFIX}${kind}.${change}`),
  ),
);
/** Who makes what the configuration files say. */
const FILE_AUTHOR = 'configuration';

export interface ChangeFactsSources {
  readonly journal: Pick<EventJournal, 'watch'>;
  readonly resources: Pick<Resources, 'find'>;
  /** Whether there is a configuration file, whose reloads are watched over. */
  readonly hasConfiguration: () => boolean;
  /** Of the configuration in force. */
  readonly configurationFiles: () => readonly string[];
  readonly files: () => EvidenceFiles;
}

/** Counts changes of resources from now on, and looks whether the configuration in force was approved. */
export function changeFacts(sources: ChangeFactsSources): FactProvider {
  const { journal, resources, hasConfiguration, configurationFiles, files } = sources;
  let examined = 0;
  let withoutAuthor = 0;
  let besideFiles = 0;
  journal.watch(({ type, data }) => {
    if (!CHANGES.has(type)) return;
    examined++;
    const { by } = data;
    if (typeof by !== 'string' || by === '') withoutAuthor++;
    // A principal of that name is no file.
    if (by !== FILE_AUTHOR || resources.find('principal', FILE_AUTHOR) !== undefined) besideFiles++;
  });
  return {
    name: 'changes',
    names: ['changes.can_roll_back', 'changes.examined', 'changes.without_approver', 'changes.without_author'],
    gather: async (scope) => ({
      'changes.can_roll_back': hasConfiguration()
        ? true
        : new UnknownFact('NO_CONFIGURATION_FILE', 'The server runs without a configuration file'),
      'changes.examined': examined,
      'changes.without_author': withoutAuthor,
      ...(await orUnknown(['changes.without_approver'], files(), 'approvals_file', async (file) => ({
        'changes.without_approver': besideFiles + (await unapproved(await readText(file), configurationFiles(), scope)),
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
