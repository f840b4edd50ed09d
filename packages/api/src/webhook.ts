import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { labelsSchema } from './permission.ts';
import { pageOf, putSchemaOf, RESOURCE_FIELDS, type ResourceKind } from './resource.ts';
import { resourceIdSchema } from './resourceId.ts';
import { lazyObject } from './lazyObject.ts';

const secretSchema = z
  .string()
  .max(256)
  .regex(
    /^(whsec_[A-Za-z0-9+/]{32,128}={0,2}|secret:\/\/.+)$/,
    'Expected `whsec_` and 24 to 64 bytes as base64, or a secret:// reference',
  );

export const webhookInputSchema = lazyObject(() => ({
  id: resourceIdSchema.optional().meta({ description: 'Default: a new one.' }),
  description: z.string().max(256).optional(),
  url: z
    .url({ protocol: /^https?$/ })
    .max(2_048)
    .meta({ description: 'https, or http where `allow_private` says so.' }),
  events: z
    .array(
      z
        .string()
        .min(1)
        .max(128)
        .regex(/^(\*|[a-z0-9_.]+(\.\*)?)$/, 'Expected a type, its beginning with `.*`, or `*`'),
    )
    .min(1)
    .max(64)
    .optional()
    .meta({
      description: 'Types wanted, with or without `roundhouse.`; default all.',
      examples: [['session.*', 'endpoint.health_changed']],
    }),
  subjects: z
    .array(z.string().min(1).max(128))
    .min(1)
    .max(64)
    .optional()
    .meta({ description: 'Only events about these.' }),
  secret: z
    .union([secretSchema, z.array(secretSchema).min(1).max(4)])
    .optional()
    .meta({
      description: 'Signs each message; several while a new one is taken up. Default: a new one, shown once.',
    }),
  allow_private: z
    .boolean()
    .optional()
    .meta({ description: 'Allows http and private, loopback and link-local addresses. Default false.' }),
  ordered: z.boolean().optional().meta({ description: 'One after another for each subject. Default false.' }),
  max_parallel: z.int().min(1).max(64).optional().meta({ description: 'Deliveries at a time. Default 8.' }),
  timeout_ms: z.int().min(100).max(60_000).optional().meta({ description: 'Of one attempt. Default 15,000.' }),
  disabled: z.boolean().optional(),
  labels: labelsSchema.optional(),
})).meta({ id: 'WebhookInput' });

export type WebhookInput = z.infer<typeof webhookInputSchema>;

/** The id stands in the path. */
export const webhookPutSchema = putSchemaOf(webhookInputSchema, 'WebhookPut');

export const webhookSchema = lazyObject(() => ({
  id: z.string(),
  description: z.string().nullable(),
  url: z.string(),
  events: z.array(z.string()),
  subjects: z.array(z.string()).nullable(),
  allow_private: z.boolean(),
  ordered: z.boolean(),
  max_parallel: z.int(),
  timeout_ms: z.int(),
  labels: labelsSchema,
  disabled: z.boolean(),
  disabled_reason: z
    .string()
    .nullable()
    .meta({ description: 'Why it was disabled by itself: gone, or failing for days.' }),
  pending: z.int().meta({ description: 'Deliveries that are yet to be taken.' }),
  dead_letters: z.int(),
  oldest_dead_letter_at: z.iso.datetime().nullable(),
  ...RESOURCE_FIELDS,
})).meta({ id: 'Webhook' });

export const newWebhookSchema = webhookSchema
  .extend({ secret: z.string().nullable().meta({ description: 'The secret that was made for it, shown this once.' }) })
  .meta({ id: 'NewWebhook' });

export const webhookListSchema = pageOf(webhookSchema, 'WebhookList');

export const deliverySchema = lazyObject(() => ({
  id: z.int(),
  webhook: z.string(),
  message_id: z.string().meta({ description: '`webhook-id` of each attempt.' }),
  type: z.string(),
  status: z.enum(['pending', 'delivered', 'dead']),
  attempts: z.int(),
  created_at: z.iso.datetime(),
  next_attempt_at: z.iso.datetime().nullable(),
  last_error: z.string().nullable(),
  log: z
    .array(
      lazyObject(() => ({
        at: z.iso.datetime(),
        elapsed_ms: z.number(),
        status: z.int().nullable(),
        error: z.string().nullable(),
        facts: z.record(z.string(), z.unknown()),
      })),
    )
    .optional()
    .meta({ description: 'Each attempt, oldest first; for one delivery alone.' }),
})).meta({ id: 'Delivery' });

export const deliveryListSchema = pageOf(deliverySchema, 'DeliveryList');

export const deliveryParamsSchema = lazyObject(() => ({
  id: z.string().meta({ description: 'Webhook id.' }),
  delivery: z
    .string()
    .regex(/^[1-9]\d{0,14}$/, 'Expected a number')
    .meta({ description: 'Delivery id.' }),
}));

export const deliveriesQuerySchema = lazyObject(() => ({
  status: z.enum(['pending', 'delivered', 'dead']).optional(),
  type: z.string().max(128).optional().meta({ description: 'Beginning of the type.' }),
  since: z.iso.datetime().optional(),
  until: z.iso.datetime().optional(),
  limit: z.int().min(1).max(LIMITS.maxPageSize).optional(),
  cursor: z.string().max(512).optional(),
}));

export const replaySchema = lazyObject(() => ({
  delivery: z.int().min(1).optional().meta({ description: 'This one alone.' }),
  status: z.enum(['delivered', 'dead']).optional().meta({ description: 'Default `dead`.' }),
  type: z.string().max(128).optional(),
  since: z.iso.datetime().optional(),
  until: z.iso.datetime().optional(),
})).meta({ id: 'Replay', description: 'Which deliveries are sent again, each under the id that it had.' });

export const replayedSchema = lazyObject(() => ({ replayed: z.int() })).meta({ id: 'Replayed' });

export const WEBHOOK = {
  name: 'webhook',
  collection: 'webhooks',
  path: 'webhooks',
  One: 'Webhook',
  Many: 'Webhooks',
  one: 'webhook',
  many: 'webhooks',
  input: webhookInputSchema,
  resource: webhookSchema,
  hasStatus: true,
  secrets: ['secret'],
} as const satisfies ResourceKind;

export type WebhookResource = z.infer<typeof webhookSchema>;
export type NewWebhook = z.infer<typeof newWebhookSchema>;
export type DeliveryPage = z.infer<typeof deliveryListSchema>;
export type DeliveryResource = z.infer<typeof deliverySchema>;
export type DeliveriesQuery = z.infer<typeof deliveriesQuerySchema>;
export type ReplayRequest = z.infer<typeof replaySchema>;
