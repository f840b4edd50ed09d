import type { EventRecord, Labels } from '@roundhouse/api';
import type { JsonObject, LoggedEvent } from '@roundhouse/store';
import { eventError } from './errors.ts';

/** A past fact, with the trace it belongs to where there is one (CloudEvents 1.0, extension Distributed Tracing). */
export type JournalEvent = EventRecord & { readonly traceparent?: string };

/** Facts of one event; JSON, without secrets and without the text of screens. */
export type EventData = Readonly<Record<string, unknown>>;

export interface PublishOptions {
  /** Of what the event is about: kept as `labels` in its data, so that roles can ask for them. */
  readonly labels?: Labels;
  /** W3C Trace Context, version 00. */
  readonly traceparent?: string;
}

export interface EventDraft extends PublishOptions {
  /** Without the prefix `roundhouse.`. */
  readonly type: string;
  /** Cut at 256 characters, `-` when empty: what comes from outside must not keep an event from being told. */
  readonly subject: string;
  readonly data?: EventData;
}

export const TYPE_PREFIX = 'roundhouse.';
/** Larger data is left out, bytes of JSON. */
const MAX_DATA_BYTES = 65_536;

const TYPE = /^[a-z0-9_]+(\.[a-z0-9_]+){1,4}$/;
const MAX_TYPE_LENGTH = 100;
const MAX_SUBJECT_LENGTH = 256;
/** https://www.w3.org/TR/trace-context/ §3.2.2. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Makes an event; its data is copied. Raises EVENT_INVALID. */
export function makeEvent(
  draft: EventDraft,
  { sequence, at, source }: { readonly sequence: number; readonly at: number; readonly source: string },
): JournalEvent {
  const { type, subject, data = {}, labels, traceparent } = draft;
  if (type.length > MAX_TYPE_LENGTH || !TYPE.test(type)) throw invalid(type, 'a type is words with dots between them');
  if (traceparent !== undefined && !TRACEPARENT.test(traceparent)) throw invalid(type, 'its traceparent is malformed');
  return {
    specversion: '1.0',
    id: String(sequence),
    source,
    type: TYPE_PREFIX + type,
    subject: subject.slice(0, MAX_SUBJECT_LENGTH) || '-',
    time: new Date(at).toISOString(),
    datacontenttype: 'application/json',
    data: jsonCopy(type, labels === undefined ? data : { ...data, labels }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

/** The event as the store keeps it. */
export function toLogged(event: JournalEvent): LoggedEvent {
  return {
    sequence: Number(event.id),
    at: Date.parse(event.time),
    type: event.type,
    subject: event.subject,
    // Data is a copy that has been through JSON.
    body: event as unknown as JsonObject,
  };
}

export function fromLogged({ body }: LoggedEvent): JournalEvent {
  return body as unknown as JournalEvent;
}

/** Labels of what an event is about. */
export function labelsOf({ data }: EventRecord): Labels {
  const { labels } = data;
  return typeof labels === 'object' && labels !== null ? (labels as Labels) : {};
}

function jsonCopy(type: string, data: EventData): Record<string, unknown> {
  let text: string;
  try {
    text = JSON.stringify(data);
  } catch (cause) {
    throw eventError('EVENT_INVALID', { details: { type, reason: 'its data is not JSON' }, cause });
  }
  const bytes = Buffer.byteLength(text);
  return bytes > MAX_DATA_BYTES ? truncated(bytes) : (JSON.parse(text) as Record<string, unknown>);
}

/** What stands in place of data that is too large. */
export function truncated(bytes: number): Record<string, unknown> {
  return { truncated: true, data_bytes: bytes };
}

function invalid(type: string, reason: string): Error {
  return eventError('EVENT_INVALID', { details: { type, reason } });
}
