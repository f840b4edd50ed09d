import { RESOURCE_KIND_NAMES } from '@roundhouse/api';
import type { EventJournal } from '../event/journal.ts';
import { TYPE_PREFIX } from '../event/record.ts';
import type { Resources } from '../resource/resources.ts';

const CHANGES = new Set(
  RESOURCE_KIND_NAMES.flatMap((kind) =>
    ['created', 'changed', 'removed'].map((change) => `${TYPE_PREFIX}${kind}.${change}`),
  ),
);
/** Who makes what the configuration files say. */
const FILE_AUTHOR = 'configuration';

/** Counts changes of resources from now on. */
export class ChangeCount {
  #examined = 0;
  #withoutAuthor = 0;
  #besideFiles = 0;

  constructor(journal: Pick<EventJournal, 'watch'>, resources: Pick<Resources, 'find'>) {
    journal.watch(({ type, data }) => {
      if (!CHANGES.has(type)) return;
      this.#examined++;
      const { by } = data;
      if (typeof by !== 'string' || by === '') this.#withoutAuthor++;
      // A principal of that name is no file.
      if (by !== FILE_AUTHOR || resources.find('principal', FILE_AUTHOR) !== undefined) this.#besideFiles++;
    });
  }

  get examined(): number {
    return this.#examined;
  }

  get withoutAuthor(): number {
    return this.#withoutAuthor;
  }

  /** Those that no configuration file asks for. */
  get besideFiles(): number {
    return this.#besideFiles;
  }
}
