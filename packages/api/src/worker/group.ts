import { z } from 'zod';
import { pageOf } from '../resource.ts';
import { WORKER_STATES } from './worker.ts';
import { lazyObject } from '../lazyObject.ts';

/** Workers that name the same `group`: there is one as long as a worker names it. */
export const workerGroupSchema = lazyObject(() => ({
  id: z.string(),
  state: z.enum(WORKER_STATES).meta({ description: 'The worst of its workers.' }),
  workers: z.array(z.string()),
  replicas: z.int().meta({ description: 'Instances that its workers are to have, together.' }),
  running: z.int().meta({ description: 'Instances that run, ready or not.' }),
})).meta({ id: 'WorkerGroup' });

export const workerGroupListSchema = pageOf(workerGroupSchema, 'WorkerGroupList');

export const workerGroupParamsSchema = lazyObject(() => ({
  group: z.string().meta({ description: 'Group of workers.' }),
}));

export type WorkerGroup = z.infer<typeof workerGroupSchema>;
export type WorkerGroupList = z.infer<typeof workerGroupListSchema>;
