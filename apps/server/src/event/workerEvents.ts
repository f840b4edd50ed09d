import { lazyObject, WORKER_STATES } from '@roundhouse/api';
import { z } from 'zod';
import { code, count, definition, type EventRows } from './definition.ts';

const instance = { instance: count };

const workerMove = lazyObject(() => ({
  ...instance,
  from: z.enum(WORKER_STATES),
  to: z.enum(WORKER_STATES),
  reason: z.string(),
  pid: z.int().nullable(),
  restarts: count,
}));

const workerExit = { code: z.int().nullable(), signal: z.string().nullable() };

const workerProbe = lazyObject(() => ({
  ...instance,
  probe: z.enum(['startup', 'readiness', 'liveness']),
  code: code.nullable(),
  message: z.string().nullable(),
  failures: count,
}));

const workerLimit = lazyObject(() => ({
  ...instance,
  limit: z.string(),
  value: z.number(),
  used: z.number(),
  policy: z.string(),
  severity: z.enum(['warning', 'critical', 'emergency']),
}));

/** What becomes of workers; the subject is the worker, and the data names the instance. */
export const WORKER_EVENTS: EventRows = {
  starting: definition('worker', 'An instance of a worker is to run.', workerMove),
  started: definition('worker', 'An instance of a worker runs.', workerMove),
  ready: definition('worker', 'An instance of a worker is ready.', workerMove),
  unready: definition('worker', 'An instance of a worker runs, but is not ready any more.', workerMove, 'warning'),
  stopping: definition('worker', 'An instance of a worker is being stopped.', workerMove),
  stopped: definition('worker', 'An instance of a worker does not run, and is not to.', workerMove),
  restarting: definition('worker', 'An instance of a worker waits to be started again.', workerMove, 'warning'),
  failed: definition('worker', 'An instance of a worker was given up.', workerMove, 'error'),
  unknown: definition('worker', 'What becomes of an instance of a worker cannot be told.', workerMove, 'error'),
  exited: definition(
    'worker',
    'The program of a worker has ended.',
    lazyObject(() => ({ ...instance, ...workerExit, reason: z.string() })),
  ),
  out_of_memory: definition(
    'worker',
    'The kernel has killed the program of a worker for want of memory.',
    lazyObject(() => ({ ...instance, ...workerExit })),
    'error',
  ),
  adopted: definition(
    'worker',
    'An instance of a worker was found running, and taken over.',
    lazyObject(() => ({ ...instance, pid: z.int() })),
  ),
  probe_passed: definition('worker', 'A probe of a worker passes.', workerProbe),
  probe_failed: definition('worker', 'A probe of a worker fails.', workerProbe, 'warning'),
  limit_warning: definition('worker', 'Little is left of a limit of a worker.', workerLimit, 'warning'),
  limit_exceeded: definition('worker', 'A worker is beyond a limit.', workerLimit, 'error'),
  limit_recovered: definition(
    'worker',
    'A worker is well below a limit again.',
    lazyObject(() => ({ ...instance, limit: z.string() })),
  ),
  noticed: definition(
    'worker',
    'A worker has something to say to people.',
    lazyObject(() => ({
      ...instance,
      severity: z.enum(['unspecified', 'info', 'warning', 'error']),
      message: z.string(),
    })),
  ),
  log_matched: definition(
    'worker',
    'A worker has written a line that it is asked to tell of.',
    lazyObject(() => ({ ...instance, stream: z.enum(['stdout', 'stderr']), text: z.string(), cut: z.boolean() })),
  ),
};
