import { z } from 'zod';
import { lazyObject } from './lazyObject.ts';

/** Media type of every error answer (RFC 9457). */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

export const fieldProblemSchema = lazyObject(() => ({
  in: z.enum(['body', 'query', 'path']).meta({ description: 'Part of the request that `pointer` looks into.' }),
  pointer: z.string().meta({ description: 'JSON pointer (RFC 6901) to the value at fault; empty for the whole.' }),
  detail: z.string(),
  suggestion: z.string().optional().meta({ description: 'The nearest valid name.' }),
}));

export const problemSchema = lazyObject(() => ({
  type: z.string().meta({ description: 'URN of the code.' }),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string().meta({ description: 'URN of this request; the log of the server has it too.' }),
  code: z.string().meta({ description: 'Code of the error catalogue.', examples: ['SESSION_NOT_FOUND'] }),
  hint: z.string().meta({ description: 'The next step.' }),
  retryable: z.boolean().meta({ description: 'Whether the same request may succeed later without a change.' }),
  details: z.record(z.string(), z.unknown()),
  errors: z.array(fieldProblemSchema),
  trace_id: z.string().optional().meta({ description: 'Of the trace that the request belongs to.' }),
})).meta({ id: 'Problem', description: 'An error answer, RFC 9457.' });

export type FieldProblem = z.infer<typeof fieldProblemSchema>;
export type Problem = z.infer<typeof problemSchema>;
