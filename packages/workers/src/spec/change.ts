import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { WorkerSpec } from './spec.ts';

/** What becomes of a worker whose specification is changed: `live` is in place, `restart` is what runs begun anew. */
export type SpecChange = 'none' | 'live' | 'restart';

export function changeOf(before: WorkerSpec, after: WorkerSpec): SpecChange {
  if (isDeepStrictEqual(before, after)) return 'none';
  return isDeepStrictEqual(programOf(before), programOf(after)) ? 'live' : 'restart';
}

/** The same for specifications that a running program need not be started again for. */
export function digestOf(spec: WorkerSpec): string {
  return createHash('sha256')
    .update(JSON.stringify(programOf(spec), inOrder))
    .digest('base64url');
}

/** Names are in order: that of writing means nothing. */
function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** What a program gets when it is started, and never again. */
function programOf({ type, program, attach, logs, limits }: WorkerSpec): unknown[] {
  return [type, program, attach, logs.mode, limits['storage.max_temporary'] !== undefined];
}
