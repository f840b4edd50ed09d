import { isRoundhouseError } from '@roundhouse/core';
import type { ProbeResult, ProbeStep } from '../probe.ts';

/** A failure as a catalogue has it; INTERNAL for what no catalogue knows. */
export function failureOf(error: unknown): { readonly code: string; readonly message: string } {
  if (isRoundhouseError(error)) return { code: error.code, message: error.message };
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}

/** The result of a probe that ended with an error. */
export function failedProbe(error: unknown, elapsedMs: number, steps: readonly ProbeStep[] = []): ProbeResult {
  return { outcome: 'failed', elapsedMs, steps, error: failureOf(error) };
}
