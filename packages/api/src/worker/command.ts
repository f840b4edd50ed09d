import { z } from 'zod';
import { LIMITS } from '../limits.ts';
import { durationSchema } from '../quantity.ts';
import { commandSchema, signalSchema } from './program.ts';
import { lazyObject } from '../lazyObject.ts';

/** What is asked of workers that there are. */

/** Of one instance, as it stands in requests. */
export const instanceNumberSchema = z.int().min(0).max(999);

const timeoutSchema = durationSchema({ fromMs: 1, toMs: LIMITS.maxTimeoutMs });

export const workerGroupCommandSchema = lazyObject(() => ({
  wait: z.boolean().optional().meta({ description: 'Answers when it is done. Default true.' }),
  timeout: timeoutSchema.optional().meta({
    description: 'Of the wait; what was asked for goes on. Default `60s`.',
  }),
})).meta({ id: 'WorkerGroupCommand' });

export const workerCommandSchema = workerGroupCommandSchema
  .extend({ instance: instanceNumberSchema.optional().meta({ description: 'Default: all.' }) })
  .meta({ id: 'WorkerCommand' });

export const workerStartSchema = workerCommandSchema
  .extend({ force: z.boolean().optional().meta({ description: 'Past backoff, breaker and dependencies.' }) })
  .meta({ id: 'WorkerStart' });

export const workerSignalSchema = lazyObject(() => ({
  signal: signalSchema,
  instance: instanceNumberSchema.optional().meta({ description: 'Default: all.' }),
})).meta({ id: 'WorkerSignal' });

export const workerScaleSchema = lazyObject(() => ({
  replicas: z.int().min(0).max(1_000).meta({ description: 'Holds until the worker is specified anew.' }),
})).meta({ id: 'WorkerScale' });

export const workerExecSchema = lazyObject(() => ({
  command: commandSchema,
  instance: instanceNumberSchema.optional().meta({ description: 'As which it is run. Default: the first.' }),
  timeout: timeoutSchema.optional().meta({ description: 'Then it is killed. Default `30s`.' }),
})).meta({ id: 'WorkerExec' });

export const workerExecutionSchema = lazyObject(() => ({
  code: z.int().nullable().meta({ description: 'Null when a signal ended it.' }),
  output: z.string().meta({ description: 'What it wrote, its last part where that is much.' }),
})).meta({ id: 'WorkerExecution' });

export type WorkerGroupCommand = z.infer<typeof workerGroupCommandSchema>;
export type WorkerCommand = z.infer<typeof workerCommandSchema>;
export type WorkerStart = z.infer<typeof workerStartSchema>;
export type WorkerSignalRequest = z.infer<typeof workerSignalSchema>;
export type WorkerScale = z.infer<typeof workerScaleSchema>;
export type WorkerExec = z.infer<typeof workerExecSchema>;
export type WorkerExecution = z.infer<typeof workerExecutionSchema>;
