import type { Validation } from '@roundhouse/api';
import type { FastifyRequest } from 'fastify';
import { validationFailed } from './problem.ts';

/** The `id` of the path. */
export function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
}

/** Raises VALIDATION_FAILED with all faults. */
export function valid<T>(result: Validation<T>): T {
  if (!result.ok) throw validationFailed(result.errors);
  return result.value;
}
