import { directoryFinding } from './directory.ts';
import type { Facts } from './facts.ts';
import { fail, type Finding, ok } from './finding.ts';

/** Nothing to say where no worker is configured. */
export function workersCheck({ workers }: Facts): readonly Finding[] {
  if (workers === null) return [];
  const { runDirectory, missingPrograms } = workers;
  return [
    directoryFinding('run directory', runDirectory, 'use another data directory'),
    missingPrograms.length === 0
      ? ok('programs for workers', 'what workers are started with is there')
      : fail(
          'programs for workers',
          `workers need ${missingPrograms.join(', ')}, which PATH does not lead to`,
          'Install the packages dash and util-linux, or leave out what needs them: users, capabilities, limits.',
        ),
  ];
}
