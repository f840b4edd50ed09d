import type { RoundhouseError, Scope } from '@roundhouse/core';
import type { Session } from '@roundhouse/tn3270';
import { navigationError } from './errors.ts';
import type { NavigationScript, NavigationStep } from './script.ts';
import type { SecretSource } from './secret.ts';
import { lacks } from './shown.ts';
import { StepAttempt, type StepFailure } from './stepAttempt.ts';

/** What has become of a step; that it failed for good is told by the rejection. */
export interface StepFact {
  /** From 1. */
  readonly step: number;
  readonly name: string;
  readonly fact: 'started' | 'repeated' | 'skipped' | 'done';
}

export interface NavigationOptions {
  readonly secrets: SecretSource;
  readonly scope: Scope;
  /** Called synchronously; must not throw. */
  readonly onStep?: ((fact: StepFact) => void) | undefined;
}

/**
 * Walks a session through a script, a screen at a time: waits for the screen expected and an unlocked keyboard, acts,
 * waits for the screen that is to follow. The session belongs to the script meanwhile and is never closed here.
 *
 * Rejects with NAVIGATION_FAILED, details `step` (from 1), `step_name`, `phase`, `missing` (what the screen lacked, in
 * words of the signature), `input_in_flight` (a key gave the host the word and no answer came: nobody knows whether it
 * was acted on) and `cause` (a code). No error holds a secret or anything that the screen shows. Rejects with the
 * scope's reason when the scope ends for another cause than its deadline.
 */
export async function runNavigation(
  session: Session,
  script: NavigationScript,
  { secrets, scope, onStep }: NavigationOptions,
): Promise<void> {
  using whole = scope.child({ what: `Navigation ${script.name}`, timeoutMs: script.timeoutMs });
  for (const [index, step] of script.steps.entries()) {
    const number = index + 1;
    const tell = (fact: StepFact['fact']): void => onStep?.({ step: number, name: step.name, fact });
    const failure = await runStep(session, step, secrets, whole, tell);
    if (failure === undefined) continue;
    throwIfCancelled(scope);
    throw asError(script, number, step, failure);
  }
}

async function runStep(
  session: Session,
  step: NavigationStep,
  secrets: SecretSource,
  scope: Scope,
  tell: (fact: StepFact['fact']) => void,
): Promise<StepFailure | undefined> {
  for (let attempt = 0; ; attempt++) {
    tell(attempt === 0 ? 'started' : 'repeated');
    const outcome = await new StepAttempt(session, step, secrets).run(scope);
    if (outcome === 'done' || outcome === 'skipped') {
      tell(outcome);
      return undefined;
    }
    const mayRepeat = attempt < step.retries && !scope.signal.aborted && lacks(session, step.expect).length === 0;
    if (!mayRepeat) return outcome;
  }
}

function throwIfCancelled({ signal }: Scope): void {
  if (signal.aborted && (signal.reason as RoundhouseError).code !== 'DEADLINE_EXCEEDED') throw signal.reason;
}

function asError(
  script: NavigationScript,
  number: number,
  step: NavigationStep,
  { phase, reason, missing, inputInFlight, cause }: StepFailure,
): RoundhouseError {
  return navigationError('NAVIGATION_FAILED', {
    details: {
      script: script.name,
      step: number,
      step_name: step.name,
      phase,
      reason,
      missing,
      input_in_flight: inputInFlight,
      ...(cause === undefined ? {} : { cause: cause.code }),
    },
    cause,
  });
}
