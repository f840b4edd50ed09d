import { type InputRequest, DEFAULTS, type WaitRequest } from '@roundhouse/api';
import { isRoundhouseError, RoundhouseError, type ErrorDetails, type Scope } from '@roundhouse/core';
import { type Key, type Session, tn3270Error, type WaitCondition } from '@roundhouse/tn3270';
import { callsHost } from '../navigation/script.ts';

/** How long a request may wait, in the queue and then for the host, ms. */
export function inputTimeoutMs(request: InputRequest): number {
  return request.wait?.timeout_ms ?? DEFAULTS.inputTimeoutMs;
}

/**
 * Does the actions in order, then waits. Raises the error of the first action that fails, or of the wait, with
 * `completed_actions` (and `failed_action`, an index) in its details. `onSubmit` is called before each key that the host
 * hears of.
 */
export async function runInput(
  session: Session,
  request: InputRequest,
  scope: Scope,
  onSubmit?: (key: Key) => void,
): Promise<void> {
  const { actions } = request;
  actions.forEach((action, index) => {
    try {
      if (onSubmit !== undefined && action.type === 'key' && callsHost(action.key)) onSubmit(action.key);
      session.perform(action);
    } catch (error) {
      throw withDetails(error, { completed_actions: index, failed_action: index });
    }
  });
  const wait = request.wait ?? defaultWait(actions);
  if (wait.for === 'none') return;
  try {
    await waitFor(session, wait, scope);
  } catch (error) {
    throw withDetails(error, { completed_actions: actions.length });
  }
}

/** Waits for a condition; the deadline that passes is a WAIT_TIMEOUT. */
async function waitFor(session: Session, wait: Exclude<WaitRequest, { for: 'none' }>, scope: Scope): Promise<void> {
  const timeoutMs = wait.timeout_ms ?? DEFAULTS.inputTimeoutMs;
  using deadline = scope.child({ what: 'The wait', timeoutMs });
  try {
    await session.waitFor(condition(wait), deadline);
  } catch (error) {
    if (!isTimeout(error) || scope.signal.aborted) throw error;
    throw tn3270Error('WAIT_TIMEOUT', { details: { timeout_ms: timeoutMs, wait_for: wait.for }, cause: error });
  }
}

export function isTimeout(error: unknown): boolean {
  return isRoundhouseError(error) && (error.code === 'WAIT_TIMEOUT' || error.code === 'DEADLINE_EXCEEDED');
}

/** Whether the host had the word after the first `completed` actions. */
export function mayHaveCalledHost({ actions }: InputRequest, completed: number): boolean {
  return callHost(actions.slice(0, completed));
}

function callHost(actions: InputRequest['actions']): boolean {
  return actions.some((action) => action.type === 'key' && callsHost(action.key satisfies Key));
}

function defaultWait(actions: InputRequest['actions']): WaitRequest {
  return { for: callHost(actions) ? 'unlocked' : 'none' };
}

function condition(wait: Exclude<WaitRequest, { for: 'none' }>): WaitCondition {
  switch (wait.for) {
    case 'unlocked':
      return { for: 'unlocked' };
    case 'text': {
      const { row, column, text } = wait;
      return { for: 'text', text, ...(row === undefined ? {} : { row }), ...(column === undefined ? {} : { column }) };
    }
    case 'cursor':
      return { for: 'cursor', row: wait.row, column: wait.column };
    case 'change':
      return wait.after === undefined ? { for: 'change' } : { for: 'change', after: wait.after };
  }
}

/** The same error with more facts. */
function withDetails(error: unknown, details: ErrorDetails): unknown {
  if (!isRoundhouseError(error)) return error;
  return new RoundhouseError(error.code, error, { details: { ...error.details, ...details }, cause: error });
}
