import type { FieldProblem, Validation } from '@roundhouse/api';
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

/** A cursor is the place of the last item seen; callers see an opaque word. */
export function writeCursor(place: string | number): string {
  return Buffer.from(`s:${place}`).toString('base64url');
}

/** Raises VALIDATION_FAILED. */
export function readCursor(cursor: string): string {
  const match = /^s:([\w.-]{1,64})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (match !== null) return match[1] as string;
  throw cursorFault();
}

/** A cursor that is a number. Raises VALIDATION_FAILED. */
export function readNumberCursor(cursor: string): number {
  const place = readCursor(cursor);
  if (!/^\d{1,15}$/.test(place)) throw cursorFault();
  return Number(place);
}

function cursorFault(): Error {
  const error: FieldProblem = {
    in: 'query',
    pointer: '/cursor',
    detail: 'Expected the next_cursor of an earlier page',
  };
  return validationFailed([error]);
}
