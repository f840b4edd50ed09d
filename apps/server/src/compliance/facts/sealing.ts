import { RESOURCE_KIND_NAMES, RESOURCE_KINDS, type ResourceKind } from '@roundhouse/api';
import type { FactProvider } from '@roundhouse/audit/compliance';
import type { JsonObject, Store } from '@roundhouse/store';
import { hasPlainText } from '../../resource/secretFields.ts';

const PAGE = 1_000;

/** Looks into the store as whoever steals it would. */
export function sealingFacts(store: Pick<Store, 'list'>): FactProvider {
  return {
    name: 'sealing',
    names: ['secrets.is_sealed_at_rest'],
    async gather(scope) {
      for (const kind of RESOURCE_KIND_NAMES) {
        const { secrets = [] }: ResourceKind = RESOURCE_KINDS[kind];
        if (secrets.length === 0) continue;
        for (let after: string | null | undefined; after !== null; ) {
          scope.throwIfEnded();
          const page = await store.list(kind, { limit: PAGE, ...(after === undefined ? {} : { after }) });
          const isReadable = page.items.some(({ value: { spec } }) => hasPlainText(spec as JsonObject, secrets));
          if (isReadable) return { 'secrets.is_sealed_at_rest': false };
          after = page.next;
        }
      }
      return { 'secrets.is_sealed_at_rest': true };
    },
  };
}
