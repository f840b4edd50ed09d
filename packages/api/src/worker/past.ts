import { z } from 'zod';
import { instanceNumberSchema } from './command.ts';
import { limitStatusSchema, WORKER_STATES, workerUsageSampleSchema } from './worker.ts';
import { lazyObject } from '../lazyObject.ts';

/** What has been: the figures and the states of a worker. */

export const workerUsageQuerySchema = lazyObject(() => ({
  instance: instanceNumberSchema.optional().meta({ description: 'Default: all.' }),
  since: z.iso.datetime().optional().meta({ description: 'Default: as far as samples are kept.' }),
}));

export const workerUsageSchema = lazyObject(() => ({
  worker: z.string(),
  instances: z.array(
    lazyObject(() => ({
      instance: z.int(),
      limits: z.array(limitStatusSchema),
      now: workerUsageSampleSchema.nullable().meta({
        description: 'Taken for this answer, what is dear to read included. Null when nothing runs.',
      }),
      history: z.array(workerUsageSampleSchema).meta({ description: 'Oldest first.' }),
    })),
  ),
})).meta({ id: 'WorkerUsage' });

export const workerHistoryQuerySchema = lazyObject(() => ({
  instance: instanceNumberSchema.optional().meta({ description: 'Default: all.' }),
}));

export const workerHistorySchema = lazyObject(() => ({
  worker: z.string(),
  instances: z.array(
    lazyObject(() => ({
      instance: z.int(),
      moves: z
        .array(
          lazyObject(() => ({
            at: z.iso.datetime(),
            from: z.enum(WORKER_STATES),
            to: z.enum(WORKER_STATES),
            reason: z.string(),
          })),
        )
        .meta({ description: 'From state to state, oldest first; the latest are kept.' }),
    })),
  ),
})).meta({ id: 'WorkerHistory' });

export type WorkerUsageQuery = z.infer<typeof workerUsageQuerySchema>;
export type WorkerUsage = z.infer<typeof workerUsageSchema>;
export type WorkerHistory = z.infer<typeof workerHistorySchema>;
