import type { EventRecord } from '@roundhouse/api';

/** Which events a watcher wants. */
export interface EventFilter {
  /** Beginnings of types; none for all. */
  readonly types: readonly string[];
  readonly subject?: string;
}

export function passes(event: EventRecord, { types, subject }: EventFilter): boolean {
  if (subject !== undefined && event.subject !== subject) return false;
  return types.length === 0 || types.some((type) => event.type.startsWith(type));
}
