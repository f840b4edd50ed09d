import type { ResourceKindName } from '@roundhouse/api';
import { isRoundhouseError, type RoundhouseError } from '@roundhouse/core';
import { cliError } from '../errors.ts';
import { EXIT, exitCodeOf } from '../exit.ts';
import type { Output } from '../io.ts';
import { errorLines, printable } from '../render.ts';

/** What was done, or would be done, to one resource. */
export interface Outcome {
  readonly kind: ResourceKindName;
  readonly id: string;
  readonly outcome: 'created' | 'changed' | 'unchanged' | 'deleted' | 'failed';
  /** What is shown this once. */
  readonly shown_once?: Readonly<Record<string, unknown>>;
  readonly error?: RoundhouseError;
}

const OUTCOME_WIDTH = 'unchanged'.length;

/** Does something to a resource; what fails is its outcome, unless nothing more can go well. */
export async function attempt(
  target: Pick<Outcome, 'kind' | 'id'>,
  work: () => Promise<Omit<Outcome, 'kind' | 'id'>>,
): Promise<Outcome> {
  const { kind, id } = target;
  try {
    return { kind, id, ...(await work()) };
  } catch (error) {
    const code = exitCodeOf(error);
    if (!isRoundhouseError(error) || code === EXIT.Unreachable || code === EXIT.Unauthenticated) throw error;
    return { kind, id, outcome: 'failed', error };
  }
}

/** A line, and below it what there is to know. */
export function writeOutcome({ kind, id, outcome, error, shown_once: shownOnce = {} }: Outcome, output: Output): void {
  output.write(`${outcome.padEnd(OUTCOME_WIDTH)}  ${kind} ${printable(id)}\n`);
  for (const [name, value] of Object.entries(shownOnce)) output.write(`  ${name}: ${printable(String(value))}\n`);
  if (error !== undefined)
    output.write(
      errorLines(error)
        .map((line) => `  ${line}\n`)
        .join(''),
    );
}

/** Raises SOME_FAILED. */
export function raiseFailures(outcomes: readonly Outcome[]): void {
  const failed = outcomes.filter(({ outcome }) => outcome === 'failed');
  if (failed.length === 0) return;
  throw cliError('SOME_FAILED', { details: { failed: failed.length, total: outcomes.length } });
}
