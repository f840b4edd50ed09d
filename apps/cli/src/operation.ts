import type { Client, Operation } from '@roundhouse/api';
import { createScope, RoundhouseError } from '@roundhouse/core';
import { cliError } from './errors.ts';
import type { Io } from './io.ts';
import { facts, problemFacts, writeJson } from './render.ts';

/** How often the server is asked how far an operation is, ms. */
const POLL_MS = 250;

interface FollowOptions {
  readonly json?: boolean;
  /** Default: as long as it takes. */
  readonly timeoutMs?: number;
}

/**
 * Shows each status of an operation once, until it is finished; as JSON only how it ended. Raises the error of one that
 * failed, and OPERATION_UNFINISHED.
 */
export async function followOperation(
  client: Client,
  first: Operation,
  { json = false, timeoutMs = Infinity }: FollowOptions,
  { stdout, clock }: Io,
): Promise<void> {
  using scope = createScope(clock === undefined ? {} : { clock });
  const until = scope.clock.monotonic() + timeoutMs;
  let operation = first;
  for (let shown = 0; ; operation = await client.getOperation(first.id)) {
    const steps = operation.steps.slice(shown);
    shown = operation.steps.length;
    if (!json) for (const { status, at } of steps) stdout.write(`${at}  ${status}\n`);
    if (isFinished(operation)) break;
    const left = until - scope.clock.monotonic();
    if (left <= 0) {
      const { id, status } = operation;
      throw cliError('OPERATION_UNFINISHED', { details: { operation_id: id, status, timeout_ms: timeoutMs } });
    }
    await scope.sleep(Math.min(POLL_MS, left));
  }
  if (json) writeJson(stdout, operation);
  else stdout.write(outcome(operation));
  raiseFailure(operation);
}

/** Raises the error of an operation that failed. */
export function raiseFailure({ id, status, error, rolled_back }: Operation): void {
  if (status !== 'failed' || error === null) return;
  const { code, message, hint } = error;
  const entry = { message, hint, retryable: false, status: 409 };
  throw new RoundhouseError(code, entry, { details: { operation_id: id, rolled_back } });
}

export function operationFacts({ error, steps, ...rest }: Operation): string {
  const reached = Object.fromEntries(steps.map(({ status, at }) => [status, at]));
  return facts({ ...rest, steps: reached, ...problemFacts(error) });
}

function isFinished({ status }: Operation): boolean {
  return status === 'completed' || status === 'failed';
}

/** What is to be known of how it ended, besides its error. */
function outcome({
  session_id,
  endpoint,
  status,
  rolled_back,
  relogged,
  indeterminate_inputs: inputs,
}: Operation): string {
  const lines: string[] = [];
  if (status === 'completed' && session_id !== null && endpoint !== null) lines.push(`${session_id} is on ${endpoint}`);
  if (rolled_back) lines.push('everything is as it was before');
  if (relogged) lines.push('the session began anew: log on again');
  if (inputs > 0) lines.push(`inputs that may or may not have taken effect: ${inputs}`);
  return lines.map((line) => `${line}\n`).join('');
}
