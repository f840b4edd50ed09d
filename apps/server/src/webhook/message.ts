import type { JsonObject, NewDelivery } from '@roundhouse/store';
import { eventDefinition } from '../event/catalogue.ts';
import type { Severity } from '../event/definition.ts';
import { type JournalEvent, truncated } from '../event/record.ts';

/** Text for the log of receivers and its number in OpenTelemetry's log data model; CloudEvents extension Severity. */
const SEVERITIES: Readonly<Record<Severity, { readonly severitytext: string; readonly severitynumber: number }>> = {
  info: { severitytext: 'INFO', severitynumber: 9 },
  warning: { severitytext: 'WARN', severitynumber: 13 },
  error: { severitytext: 'ERROR', severitynumber: 17 },
};

/** Standard Webhooks 1.0, "Payload size": under 20 KB. */
const MAX_BODY_BYTES = 20_480;
/** Digits of a sequence, so that the order of texts is that of numbers. */
const SEQUENCE_DIGITS = 16;

/** An event as receivers get it, apart from who gets it. */
export type Message = Pick<NewDelivery, 'messageId' | 'orderKey' | 'type' | 'body'>;

/**
 * The event with the extensions Sequence, Partitioning and Severity of CloudEvents. One that is over 20 KB has
 * `{ "truncated": true, "data_bytes": … }` instead of its data; the event stream has it whole.
 */
export function toMessage(event: JournalEvent): Message {
  const { severity } = eventDefinition(event.type) ?? { severity: 'info' };
  const body = {
    ...event,
    sequence: event.id.padStart(SEQUENCE_DIGITS, '0'),
    partitionkey: event.subject,
    ...SEVERITIES[severity],
  };
  const isTooLarge = Buffer.byteLength(JSON.stringify(body)) > MAX_BODY_BYTES;
  const fitting = isTooLarge ? { ...body, data: truncated(Buffer.byteLength(JSON.stringify(event.data))) } : body;
  return {
    messageId: event.id,
    orderKey: event.subject,
    type: event.type,
    // Data of an event is JSON.
    body: fitting as unknown as JsonObject,
  };
}
