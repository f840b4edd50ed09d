import { isRoundhouseError, type Scope } from '@roundhouse/core';
import type { Endpoint } from '../endpoint.ts';
import type { Probe, ProbeResult, ProbeStep } from '../probe.ts';
import { failureOf } from './failedProbe.ts';

/** One step of a ladder. */
export interface Rung<Context> {
  /** E.g. `tcp`, `tls`, `telnet`. */
  readonly name: string;
  /** What the endpoint is when this step fails. Default `failed`; `degraded` where those below prove that it answers. */
  readonly otherwise?: 'failed' | 'degraded';
  /** Rejects with a coded error when it fails. What it opens takes the scope; the context hands it to the next. */
  run(context: Context, scope: Scope): Promise<void>;
}

/**
 * A probe that climbs rung by rung, measures each and stops at the first that fails. A rung that is still running at
 * the deadline of the scope has failed with DEADLINE_EXCEEDED; what the rungs opened is ended with the climb.
 *
 * @param begin makes what the rungs of one climb share
 */
export function ladder<Target, Context>(
  kind: string,
  begin: (endpoint: Endpoint<Target>) => Context,
  rungs: ReadonlyArray<Rung<Context>>,
): Probe<Target> {
  return { kind, check: async (endpoint, scope) => climb(begin(endpoint), rungs, scope) };
}

async function climb<Context>(
  context: Context,
  rungs: ReadonlyArray<Rung<Context>>,
  scope: Scope,
): Promise<ProbeResult> {
  using climbing = scope.child();
  const { clock } = scope;
  const beganAt = clock.monotonic();
  const steps: ProbeStep[] = [];
  for (const rung of rungs) {
    const { name, otherwise = 'failed' } = rung;
    const steppedAt = clock.monotonic();
    try {
      climbing.throwIfEnded();
      await climbing.race(rung.run(context, climbing));
      steps.push({ name, ok: true, elapsedMs: clock.monotonic() - steppedAt });
    } catch (error) {
      const reason: unknown = scope.signal.aborted ? scope.signal.reason : error;
      if (scope.signal.aborted && !isDeadline(reason)) throw reason;
      const failure = failureOf(reason);
      const now = clock.monotonic();
      steps.push({ name, ok: false, elapsedMs: now - steppedAt, code: failure.code });
      return { outcome: otherwise, elapsedMs: now - beganAt, steps, error: failure };
    }
  }
  return { outcome: 'ok', elapsedMs: clock.monotonic() - beganAt, steps };
}

function isDeadline(reason: unknown): boolean {
  return isRoundhouseError(reason) && reason.code === 'DEADLINE_EXCEEDED';
}
