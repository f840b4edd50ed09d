import { z } from 'zod';
import { pageOf, putSchemaOf, RESOURCE_FIELDS, type ResourceKind } from './resource.ts';
import { resourceIdSchema } from './resourceId.ts';
import { lazyObject } from './lazyObject.ts';

/** One address or a range of them. */
export const addressRangeSchema = z
  .union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])
  .meta({ description: 'An IP address, or a range in CIDR notation.', examples: ['10.1.0.0/16'] });

export const addressesSchema = z.array(addressRangeSchema).min(1).max(64).optional().meta({
  description: 'Addresses that it may call from; default: any.',
});

export const rolesSchema = z.array(resourceIdSchema).max(32);

export const principalInputSchema = lazyObject(() => ({
  id: resourceIdSchema.refine((id) => id !== 'root', 'The name root is taken: it is that of the token'),
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
})).meta({ id: 'PrincipalInput', description: 'Somebody, or a program, that may call.' });

export type PrincipalInput = z.infer<typeof principalInputSchema>;

/** The id stands in the path. */
export const principalPutSchema = putSchemaOf(principalInputSchema, 'PrincipalPut');

export const principalSchema = lazyObject(() => ({
  id: z.string(),
  description: z.string().nullable(),
  type: z.enum(['person', 'service']),
  roles: z.array(z.string()),
  disabled: z.boolean(),
  has_password: z.boolean(),
  certificates: z.array(z.string()),
  addresses: z.array(z.string()).nullable(),
  ...RESOURCE_FIELDS,
})).meta({ id: 'Principal' });

export const principalListSchema = pageOf(principalSchema, 'PrincipalList');

export const PRINCIPAL = {
  name: 'principal',
  collection: 'principals',
  path: 'principals',
  One: 'Principal',
  Many: 'Principals',
  one: 'principal',
  many: 'principals',
  input: principalInputSchema,
  resource: principalSchema,
  references: [{ field: 'roles', kind: 'role' }],
  secrets: ['password_hash'],
} as const satisfies ResourceKind;

export type PrincipalResource = z.infer<typeof principalSchema>;
