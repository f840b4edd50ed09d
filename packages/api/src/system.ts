import { z } from 'zod';
import { lazyObject } from './lazyObject.ts';

export const healthSchema = lazyObject(() => ({ status: z.enum(['live', 'ready']) })).meta({ id: 'Health' });

export const openApiSchema = z
  .looseObject({ openapi: z.string().startsWith('3.1') })
  .meta({ description: 'An OpenAPI document.' });
