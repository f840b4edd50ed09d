import { z } from 'zod';
import { lazyObject } from './lazyObject.ts';
import { LIMITS } from './limits.ts';
import { pageOf } from './resource.ts';

export const mailSchema = lazyObject(() => ({
  id: z.string().meta({ description: 'Subject of the event that told of it.' }),
  kept_at: z.iso.datetime(),
  text_bytes: z.int().meta({ description: 'Of its text, with the lines that say how it came here.' }),
  from: z.string().meta({ description: 'Of the envelope; empty for a report about a delivery.' }),
  to: z.array(z.string()).meta({ description: 'Of the envelope.' }),
  header_from: z.string().nullable().meta({ description: 'As the message claims.' }),
  subject: z.string().nullable(),
  message_id: z.string().nullable(),
  address: z.string().meta({ description: 'Who sent it here.' }),
  tls: z.boolean(),
})).meta({ id: 'Mail', description: 'A message that was received, and is kept in the store.' });

export const mailListSchema = pageOf(mailSchema, 'MailList');

export const mailParamsSchema = lazyObject(() => ({ id: z.string().meta({ description: 'Id of the message.' }) }));

export const mailQuerySchema = lazyObject(() => ({
  limit: z.int().min(1).max(LIMITS.maxPageSize).optional(),
  cursor: z.string().max(512).optional(),
}));

export type MailResource = z.infer<typeof mailSchema>;
export type MailPage = z.infer<typeof mailListSchema>;
export type MailQuery = z.infer<typeof mailQuerySchema>;
