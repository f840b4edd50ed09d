import { z } from 'zod';

export const healthSchema = z.strictObject({ status: z.enum(['live', 'ready']) }).meta({ id: 'Health' });

export const openApiSchema = z
  .looseObject({ openapi: z.string().startsWith('3.1') })
  .meta({ description: 'An OpenAPI document.' });
