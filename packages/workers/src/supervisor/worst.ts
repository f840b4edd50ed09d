import type { WorkerState } from '@roundhouse/api';

/** States in the order of what a person has to look at first: of several, the first of these stands for all. */
export const WORST_STATES: readonly WorkerState[] = [
  'failed',
  'unknown',
  'restarting',
  'stopping',
  'starting',
  'running',
  'ready',
  'stopped',
];
