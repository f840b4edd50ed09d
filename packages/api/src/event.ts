import { z } from 'zod';
import { lazyObject } from './lazyObject.ts';

/** A past fact as CloudEvents 1.0 in its JSON format. */
export const eventSchema = lazyObject(() => ({
  specversion: z.literal('1.0'),
  id: z.string().meta({ description: 'Grows with each event; send it as `Last-Event-ID` to go on behind it.' }),
  source: z.string(),
  type: z.string().meta({ examples: ['roundhouse.session.created'] }),
  subject: z.string().meta({ description: 'What it is about, e.g. a session id.' }),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  data: z.record(z.string(), z.unknown()),
  traceparent: z.string().optional().meta({ description: 'The trace it belongs to (W3C Trace Context).' }),
})).meta({ id: 'Event' });

export const eventsQuerySchema = lazyObject(() => ({
  types: z.string().max(512).optional().meta({ description: 'Beginnings of the types wanted, separated by commas.' }),
  subject: z.string().max(128).optional(),
}));

export type EventRecord = z.infer<typeof eventSchema>;
export type EventsQuery = z.infer<typeof eventsQuerySchema>;
