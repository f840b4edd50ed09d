import type { DeliveryResource } from '@roundhouse/api';
import { cellText, facts, table } from '../../render.ts';

/** Facts of one delivery, and each attempt where they are known. */
export function deliveryReport({ log = [], ...rest }: DeliveryResource): string {
  if (log.length === 0) return facts(rest);
  const rows = log.map(({ at, elapsed_ms: elapsed, status, error }) => [
    at,
    `${Math.round(elapsed)} ms`,
    cellText(status),
    cellText(error),
  ]);
  return `${facts(rest)}\n${table(['ATTEMPT', 'TIME', 'STATUS', 'ERROR'], rows)}`;
}

export function deliveryTable(deliveries: readonly DeliveryResource[]): string {
  const rows = deliveries.map((each) => [
    String(each.id),
    each.webhook,
    each.type,
    each.status,
    String(each.attempts),
    each.created_at,
    cellText(each.next_attempt_at),
    cellText(each.last_error),
  ]);
  return table(['ID', 'WEBHOOK', 'TYPE', 'STATUS', 'ATTEMPTS', 'CREATED', 'NEXT ATTEMPT', 'LAST ERROR'], rows);
}
