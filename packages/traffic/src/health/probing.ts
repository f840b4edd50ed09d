import { coreError, type RoundhouseError, type Scope, type Timer } from '@roundhouse/core';
import type { Endpoint } from '../endpoint.ts';
import type { Probe, ProbeResult } from '../probe.ts';
import { failedProbe } from './failedProbe.ts';

/** One check of an endpoint under way. */
export interface Probing {
  /** What was found; never rejects. A check that rejects, or says nothing in its time, has failed. */
  readonly result: Promise<ProbeResult>;
  /** False while the probe still works, in its time or, against its contract, beyond. */
  readonly isOver: boolean;
  /** Ends the check and its scope. Idempotent. */
  end(): void;
}

/** ms that a probe has after its time-out to tell how far it came. */
const LAST_WORD_MS = 250;

/** Begins one check in a scope of its own. */
export function beginProbing<Target>(
  probe: Probe<Target>,
  endpoint: Endpoint<Target>,
  parent: Scope,
  timeoutMs: number,
): Probing {
  const { clock } = parent;
  const scope = parent.child({ timeoutMs, what: describe(probe, endpoint) });
  const beganAt = clock.monotonic();
  const failed = (error: unknown): ProbeResult => failedProbe(error, clock.monotonic() - beganAt);
  let isOver = false;
  let isEnded = false;
  let lastWord: Timer | undefined;
  const result = new Promise<ProbeResult>((resolve) => {
    const leave = scope.onEnd((reason) => {
      if (isEnded) resolve(failed(reason));
      else lastWord = clock.setTimer(LAST_WORD_MS, () => resolve(failed(reason)));
    });
    const finish = (found: ProbeResult): void => {
      isOver = true;
      leave();
      lastWord?.cancel();
      scope.end();
      resolve(found);
    };
    check(probe, endpoint, scope).then(finish, (error: unknown) => finish(failed(error)));
  });
  return {
    result,
    get isOver() {
      return isOver;
    },
    end() {
      isEnded = true;
      lastWord?.cancel();
      scope.end();
    },
  };
}

/** Why no probe was made: the one before has outlived its time. */
export function stillProbing<Target>(
  probe: Probe<Target>,
  endpoint: Endpoint<Target>,
  timeoutMs: number,
): RoundhouseError {
  const what = describe(probe, endpoint);
  return coreError('DEADLINE_EXCEEDED', { details: { what, timeout_ms: timeoutMs } });
}

/** Turns what a probe throws at once into a rejection. */
async function check<Target>(probe: Probe<Target>, endpoint: Endpoint<Target>, scope: Scope): Promise<ProbeResult> {
  return probe.check(endpoint, scope);
}

function describe<Target>(probe: Probe<Target>, endpoint: Endpoint<Target>): string {
  return `The ${probe.kind} probe of ${endpoint.id}`;
}
