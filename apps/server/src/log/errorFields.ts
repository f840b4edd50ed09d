import { isRoundhouseError } from '@roundhouse/core';

/** Causes of causes that are told. */
const MAX_CAUSES = 5;
/** Of an AggregateError. */
const MAX_ERRORS = 5;

/**
 * An error as the fields of a line: code and details of ours, name and message of others, the chain of causes. The stack
 * is left out of errors of ours that the caller made (status 400 … 499): they are no fault of the server.
 */
export function errorFields(error: Error, causes = MAX_CAUSES): Record<string, unknown> {
  const { cause } = error;
  const fields: Record<string, unknown> = isRoundhouseError(error)
    ? { code: error.code, message: error.message, retryable: error.retryable, details: error.details }
    : { name: error.name, ...codeOf(error), message: error.message };
  if (!(isRoundhouseError(error) && error.status >= 400 && error.status < 500)) fields['stack'] = error.stack;
  if (error instanceof AggregateError) {
    fields['errors'] = error.errors.slice(0, MAX_ERRORS).map((each) => told(each, causes - 1));
  }
  if (cause !== undefined) fields['cause'] = told(cause, causes - 1);
  return fields;
}

function told(thrown: unknown, causes: number): unknown {
  if (!(thrown instanceof Error)) return thrown;
  return causes < 0 ? thrown.message : errorFields(thrown, causes);
}

/** The code of a system error, e.g. `ECONNREFUSED`. */
function codeOf(error: Error): { code?: string } {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? { code } : {};
}
