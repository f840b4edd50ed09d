import type { Clock } from '@roundhouse/core';
import { CheckedStore } from '../checkedStore.ts';
import type { Store } from '../store.ts';
import { MemoryBackend } from './memoryBackend.ts';

/** A store that lives and ends with the process. */
export function createMemoryStore({ clock }: { readonly clock: Clock }): Store {
  return new CheckedStore(new MemoryBackend(clock), clock);
}
