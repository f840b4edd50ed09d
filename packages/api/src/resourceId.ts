import { z } from 'zod';
import { LIMITS } from './limits.ts';

/** What callers name: endpoints, groups, roles. */
export const resourceIdSchema = z
  .string()
  .min(1)
  .max(LIMITS.maxNameLength)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'Expected letters, digits, dots, dashes and underscores');
