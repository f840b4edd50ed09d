import { z } from 'zod';
import { lazyObject } from './lazyObject.ts';
import { hostSchema } from './session.ts';

const mailAddress = z
  .string()
  .max(320)
  .regex(/^[^\s@<>]+@[^\s@<>]+$/, 'Expected an address alone, such as ops@example.com');

/** Letters about events. */
export const alertsSectionSchema = lazyObject(() => ({
  mail: lazyObject(() => ({
    host: hostSchema.meta({ description: 'The mail server that takes the letters.' }),
    port: z.int().min(1).max(65_535).optional().meta({ description: 'Default 465 with `implicit`, else 587.' }),
    security: z.enum(['required', 'implicit', 'opportunistic', 'off']).optional().meta({
      description:
        '`required`: STARTTLS, or nothing is said (default). `implicit`: TLS from the first byte. `opportunistic`: STARTTLS where it is offered. `off`.',
    }),
    ca_file: z.string().min(1).max(4_096).optional().meta({ description: 'Who signs its certificate, PEM.' }),
    username: z.string().min(1).max(256).optional(),
    password: z.string().min(1).max(4_096).optional().meta({ description: 'Or a secret:// reference.' }),
    from: mailAddress,
    to: z.array(mailAddress).min(1).max(100),
    events: z
      .array(z.string().regex(/^(\*|[a-z0-9_.]+(\.\*)?)$/, 'Expected a type, its beginning with `.*`, or `*`'))
      .min(1)
      .max(64)
      .optional()
      .meta({ description: 'Types wanted. Default: every event whose severity is `error`.' }),
    interval_ms: z.int().min(1_000).max(86_400_000).optional().meta({
      description: 'No letter sooner than this after the one before. Default 60,000.',
    }),
    source: z.string().min(1).max(64).optional().meta({
      description: 'Name of this installation in subjects. Default: that of its machine.',
    }),
  })).optional(),
}));
