import type { KnownStatuses } from '@roundhouse/audit/compliance';
import type { JsonObject, Store } from '@roundhouse/store';

/** Of what compliance keeps in the store: no resources, nobody sees them. */
export const KIND = 'compliance_memory';
const ID = 'statuses';

/** What the monitor knows of the rules from one evaluation to the next, in the store. */
export function statusMemory(store: Pick<Store, 'get' | 'commit'>) {
  return {
    async load(): Promise<KnownStatuses> {
      return ((await store.get(KIND, ID))?.value ?? {}) as unknown as KnownStatuses;
    },
    async save(known: KnownStatuses): Promise<void> {
      const value = known as unknown as JsonObject;
      await store.commit({ writes: [{ op: 'put', kind: KIND, id: ID, value, expect: 'any' }] });
    },
  };
}
