import { z } from 'zod';
import { resourceIdSchema } from '../resourceId.ts';
import { instanceNumberSchema } from './command.ts';
import { lazyObject } from '../lazyObject.ts';

/** What workers have written, as it is read. */

/** Longest tail of a log in one answer. */
const MAX_LOG_LINES = 10_000;
/** Workers whose logs are read together. */
const MAX_LOG_WORKERS = 100;

const LOG_FILTERS = {
  follow: z
    .boolean()
    .optional()
    .meta({ description: 'Goes on with what is written, as server-sent events with a line as JSON each.' }),
  stream: z.enum(['stdout', 'stderr']).optional().meta({ description: 'Default: both.' }),
  since: z.iso.datetime().optional(),
  until: z.iso.datetime().optional().meta({ description: 'Not with `follow`.' }),
  limit: z.int().min(0).max(MAX_LOG_LINES).optional().meta({ description: 'The last so many lines. Default 100.' }),
  format: z.enum(['text', 'json']).optional().meta({
    description:
      '`text` (default): the bytes as they are; of several workers, each line behind its name. `json`: a line as JSON each.',
  }),
  pattern: z.string().min(1).max(1_024).optional().meta({ description: 'Regular expression for a line.' }),
  level: z
    .string()
    .max(16)
    .optional()
    .meta({ description: 'Of lines that are JSON with `level`: this one and above.' }),
} as const;

export const workerLogsQuerySchema = lazyObject(() => ({
  instance: instanceNumberSchema.optional().meta({ description: 'Default: all.' }),
  ...LOG_FILTERS,
}));

export const workersLogsQuerySchema = lazyObject(() => ({
  worker: z.array(resourceIdSchema).min(1).max(MAX_LOG_WORKERS).meta({
    description: 'Whose; several by giving it more than once.',
  }),
  ...LOG_FILTERS,
}));

export const workerLogLineSchema = lazyObject(() => ({
  at: z.iso.datetime().meta({ description: 'When its beginning was read.' }),
  worker: z.string(),
  instance: z.int(),
  stream: z.enum(['stdout', 'stderr']),
  text: z.string().meta({ description: 'Without the line end; bytes that are no UTF-8 are U+FFFD.' }),
  cut: z.boolean().meta({ description: 'Whether the line goes on in the next of this stream.' }),
  json: z.record(z.string(), z.unknown()).nullable().meta({ description: 'The line, where it is a JSON object.' }),
})).meta({ id: 'WorkerLogLine' });

export type WorkerLogsQuery = z.infer<typeof workerLogsQuerySchema>;
export type WorkersLogsQuery = z.infer<typeof workersLogsQuerySchema>;
export type WorkerLogLine = z.infer<typeof workerLogLineSchema>;
