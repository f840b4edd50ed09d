import { z } from 'zod';

/** A snapshot as `packages/sessions` writes it; its digest covers all of it. */
export const snapshotSchema = z
  .looseObject({ version: z.int() })
  .meta({ id: 'Snapshot', description: 'A versioned document with a digest. Keep it as it is.' });

export type Snapshot = z.infer<typeof snapshotSchema>;
