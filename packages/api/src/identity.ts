import { z } from 'zod';
import { kindNameSchema, verbSchema } from './permission.ts';
import { lazyObject } from './lazyObject.ts';

/** How callers prove who they are. */
export const AUTHENTICATION_METHODS = ['token', 'api_key', 'basic', 'jwt', 'ldap', 'mtls'] as const;

export const identitySchema = lazyObject(() => ({
  principal: z.string(),
  type: z.enum(['person', 'service', 'root']),
  method: z.enum(AUTHENTICATION_METHODS),
  credential: z.string().nullable().meta({ description: 'Id of the key or token, or fingerprint of the certificate.' }),
  roles: z.array(z.string()),
})).meta({ id: 'Identity' });

export const canIQuerySchema = lazyObject(() => ({
  verb: verbSchema,
  kind: kindNameSchema,
  id: z.string().max(128).optional().meta({ description: 'Of one thing; without it: of any.' }),
}));

export const canISchema = lazyObject(() => ({
  allowed: z.boolean(),
  reason: z.string(),
  role: z.string().nullable().meta({ description: 'The role whose rule decided.' }),
  rule: z.int().nullable().meta({ description: 'Its number in the role, from 1.' }),
})).meta({ id: 'Decision' });

export const unlockSchema = lazyObject(() => ({
  principal: z.string().min(1).max(256).optional(),
  address: z.union([z.ipv4(), z.ipv6()]).optional(),
}))
  .refine((value) => value.principal !== undefined || value.address !== undefined, 'Expected a principal or an address')
  .meta({ id: 'Unlock', description: 'Whose failed attempts are forgotten; both: those of the two together.' });

export const unlockedSchema = lazyObject(() => ({
  unlocked: z.boolean().meta({ description: 'Whether there was anything to forget.' }),
})).meta({ id: 'Unlocked' });

export type UnlockRequest = z.infer<typeof unlockSchema>;
export type IdentityResource = z.infer<typeof identitySchema>;
export type CanIQuery = z.infer<typeof canIQuerySchema>;
export type CanI = z.infer<typeof canISchema>;
