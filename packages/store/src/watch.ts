import { isRoundhouseError, type Scope } from '@roundhouse/core';
import { type Backend, type ChangePage, type ChangePlace, END_OF_REVISION } from './backend.ts';
import { storeError } from './errors.ts';
import { toChange } from './rows.ts';
import type { Change, WatchOptions } from './store.ts';

/** Changes that are read at a time: all that a watcher ever holds, however far behind it is. */
const PAGE = 256;
/** Pause before a store that does not answer is asked again, unless it tells of itself earlier. */
const RETRY_MS = 1_000;

/**
 * Reads the changes that are kept, page by page, and waits for the store to tell of more. So history and present are one
 * thing, and a slow reader costs a page. Ends with the scope.
 */
export async function* watchChanges(
  backend: Pick<Backend, 'changes' | 'onAdvance'>,
  { after, kinds }: WatchOptions,
  scope: Scope,
): AsyncGenerator<Change, void, undefined> {
  let advanced = Promise.withResolvers<void>();
  const leave = backend.onAdvance(() => advanced.resolve());
  try {
    let place: ChangePlace = { revision: after, ordinal: END_OF_REVISION };
    while (!scope.signal.aborted) {
      // Renewed before the read: what is committed during it is read afterwards.
      advanced = Promise.withResolvers();
      const page = await read(backend, place, scope);
      if (page === undefined) {
        await pause(advanced.promise, scope);
        continue;
      }
      if (!isKept(place, page)) {
        const { compacted, revision } = page;
        throw storeError('REVISION_COMPACTED', { details: { after: place.revision, compacted, revision } });
      }
      for (const row of page.changes) {
        if (scope.signal.aborted) return;
        place = row;
        if (kinds === undefined || kinds.includes(row.resource.kind)) yield toChange(row);
      }
      if (page.changes.length < PAGE) {
        place = { revision: page.revision, ordinal: END_OF_REVISION };
        await scope.race(advanced.promise);
      }
    }
  } catch (error) {
    if (!scope.signal.aborted) throw error;
  } finally {
    leave();
  }
}

/** A page, or undefined when the store does not answer for now. */
async function read(
  backend: Pick<Backend, 'changes'>,
  place: ChangePlace,
  scope: Scope,
): Promise<ChangePage | undefined> {
  try {
    return await scope.race(backend.changes(place, PAGE));
  } catch (error) {
    if (isRoundhouseError(error) && error.code === 'STORE_UNAVAILABLE') return undefined;
    throw error;
  }
}

async function pause(advanced: Promise<void>, scope: Scope): Promise<void> {
  using wait = scope.child();
  await Promise.race([wait.sleep(RETRY_MS), scope.race(advanced)]);
}

/** A revision beyond the last was never made here: the database has gone back to a backup since. */
function isKept({ revision, ordinal }: ChangePlace, page: ChangePage): boolean {
  if (revision > page.revision) return false;
  return ordinal === END_OF_REVISION ? revision >= page.compacted : revision > page.compacted;
}
