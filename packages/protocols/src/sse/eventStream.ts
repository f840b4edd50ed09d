import type { Scope } from '@roundhouse/core';
import type { HttpRequest, HttpResponse } from '../http/message.ts';
import { formatEvent, HEARTBEAT, type ServerEvent } from './event.ts';

export interface EventStreamOptions {
  /** The events for a client; `lastEventId` is the last that it has seen, undefined when it is new. */
  readonly source: (lastEventId: string | undefined, scope: Scope) => AsyncIterable<ServerEvent>;
  /** A comment is sent when nothing was for so long, ms, so that what stands between does not cut. Default 15,000. */
  readonly heartbeatMs?: number;
  /** How long a client is to wait before it comes again, ms. Default: it decides. */
  readonly retryMs?: number;
}

/**
 * Answers a request with events (HTML Standard §9.2). They are asked for as the client takes them. The response ends
 * with its source, and with the scope of the request.
 */
export function eventStream(request: HttpRequest, options: EventStreamOptions, scope: Scope): HttpResponse {
  const { source, heartbeatMs = 15_000, retryMs } = options;
  return {
    status: 200,
    headers: {
      'content-type': 'text/event-stream',
      // No cache, and no proxy that waits for more (nginx).
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    },
    body: stream(() => source(request.headers['last-event-id'], scope), heartbeatMs, retryMs, scope),
  };
}

async function* stream(
  open: () => AsyncIterable<ServerEvent>,
  heartbeatMs: number,
  retryMs: number | undefined,
  scope: Scope,
): AsyncGenerator<string> {
  yield retryMs === undefined ? HEARTBEAT : `retry: ${Math.round(retryMs)}\n\n`;
  const events = open()[Symbol.asyncIterator]();
  let next = events.next();
  try {
    for (;;) {
      const found = await within(next, heartbeatMs, scope);
      if (found === 'late') yield HEARTBEAT;
      else if (found.done === true) return;
      else {
        next = events.next();
        yield formatEvent(found.value);
      }
    }
  } finally {
    // A source that fails when nobody listens any more tells nobody.
    next.catch(() => {});
    await events.return?.();
  }
}

/** What comes within the time, or `late`. */
async function within<T>(promise: Promise<T>, ms: number, scope: Scope): Promise<T | 'late'> {
  const { promise: late, resolve } = Promise.withResolvers<'late'>();
  const timer = scope.clock.setTimer(ms, () => resolve('late'));
  try {
    return await scope.race(Promise.race([promise, late]));
  } finally {
    timer.cancel();
  }
}
