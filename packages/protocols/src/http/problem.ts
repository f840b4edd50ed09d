import { STATUS_CODES } from 'node:http';
import { type RoundhouseError } from '@roundhouse/core';
import type { FieldValues, HttpResponse } from './message.ts';

/** Details of what is our own fault are for the log, not for whoever asked. */
const HIDDEN_FROM_STATUS = 500;

/** The body of a failure (RFC 9457), with the code of the catalogue. */
export function problemBody({ status, code, message, hint, retryable }: RoundhouseError): string {
  const title = STATUS_CODES[status] ?? 'Error';
  const known = { type: 'about:blank', title, status, code };
  const isOurs = status === HIDDEN_FROM_STATUS;
  return JSON.stringify(isOurs ? known : { ...known, detail: message, hint, retryable });
}

/** A failure as a response. */
export function problem(error: RoundhouseError, headers: FieldValues = {}): HttpResponse {
  return {
    status: error.status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store', ...headers },
    body: problemBody(error),
  };
}
