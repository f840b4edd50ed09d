import { type EventRecord, eventsQuerySchema, validateQuery } from '@roundhouse/api';
import type { Clock, Scope } from '@roundhouse/core';
import { type EventFilter, type Gateway, passes, sessionsError } from '@roundhouse/sessions';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { valid } from './request.ts';

/** Callers that may watch at a time. */
const MAX_WATCHERS = 1_000;
/** How often a comment shows that the connection lives; a watcher that took nothing from one to the next is cut, ms. */
const HEARTBEAT_MS = 15_000;
/** When a watcher is to come back after its connection was lost, ms. */
const RETRY_MS = 1_000;

export interface EventRoutesDependencies {
  readonly gateway: Gateway;
  readonly clock: Clock;
  readonly scope: Scope;
}

/**
 * Handlers of `/api/v1/events`: server-sent events, WHATWG HTML §9.2. A watcher is written to as fast as it reads; one
 * that falls behind what is kept is cut, and comes back by `Last-Event-ID`.
 */
export function eventRoutes({ gateway, clock, scope }: EventRoutesDependencies) {
  const { events } = gateway;
  return {
    streamEvents(request: FastifyRequest, reply: FastifyReply) {
      const { types, subject } = valid(validateQuery(eventsQuerySchema, request.query as Record<string, unknown>));
      const filter: EventFilter = {
        types: types?.split(',').filter((type) => type !== '') ?? [],
        ...(subject === undefined ? {} : { subject }),
      };
      if (events.watcherCount >= MAX_WATCHERS) {
        throw sessionsError('WATCHERS_LIMIT_REACHED', { details: { watchers: events.watcherCount } });
      }
      const { raw } = reply.hijack();
      raw.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-accel-buffering': 'no',
      });
      raw.write(`retry: ${RETRY_MS}\n\n`);
      const lastId = request.headers['last-event-id'];
      const missed = events.since(typeof lastId === 'string' && lastId !== '' ? lastId : events.lastId);
      if (missed.hasGap) raw.write(': events are missing here: they are no longer kept\n\n');
      /** Id of the last event that was dealt with. */
      let position = missed.behind;
      let positionAtBeat = position;
      let heartbeat = clock.setTimer(HEARTBEAT_MS, beat);
      const leave = events.watch(pump);
      raw.on('drain', pump);
      const end = (): void => {
        leave();
        heartbeat.cancel();
      };
      // What happens while the server stops is told to nobody: the stream has ended before.
      const leaveScope = scope.onEnd(() => {
        end();
        raw.end();
      });
      raw.once('close', () => {
        end();
        leaveScope();
      });
      pump();

      /** Writes what the watcher takes; the rest stays where events are kept for everybody. */
      function pump(): void {
        if (!events.keeps(position)) raw.destroy();
        if (raw.destroyed || raw.writableNeedDrain) return;
        for (const event of events.since(position).events) {
          position = event.id;
          if (passes(event, filter) && !raw.write(eventText(event))) return;
        }
      }

      function beat(): void {
        if (raw.writableNeedDrain && position === positionAtBeat) {
          raw.destroy();
          return;
        }
        positionAtBeat = position;
        if (!raw.writableNeedDrain) raw.write(': alive\n\n');
        heartbeat = clock.setTimer(HEARTBEAT_MS, beat);
      }
    },
  };
}

function eventText(event: EventRecord): string {
  return `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
