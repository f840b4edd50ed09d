import type { InstanceId } from '../instance/id.ts';

/** Where control groups of this machine can be made, below the group that Roundhouse runs in. */
export interface CgroupHierarchy {
  /** Our directory in the v2 tree, and the controllers that may be used in it; undefined where there is none. */
  readonly unified: { readonly directory: string; readonly controllers: readonly string[] } | undefined;
  /** Our directory of each v1 controller. */
  readonly legacy: ReadonlyMap<string, string>;
}

/** Name of an instance's group in each directory. */
export function groupNameOf({ worker, number }: InstanceId): string {
  return `${worker}.${number}`;
}
