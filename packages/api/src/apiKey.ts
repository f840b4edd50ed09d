import { z } from 'zod';
import { addressesSchema, rolesSchema } from './principal.ts';
import { pageOf, putSchemaOf, RESOURCE_FIELDS, type ResourceKind } from './resource.ts';
import { resourceIdSchema } from './resourceId.ts';
import { lazyObject } from './lazyObject.ts';

export const apiKeyInputSchema = lazyObject(() => ({
  id: resourceIdSchema,
  principal: resourceIdSchema,
  description: z.string().max(256).optional(),
  roles: rolesSchema.optional().meta({ description: 'Narrows the roles of the principal to these; default: all.' }),
  expires_at: z.iso.datetime().optional().meta({ description: 'Default: it does not expire.' }),
  addresses: addressesSchema,
  hash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'Expected 64 hexadecimal digits')
    .optional()
    .meta({ description: 'SHA-256 of a key that was made elsewhere. Default: a key is made, and shown once.' }),
})).meta({ id: 'ApiKeyInput' });

/** The id stands in the path. */
export const apiKeyPutSchema = putSchemaOf(apiKeyInputSchema, 'ApiKeyPut');

export const apiKeySchema = lazyObject(() => ({
  id: z.string(),
  principal: z.string(),
  description: z.string().nullable(),
  roles: z.array(z.string()).nullable(),
  expires_at: z.iso.datetime().nullable(),
  addresses: z.array(z.string()).nullable(),
  last_used_at: z.iso.datetime().nullable().meta({ description: 'To the minute, since the server started.' }),
  ...RESOURCE_FIELDS,
})).meta({ id: 'ApiKey' });

export const newApiKeySchema = apiKeySchema
  .extend({ key: z.string().meta({ description: 'The key itself. It is shown this once.' }) })
  .meta({ id: 'NewApiKey' });

export const apiKeyListSchema = pageOf(apiKeySchema, 'ApiKeyList');

export const API_KEY = {
  name: 'api_key',
  collection: 'api_keys',
  path: 'api-keys',
  One: 'ApiKey',
  Many: 'ApiKeys',
  one: 'API key',
  many: 'API keys',
  input: apiKeyInputSchema,
  resource: apiKeySchema,
  hasStatus: true,
  references: [
    { field: 'principal', kind: 'principal' },
    { field: 'roles', kind: 'role' },
  ],
  secrets: ['hash'],
} as const satisfies ResourceKind;

export type ApiKeyResource = z.infer<typeof apiKeySchema>;
export type NewApiKey = z.infer<typeof newApiKeySchema>;
export type ApiKeyInput = z.infer<typeof apiKeyInputSchema>;

/** An API key as it is kept: of the key itself only the hash. */
export type ApiKeyRecord = ApiKeyInput & { readonly hash: string };
