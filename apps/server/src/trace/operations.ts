import type { WatchedEvents } from '../metrics/sources.ts';
import type { Span, Tracer } from './tracer.ts';

/** Operations that are followed at a time; those beyond are not traced. */
const MAX_RUNNING = 10_000;
const STEPS = ['in_progress', 'snapshot_created', 'reconnecting', 'state_restored'];

/** A span for each operation of the gateway (migration, failover, …), made from its events. Returns a function that ends it. */
export function traceOperations(tracer: Tracer, events: WatchedEvents): () => void {
  const running = new Map<string, Span>();
  return events.watch(({ type, subject, data }) => {
    if (!tracer.isRecording || !type.startsWith('roundhouse.operation.')) return;
    const status = type.slice('roundhouse.operation.'.length);
    let span = running.get(subject);
    if (span === undefined) {
      if (running.size >= MAX_RUNNING) return;
      span = tracer.start(`session ${String(data['kind'])}`, {
        attributes: { 'roundhouse.operation_id': subject, 'roundhouse.session_id': String(data['session_id']) },
      });
      running.set(subject, span);
    }
    span.set('roundhouse.status', status);
    if (STEPS.includes(status)) return;
    if (typeof data['endpoint'] === 'string') span.set('roundhouse.endpoint', data['endpoint']);
    if (status === 'failed') span.fail(String(data['code']));
    span.end();
    running.delete(subject);
  });
}
