import { z } from 'zod';
import { labelsSchema } from './permission.ts';
import { resourceIdSchema } from './resourceId.ts';

const secretSchema = z
  .string()
  .max(256)
  .regex(
    /^(whsec_[A-Za-z0-9+/]{32,128}={0,2}|secret:\/\/.+)$/,
    'Expected `whsec_` and 24 to 64 bytes as base64, or a secret:// reference',
  );

export const webhookInputSchema = z
  .strictObject({
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
  })
  .meta({ id: 'WebhookInput' });

export type WebhookInput = z.infer<typeof webhookInputSchema>;
