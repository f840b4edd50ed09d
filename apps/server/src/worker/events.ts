import type { Unsubscribe } from '@roundhouse/core';
import type { Supervisor, SupervisorEvents } from '@roundhouse/workers';
import type { EventJournal } from '../event/journal.ts';
import type { EventData } from '../event/record.ts';

/** Of a line that is told; more is in the log. UTF-8 bytes. */
const MAX_TEXT_BYTES = 4_096;
/** Of a notice, UTF-16 code units. */
const MAX_MESSAGE = 4_096;

type Moved = SupervisorEvents['moved'];

/** Tells what becomes of workers, with their labels. `shown`: what is told of a line that they have written. */
export function publishWorkers(
  supervisor: Supervisor,
  journal: Pick<EventJournal, 'publish'>,
  shown: (line: Uint8Array) => Uint8Array = (line) => line,
): Unsubscribe {
  const publish = (what: string, { id, labels }: Pick<Moved, 'id' | 'labels'>, data: EventData): void => {
    const options = Object.keys(labels).length === 0 ? {} : { labels };
    journal.publish(`worker.${what}`, id.worker, { instance: id.number, ...data }, options);
  };
  const ends = [
    supervisor.on('moved', (fact) => {
      const { from, to, reason, pid = null, restarts } = fact;
      for (const what of passed(fact)) publish(what, fact, { from, to, reason, pid, restarts });
    }),
    supervisor.on('exited', (fact) => {
      const { code, signal } = fact.exit;
      publish('exited', fact, { code, signal, reason: fact.reason });
      if (fact.reason === 'out_of_memory') publish('out_of_memory', fact, { code, signal });
    }),
    supervisor.on('adopted', (fact) => publish('adopted', fact, { pid: fact.process.pid })),
    supervisor.on('probed', (fact) => {
      const { role: probe, isPassing, status } = fact.verdict;
      const { code, message, failures } = status;
      publish(isPassing ? 'probe_passed' : 'probe_failed', fact, { probe, code, message, failures });
    }),
    supervisor.on('violated', (fact) => {
      const { limit, value, used, policy, severity } = fact.violation;
      publish(severity === 'warning' ? 'limit_warning' : 'limit_exceeded', fact, {
        limit,
        value,
        used,
        policy,
        severity,
      });
    }),
    supervisor.on('recovered', (fact) => publish('limit_recovered', fact, { limit: fact.limit })),
    supervisor.on('noticed', (fact) => {
      const { severity, message } = fact.notice;
      publish('noticed', fact, { severity, message: message.slice(0, MAX_MESSAGE) });
    }),
    supervisor.on('logged', (fact) => {
      const { stream } = fact.line;
      // Before it is cut: half a number would not be known for one.
      const bytes = shown(fact.line.bytes);
      const text = new TextDecoder().decode(bytes.subarray(0, MAX_TEXT_BYTES));
      publish('log_matched', fact, { stream, text, cut: bytes.length > MAX_TEXT_BYTES });
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}

/** What a move is told as: nothing where only its reason is another. */
function passed({ from, to }: Moved): readonly string[] {
  if (from === to) return [];
  switch (to) {
    case 'running':
      return [from === 'ready' ? 'unready' : 'started'];
    case 'ready':
      // What has no probe is ready as soon as it runs.
      return from === 'running' ? ['ready'] : ['started', 'ready'];
    default:
      return [to];
  }
}
