import type { Logger, Unsubscribe } from '@roundhouse/core';
import type { Supervisor, SupervisorEvents } from '@roundhouse/workers';

type Moved = SupervisorEvents['moved'];
type Exited = SupervisorEvents['exited'];

/** Ends that somebody, or the configuration, has asked for. */
const WANTED: ReadonlySet<string> = new Set([
  'by_request',
  'shutdown',
  'restart_requested',
  'spec_changed',
  'dependency',
]);
/** Why a worker is taken down that nobody has asked to. */
const TAKEN_DOWN: ReadonlySet<string> = new Set(['startup_failed', 'liveness_failed', 'limit_exceeded']);
const LOOPS: ReadonlySet<string> = new Set(['crash_loop', 'circuit_open']);

/** Writes a line of each thing that becomes of a worker by itself, for whoever has nothing but the log. */
export function logWorkers(supervisor: Pick<Supervisor, 'on'>, log: Logger): Unsubscribe {
  const ends = [
    supervisor.on('exited', (fact) => logExit(fact, log)),
    supervisor.on('moved', (fact) => logMove(fact, log)),
    supervisor.on('probed', (fact) => logProbe(fact, log)),
  ];
  return () => {
    for (const end of ends) end();
  };
}

function logExit({ id, exit, reason }: Exited, log: Logger): void {
  if (WANTED.has(reason)) return;
  const fields = { worker: nameOf(id), exit_code: exit.code, signal: exit.signal, reason };
  if (exit.code === 0) log.info('the worker has ended', fields);
  else log.warn('the worker has ended', fields);
}

function logMove({ id, from, to, reason, restarts }: Moved, log: Logger): void {
  if (from === to) return;
  const fields = { worker: nameOf(id), reason };
  if (to === 'failed') log.error('the worker is given up', { ...fields, restarts });
  else if (to === 'unknown') log.error('the worker does not go', fields);
  else if (to === 'restarting' && LOOPS.has(reason))
    log.warn('the worker fails again and again', { ...fields, restarts });
  else if (to === 'stopping' && TAKEN_DOWN.has(reason)) log.warn('the worker is taken down', fields);
  else if (from === 'ready' && to === 'running') log.warn('the worker is not ready any more', fields);
}

function logProbe({ id, verdict: { role, isPassing, status } }: SupervisorEvents['probed'], log: Logger): void {
  if (isPassing) return;
  const { code, message } = status;
  log.warn('a probe of the worker fails', { worker: nameOf(id), probe: role, code, reason: message });
}

function nameOf({ worker, number }: Moved['id']): string {
  return `${worker}/${number}`;
}
