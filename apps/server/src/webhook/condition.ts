import { isRoundhouseError } from '@roundhouse/core';
import type { JsonObject, Store } from '@roundhouse/store';

/** Why a webhook gets no messages without its definition saying so. */
export type DisabledReason = 'gone' | 'failing';

/** How a receiver has been lately, as far as the next life of the process must know. Times in ms since 1970. */
export interface Condition {
  /** Since when no attempt has succeeded; null when the last did. */
  readonly failingSince: number | null;
  readonly disabled: DisabledReason | null;
  /** The URL that this was found with: another one begins anew. */
  readonly url: string;
}

const KIND = 'webhook_condition';

export async function readCondition(store: Store, id: string, url: string): Promise<Condition> {
  const { value } = (await store.get(KIND, id)) ?? { value: {} as JsonObject };
  const { failing_since: failingSince, disabled } = value;
  if (value['url'] !== url) return { failingSince: null, disabled: null, url };
  return {
    failingSince: typeof failingSince === 'number' ? failingSince : null,
    disabled: disabled === 'gone' || disabled === 'failing' ? disabled : null,
    url,
  };
}

export async function writeCondition(store: Store, id: string, condition: Condition): Promise<void> {
  const { failingSince, disabled, url } = condition;
  const value = { failing_since: failingSince, disabled, url };
  await store.commit({ writes: [{ op: 'put', kind: KIND, id, value, expect: 'any' }] });
}

export async function removeCondition(store: Store, id: string): Promise<void> {
  try {
    await store.commit({ writes: [{ op: 'delete', kind: KIND, id, expect: 'present' }] });
  } catch (error) {
    // It is written only when there is something to tell.
    if (!isRoundhouseError(error) || error.code !== 'VERSION_CONFLICT') throw error;
  }
}
