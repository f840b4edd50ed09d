import { createScope, isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import type { EventRecord, EventsQuery } from '../event.ts';
import { ROUTES } from '../routes.ts';
import { EventStreamParser } from './eventStream.ts';
import type { HttpConnection } from './http.ts';

export interface EventStreamOptions {
  /** Begins behind this event where the server still has it; else with the next one that happens. */
  readonly lastEventId?: string;
  /** Ends the stream; the iteration is then over without an error. */
  readonly signal?: AbortSignal;
  /** Calls back when the connection is lost, before the wait for the next attempt. */
  readonly onLost?: (reason: RoundhouseError | undefined, delayMs: number) => void;
}

/** Characters that a line, or the data of one event, may have. */
const MAX_EVENT_LENGTH = 1_048_576;

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 10_000;

/**
 * Events in order, across lost connections: each attempt resumes behind the last event seen, and waits longer than the
 * one before. Raises what keeps the first connection from being made, and later what no attempt can mend.
 */
export async function* streamEvents(
  http: HttpConnection,
  random: () => number,
  query: EventsQuery,
  options: EventStreamOptions,
): AsyncGenerator<EventRecord, void, void> {
  const { signal, onLost } = options;
  using scope = createScope({ clock: http.clock, ...(signal === undefined ? {} : { signal }) });
  let lastEventId = options.lastEventId ?? '';
  let ceilingMs = FIRST_DELAY_MS;
  let hasConnected = false;
  while (!scope.signal.aborted) {
    let reason: RoundhouseError | undefined;
    const parser = new EventStreamParser(lastEventId);
    try {
      const headers = lastEventId === '' ? {} : { 'last-event-id': lastEventId };
      const stream = await http.stream(ROUTES.streamEvents, { query, headers, signal: scope.signal });
      hasConnected = true;
      for await (const bytes of stream) {
        ceilingMs = FIRST_DELAY_MS;
        for (const data of parser.push(bytes)) yield eventOf(data, http);
        lastEventId = parser.lastEventId;
        if (parser.buffered > MAX_EVENT_LENGTH) {
          throw http.invalid(`an event has more than ${MAX_EVENT_LENGTH} characters`);
        }
      }
    } catch (error) {
      if (scope.signal.aborted) return;
      if (!hasConnected || !isRoundhouseError(error) || !error.retryable) throw error;
      reason = error;
    }
    if (scope.signal.aborted) return;
    // Half of it by chance, so that many watchers of one server do not come back all at once.
    const delayMs = Math.max(ceilingMs * (0.5 + random() / 2), Math.min(parser.retryMs ?? 0, LONGEST_DELAY_MS));
    ceilingMs = Math.min(2 * ceilingMs, LONGEST_DELAY_MS);
    onLost?.(reason, delayMs);
    if (!(await slept(scope, delayMs))) return;
  }
}

/** False when the scope ended first. */
async function slept(scope: Scope, delayMs: number): Promise<boolean> {
  try {
    await scope.sleep(delayMs);
    return true;
  } catch {
    return false;
  }
}

function eventOf(data: string, http: HttpConnection): EventRecord {
  try {
    return JSON.parse(data) as EventRecord;
  } catch (cause) {
    throw http.invalid('an event is not JSON', cause);
  }
}
