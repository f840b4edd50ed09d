import { z } from 'zod';
import { STRATEGIES } from './vocabulary.ts';
import { lazyObject } from './lazyObject.ts';

export const explanationSchema = lazyObject(() => ({
  session_id: z.string(),
  endpoint: z.string().nullable(),
  decision: z
    .strictObject({
      at: z.iso.datetime(),
      group: z.string(),
      strategy: z.enum(STRATEGIES),
      affinity: z.string().meta({ description: 'How the affinity key decided: none, sticky, hash or named.' }),
      reason: z.string(),
      candidates: z.array(
        z.strictObject({
          endpoint: z.string(),
          eligible: z.boolean(),
          score: z.number().nullable(),
          reason: z.string(),
        }),
      ),
    })
    .nullable()
    .meta({ description: 'Null for a session that named its host.' }),
})).meta({ id: 'Explanation' });

export type Explanation = z.infer<typeof explanationSchema>;
