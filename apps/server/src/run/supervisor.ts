import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { isRoundhouseError } from '@roundhouse/core';
import type { createSupervisor, Supervisor, SupervisorOptions, SupervisorSources } from '@roundhouse/workers';

/** Where an installation keeps what has to be known of its workers; `home`: the data directory. */
export function supervisorPlaces(home: string): SupervisorOptions {
  return {
    directory: join(home, 'run'),
    logDirectory: join(home, 'logs', 'workers'),
    dataDirectory: join(home, 'workers'),
    cores: availableParallelism(),
  };
}

/** Undefined on a machine where there can be none: everything else works there. */
export function openSupervisor(
  home: string,
  create: typeof createSupervisor,
  sources: SupervisorSources,
): Supervisor | undefined {
  try {
    return create(supervisorPlaces(home), sources);
  } catch (error) {
    if (!isRoundhouseError(error) || error.code !== 'NOT_SUPPORTED') throw error;
    sources.log.warn('no workers are supervised', { reason: error.message });
    return undefined;
  }
}
