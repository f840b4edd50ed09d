import type { Diagnostic } from '@roundhouse/config';
import { isRoundhouseError } from '@roundhouse/core';
import type { Io } from '../../io.ts';

/** Settles as `work` does; where a configuration is not valid, its faults are shown first, each with its line. */
export async function withFaults<T>(io: Io, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isRoundhouseError(error) && error.code === 'CONFIGURATION_INVALID') {
      const { diagnostics, omitted } = error.details as { diagnostics: readonly Diagnostic[]; omitted: number };
      await writeDiagnostics(io, diagnostics, omitted);
    }
    throw error;
  }
}

export async function writeDiagnostics(io: Io, diagnostics: readonly Diagnostic[], omitted = 0): Promise<void> {
  if (diagnostics.length === 0) return;
  const { renderDiagnostics } = await import('@roundhouse/config');
  const color = io.stderr.isTTY === true && !io.env['NO_COLOR'];
  io.stderr.write(`${renderDiagnostics(diagnostics, { color, omitted })}\n`);
}
