import { z } from 'zod';

export type Severity = 'info' | 'warning' | 'error';

export interface EventDefinition {
  readonly summary: string;
  readonly severity: Severity;
  /** What the subject of the event is. */
  readonly subject: string;
  readonly data: z.ZodObject;
}

/** By type, or the end of it. */
export type EventRows = Readonly<Record<string, EventDefinition>>;

export function definition(
  subject: string,
  summary: string,
  data: z.ZodObject,
  severity: Severity = 'info',
): EventDefinition {
  return { subject, summary, severity, data };
}

export const code = z.string().meta({ description: 'Code of an error catalogue.' });
export const count = z.int().min(0);
