import type { Scope } from '@roundhouse/core';
import { workerError } from '../errors.ts';
import { excerpt } from './excerpt.ts';

export type Command = readonly [string, ...string[]];

/** Runs a command as a program is run, to its end, and ends it with the scope. `code` is null when a signal ended it. */
export type Execute = (
  command: Command,
  scope: Scope,
) => Promise<{ readonly code: number | null; readonly output: string }>;

/** Runs a command that must end with 0. Raises PROBE_EXIT_CODE, or what starting it fails with. */
export async function runCommand(command: Command, execute: Execute, scope: Scope): Promise<void> {
  const { code, output } = await execute(command, scope);
  if (code === 0) return;
  const ending = code === null ? 'a signal' : `exit code ${code}`;
  // The end of what it says is what it ended for.
  throw workerError('PROBE_EXIT_CODE', {
    details: { command: command[0], ending, output: excerpt(output.slice(-200)) },
  });
}
