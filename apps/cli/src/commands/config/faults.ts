import type { Diagnostic } from '@roundhouse/config';
import { isRoundhouseError } from '@roundhouse/core';
import type { Io } from '../../io.ts';

export interface Faults {
  readonly diagnostics: readonly Diagnostic[];
  /** How many more there are. */
  readonly omitted: number;
}

/** What is wrong with a configuration, found here or by a server; undefined for any other error. */
export function faultsOf(error: unknown): Faults | undefined {
  if (!isRoundhouseError(error) || error.code !== 'CONFIGURATION_INVALID') return undefined;
  const { diagnostics = [], omitted = 0 } = error.details as Partial<Faults>;
  return { diagnostics, omitted };
}

/** Settles as `work` does; where a configuration is not valid, its faults are shown first, each with its line. */
export async function withFaults<T>(io: Io, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const faults = faultsOf(error);
    if (faults !== undefined) await writeDiagnostics(io, faults.diagnostics, faults.omitted);
    throw error;
  }
}

export async function writeDiagnostics(io: Io, diagnostics: readonly Diagnostic[], omitted = 0): Promise<void> {
  if (diagnostics.length === 0) return;
  const { renderDiagnostics } = await import('@roundhouse/config');
  const color = io.stderr.isTTY === true && !io.env['NO_COLOR'];
  io.stderr.write(renderDiagnostics(diagnostics, { color, omitted }));
}
