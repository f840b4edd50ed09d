import { isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import { netError } from '@roundhouse/net';
import { type Backoff, exponentialBackoff, type Random } from '@roundhouse/resilience';
import type { HttpClient, HttpResult } from '../http/client/client.ts';
import type { FieldValues } from '../http/message.ts';
import type { ReceivedEvent } from './event.ts';
import { EventStreamParser } from './parser.ts';

export interface EventSourceOptions {
  readonly headers?: FieldValues;
  /** To go on behind an event of an earlier time. */
  readonly lastEventId?: string;
  /** Waits between attempts that fail one after the other. Default: from 1 s to 30 s, spread by chance. */
  readonly backoff?: Backoff;
  /** Attempts that may fail one after the other. Default Infinity: until the scope ends. */
  readonly maxFailures?: number;
  /** Characters of one event. Default 1,048,576. */
  readonly maxEventLength?: number;
  /** Told of each failure before the next attempt. */
  readonly onReconnect?: (reason: RoundhouseError | null, delayMs: number) => void;
}

/** The longest wait that a server may ask for, ms. */
const MAX_RETRY_MS = 600_000;

/**
 * The events of a URL, over as many connections as it takes: each goes on behind the last event seen. Ends when the
 * server says that there is no more (204). Fails with PEER_REFUSED for an answer that is no stream of events,
 * MESSAGE_TOO_LARGE, what the last of `maxFailures` attempts failed with, or the reason of the scope.
 */
export async function* eventSource(
  client: HttpClient,
  url: string,
  options: EventSourceOptions,
  scope: Scope,
  deps: { readonly random: Random },
): AsyncGenerator<ReceivedEvent> {
  const { maxFailures = Infinity, onReconnect } = options;
  const first = options.backoff ?? exponentialBackoff({ initialMs: 1_000, maxMs: 30_000 });
  let lastEventId = options.lastEventId ?? '';
  let retryMs = 0;
  let failures = 0;
  let backoff = first;
  for (;;) {
    let failure: RoundhouseError | null = null;
    try {
      const response = await open(client, url, options, lastEventId, scope);
      if (response === undefined) return;
      const parser = new EventStreamParser({ ...limitOf(options), lastEventId });
      try {
        for await (const bytes of response.body) {
          const items = parser.push(bytes);
          if (items === undefined) throw tooLarge(url);
          failures = 0;
          backoff = first;
          for (const item of items) {
            if (item.type === 'retry') retryMs = Math.min(item.retryMs, MAX_RETRY_MS);
            else {
              lastEventId = item.event.lastEventId;
              yield item.event;
            }
          }
          lastEventId = parser.lastEventId;
        }
      } finally {
        response.discard();
      }
    } catch (error) {
      scope.throwIfEnded();
      if (!isRoundhouseError(error) || !error.retryable || client.state !== 'open') throw error;
      failures += 1;
      if (failures > maxFailures) throw error;
      failure = error;
    }
    const step = backoff.next(deps.random);
    backoff = step;
    const delayMs = Math.max(retryMs, step.delayMs);
    onReconnect?.(failure, delayMs);
    await scope.sleep(delayMs);
  }
}

/** Undefined when the server says that there is no more. */
async function open(
  client: HttpClient,
  url: string,
  { headers }: EventSourceOptions,
  lastEventId: string,
  scope: Scope,
): Promise<HttpResult | undefined> {
  const last = lastEventId === '' ? {} : { 'last-event-id': lastEventId };
  const fields = { accept: 'text/event-stream', 'cache-control': 'no-store', ...headers, ...last };
  const response = await client.request(
    url,
    { headers: fields, timeoutMs: Infinity, maxBodyBytes: Number.MAX_SAFE_INTEGER },
    scope,
  );
  const type = response.headers['content-type'] ?? '';
  if (response.status === 200 && /^text\/event-stream\s*(;|$)/i.test(type)) return response;
  response.discard();
  if (response.status === 204) return undefined;
  const remote = { status: String(response.status), text: response.status === 200 ? `content of type ${type}` : '' };
  const code = response.status >= 500 || response.status === 429 ? 'PEER_UNAVAILABLE' : 'PEER_REFUSED';
  throw netError(code, { protocol: 'sse', phase: 'request', peer: new URL(url).host, sent: 'all', remote });
}

function limitOf({ maxEventLength }: EventSourceOptions): { maxLength?: number } {
  return maxEventLength === undefined ? {} : { maxLength: maxEventLength };
}

function tooLarge(url: string): RoundhouseError {
  const details = { limit: 'the allowed', unit: 'characters', what: 'an event' };
  return netError('MESSAGE_TOO_LARGE', {
    protocol: 'sse',
    phase: 'read',
    peer: new URL(url).host,
    sent: 'all',
    details,
  });
}
