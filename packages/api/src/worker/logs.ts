import { z } from 'zod';
import { bytesSchema, durationSchema } from '../quantity.ts';
import { lazyObject } from '../lazyObject.ts';

/** What becomes of what a worker writes. */
export const workerLogSchema = lazyObject(() => ({
  mode: z.enum(['daemon', 'file']).optional().meta({
    description:
      '`daemon` (default): kept by the log daemon, rotated without loss; a worker that writes faster than the disk waits, and on a full disk what it writes is dropped and the loss told in its place. `file`: written straight to a file that is not rotated.',
  }),
  max_size: bytesSchema({ from: 4_096 })
    .optional()
    .meta({ description: 'Of one file, then a new one begins. Default `10MB`.' }),
  max_files: z.int().min(1).max(10_000).optional().meta({ description: 'Kept besides the present one. Default 5.' }),
  max_age: durationSchema({ fromMs: 1_000 })
    .optional()
    .meta({ description: 'Files older than this go. Default: no limit.' }),
  compress: z.boolean().optional().meta({ description: 'gzip of files that are done. Default true.' }),
  rate_limit: bytesSchema({ from: 1_024 }).optional().meta({
    description:
      'Bytes a second and stream; what is more is dropped and the loss told in its place. Default: no limit.',
  }),
  forward: lazyObject(() => ({
    pattern: z.string().min(1).max(1_024).meta({ description: 'Regular expression for a line.' }),
    stream: z.enum(['stdout', 'stderr']).optional(),
  }))
    .optional()
    .meta({ description: 'Lines that become events `worker.log_matched`, at most ten a second.' }),
})).meta({ id: 'WorkerLog' });

export type WorkerLogInput = z.infer<typeof workerLogSchema>;
