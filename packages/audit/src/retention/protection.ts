import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Scope } from '@roundhouse/core';
import type { SegmentSummary } from '../journal/contract.ts';
import type { ObjectLockState, ObjectLockStore } from './s3/objectLock.ts';

/**
 * What keeps others from changing what is written, as it is found now. `off`: not asked for. `in_force`: all segments are
 * locked. `partly`: some are not. `refused`: none is, though it is asked for.
 */
export interface AttributeState {
  readonly state: 'off' | 'in_force' | 'partly' | 'refused';
  /** Segments that are locked as they should be, and all there are. */
  readonly locked: number;
  readonly segments: number;
  readonly reason?: string;
  /** What it does not protect against. */
  readonly limits: string;
}

export interface ProtectionStatus {
  readonly attributes: AttributeState;
  readonly object_lock: ObjectLockState & { readonly limits: string };
}

/** The attributes of files, letters of lsattr(1), in the order of the paths; rejects with what it says. */
export type ReadAttributes = (paths: readonly string[]) => Promise<readonly string[]>;

/** Files that one lsattr gets. */
const AT_ONCE = 500;
const ATTRIBUTE_LIMITS =
  'Does not protect against root, who can take the attributes off, nor against whoever has the disk. Other files of the journal are not locked.';
const OBJECT_LIMITS =
  'Does not protect what has not arrived yet, nor against closing the account. Keys are not there: what is erased here cannot be read there.';

/** Looks at the segments themselves: what was asked for once says nothing of now. */
export async function attributeState(
  isWanted: boolean,
  segments: readonly SegmentSummary[],
  read: ReadAttributes = readByLsattr,
): Promise<AttributeState> {
  const limits = ATTRIBUTE_LIMITS;
  const all = segments.length;
  if (!isWanted) return { state: 'off', locked: 0, segments: all, limits };
  let locked = 0;
  try {
    for (let at = 0; at < all; at += AT_ONCE) {
      const some = segments.slice(at, at + AT_ONCE);
      const attributes = await read(some.map(({ path }) => path));
      locked += some.filter(({ is_open: isOpen }, index) => attributes[index]?.includes(isOpen ? 'a' : 'i')).length;
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { state: 'refused', locked, segments: all, reason, limits };
  }
  const state = locked === all ? 'in_force' : locked === 0 ? 'refused' : 'partly';
  return { state, locked, segments: all, limits };
}

export async function protectionOf(
  isWanted: boolean,
  segments: readonly SegmentSummary[],
  bucket: ObjectLockStore | undefined,
  scope: Scope,
): Promise<ProtectionStatus> {
  const object = bucket === undefined ? ({ state: 'off' } as const) : await bucket.state(scope);
  return {
    attributes: await attributeState(isWanted, segments),
    object_lock: { ...object, limits: OBJECT_LIMITS },
  };
}

/** By lsattr of e2fsprogs: there is no call for it in Node. */
const readByLsattr: ReadAttributes = async (paths) => {
  const { stdout } = await promisify(execFile)('lsattr', ['-d', '--', ...paths.map((path) => resolve(path))]);
  return stdout.split('\n').map((line) => line.split(' ', 1)[0] ?? '');
};
