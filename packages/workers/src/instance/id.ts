/** One of the instances of a worker; `number` counts from 0. */
export interface InstanceId {
  readonly worker: string;
  readonly number: number;
}

/** `web/0`: also its path below the run directory. */
export function nameOf({ worker, number }: InstanceId): string {
  return `${worker}/${number}`;
}
