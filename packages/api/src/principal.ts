import { z } from 'zod';
import { resourceIdSchema } from './resourceId.ts';

/** One address or a range of them. */
export const addressRangeSchema = z
  .union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])
  .meta({ description: 'An IP address, or a range in CIDR notation.', examples: ['10.1.0.0/16'] });

const addressesSchema = z.array(addressRangeSchema).min(1).max(64).optional().meta({
  description: 'Addresses that it may call from; default: any.',
});

const rolesSchema = z.array(resourceIdSchema).max(32);

export const principalSchema = z
  .strictObject({
    id: resourceIdSchema,
    description: z.string().max(256).optional(),
    type: z.enum(['person', 'service']).optional().meta({ description: 'Default `person`.' }),
    roles: rolesSchema,
    disabled: z.boolean().optional(),
    password_hash: z
      .string()
      .max(512)
      .regex(/^\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/, 'Expected an argon2id hash')
      .optional()
      .meta({ description: 'For Basic: what `roundhouse principal hash-password` prints. Never shown.' }),
    certificates: z
      .array(z.string().min(1).max(512))
      .max(16)
      .optional()
      .meta({
        description: 'Client certificates, each by a subject alternative name or a SHA-256 fingerprint.',
        examples: [['DNS:batch7.example.com', 'SHA256:9F:86:…']],
      }),
    addresses: addressesSchema,
  })
  .meta({ id: 'PrincipalInput', description: 'Somebody, or a program, that may call.' });

export const apiKeyInputSchema = z
  .strictObject({
    id: resourceIdSchema,
    principal: resourceIdSchema,
    description: z.string().max(256).optional(),
    roles: rolesSchema.optional().meta({ description: 'Narrows the roles of the principal to these; default: all.' }),
    expires_at: z.iso.datetime().optional().meta({ description: 'Default: it does not expire.' }),
    addresses: addressesSchema,
  })
  .meta({ id: 'ApiKeyInput' });

export type PrincipalInput = z.infer<typeof principalSchema>;
export type ApiKeyInput = z.infer<typeof apiKeyInputSchema>;

/** An API key as it is kept: of the key itself only the hash. */
export interface ApiKeyRecord extends ApiKeyInput {
  /** SHA-256 of the whole key, hex. */
  readonly hash: string;
  readonly revoked_at?: string;
}
