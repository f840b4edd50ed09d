import { RESOURCE_KIND_NAMES } from '@roundhouse/api';
import { type FactProvider, UnknownFact } from '@roundhouse/audit/compliance';
import type { EventJournal } from '../../event/journal.ts';
import { TYPE_PREFIX } from '../../event/record.ts';

const CHANGES = new Set(
  RESOURCE_KIND_NAMES.flatMap((kind) =>
    ['created', 'changed', 'removed'].map((change) => `${TYPE_PREFIX}${kind}.${change}`),
  ),
);

export interface ChangeFactsSources {
  readonly journal: Pick<EventJournal, 'watch'>;
  /** Whether there is a configuration file, whose reloads are watched over. */
  readonly hasConfiguration: () => boolean;
}

/** Counts changes of resources from now on. */
export function changeFacts({ journal, hasConfiguration }: ChangeFactsSources): FactProvider {
  let examined = 0;
  let withoutAuthor = 0;
  journal.watch(({ type, data }) => {
    if (!CHANGES.has(type)) return;
    examined++;
    if (typeof data['by'] !== 'string' || data['by'] === '') withoutAuthor++;
  });
  return {
    name: 'changes',
    names: ['changes.can_roll_back', 'changes.examined', 'changes.without_approver', 'changes.without_author'],
    gather: () =>
      Promise.resolve({
        'changes.can_roll_back': hasConfiguration()
          ? true
          : new UnknownFact('NO_CONFIGURATION_FILE', 'The server runs without a configuration file'),
        'changes.examined': examined,
        'changes.without_approver': new UnknownFact('NOT_SUPPORTED', 'Changes carry no approval'),
        'changes.without_author': withoutAuthor,
      }),
  };
}
