import { z } from 'zod';
import { lazyObject } from './lazyObject.ts';

/** One step of a probe: a rung of a ladder, or a phase of a URL. */
const probeStepSchema = lazyObject(() => ({
  name: z.string().meta({ examples: ['tcp', 'greeting'] }),
  ok: z.boolean(),
  elapsed_ms: z.number(),
  code: z.string().nullable(),
})).meta({ id: 'ProbeStep' });

/** Of the last probe. */
export const probeStepsSchema = z
  .array(probeStepSchema)
  .meta({ description: 'Of the last probe, in their order; the last one failed if the probe did.' });
