import type { AttemptOutcome, Delivery, DeliveryAttempt, NewDelivery } from './deliveryLog.ts';
import type { LoggedEvent } from './eventLog.ts';
import type { StoredMail } from './mailbox.ts';
import type { Change, Expectation, JsonObject, StoredResource } from './store.ts';

/** What is kept, with its JSON as text: taken down at the door, so that a caller's later change of an object is none. */

export type ResourceRow = Omit<StoredResource, 'value'> & { readonly json: string };
export type EventRow = Omit<LoggedEvent, 'body'> & { readonly json: string };
export type NewDeliveryRow = Omit<NewDelivery, 'body'> & { readonly json: string };
export type DeliveryRow = Omit<Delivery, 'body'> & { readonly json: string };
export type AttemptRow = Omit<DeliveryAttempt, 'facts'> & { readonly json: string };
export type OutcomeRow = Omit<AttemptOutcome, 'attempt'> & { readonly attempt: AttemptRow };

export type MailRow = Omit<StoredMail, 'summary'> & { readonly json: string };

export type WriteRow =
  | {
      readonly op: 'put';
      readonly kind: string;
      readonly id: string;
      readonly json: string;
      readonly expect: Expectation;
    }
  | { readonly op: 'delete'; readonly kind: string; readonly id: string; readonly expect: Expectation };

export interface TransactionRows {
  readonly writes: readonly WriteRow[];
  readonly events: readonly EventRow[];
}

export interface ChangeRow {
  readonly revision: number;
  /** Place within its transaction, from 0. */
  readonly ordinal: number;
  readonly op: 'put' | 'delete';
  readonly resource: ResourceRow;
}

const parse = (json: string): JsonObject => JSON.parse(json) as JsonObject;

export function toResource({ json, ...rest }: ResourceRow): StoredResource {
  return { ...rest, value: parse(json) };
}

export function toChange({ revision, op, resource }: ChangeRow): Change {
  return { revision, op, resource: toResource(resource) };
}

export function toEvent({ json, ...rest }: EventRow): LoggedEvent {
  return { ...rest, body: parse(json) };
}

export function toDelivery({ json, ...rest }: DeliveryRow): Delivery {
  return { ...rest, body: parse(json) };
}

export function toAttempt({ json, ...rest }: AttemptRow): DeliveryAttempt {
  return { ...rest, facts: parse(json) };
}

export function toMail({ json, ...rest }: MailRow): StoredMail {
  return { ...rest, summary: parse(json) };
}
