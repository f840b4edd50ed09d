import type { JsonObject, Store } from '@roundhouse/store';

/** Of what is found out about the audit journal: no resources, nobody sees them, and all of it can be found out again. */
const KIND = 'audit_memory';

/** What is remembered of one journal under a name; of another journal there is nothing. */
export interface Memory<T> {
  load(): Promise<T | undefined>;
  save(value: T): Promise<void>;
}

export function journalMemory<T extends object>(
  store: Pick<Store, 'get' | 'commit'>,
  id: string,
  journal: () => string,
): Memory<T> {
  return {
    async load() {
      const { journal: of, value } = (await store.get(KIND, id))?.value ?? {};
      return of === journal() ? (value as unknown as T) : undefined;
    },
    async save(kept) {
      const value = { journal: journal(), value: kept as unknown as JsonObject };
      await store.commit({ writes: [{ op: 'put', kind: KIND, id, value, expect: 'any' }] });
    },
  };
}
