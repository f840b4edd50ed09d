import { type EventRecord, eventsQuerySchema, validateQuery } from '@roundhouse/api';
import type { Clock, Logger, Scope } from '@roundhouse/core';
import { sessionsError } from '@roundhouse/sessions';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type EventFilter, passes } from '../event/filter.ts';
import type { EventJournal, Position } from '../event/journal.ts';
import { labelsOf, makeEvent } from '../event/record.ts';
import { type Access, identityOf } from './access.ts';
import { HEARTBEAT, HEARTBEAT_MS, isAccountOf, openEventStream } from './eventStream.ts';
import { valid } from './request.ts';

/** Callers that may watch at a time. */
const MAX_WATCHERS = 1_000;
/** When a watcher is to come back after its connection was lost, ms. */
const RETRY_MS = 1_000;
/** Events written before others have their turn. */
const BATCH = 500;

export interface EventRoutesDependencies {
  readonly journal: EventJournal;
  readonly access: Access;
  /** What watchers are told of an event. Default: all of it. */
  readonly shown?: (event: EventRecord) => EventRecord;
  readonly clock: Clock;
  readonly log: Logger;
  readonly scope: Scope;
}

/**
 * Handlers of `/api/v1/events`: server-sent events, WHATWG HTML §9.2. A watcher is written to as fast as it reads, from
 * memory or the store, and misses nothing that is kept; where it comes back later than that, it is told which.
 */
export function eventRoutes(deps: EventRoutesDependencies) {
  const { journal, access, clock, log, scope, shown = (event: EventRecord) => event } = deps;
  let watchers = 0;
  return {
    streamEvents(request: FastifyRequest, reply: FastifyReply) {
      const { types, subject } = valid(validateQuery(eventsQuerySchema, request.query as Record<string, unknown>));
      const filter: EventFilter = {
        types: types?.split(',').filter((type) => type !== '') ?? [],
        ...(subject === undefined ? {} : { subject }),
      };
      const identity = identityOf(request);
      /** Events up to here have nothing to do with how the watcher got in. */
      const openedAt = journal.range().last;
      const isShown = (event: EventRecord): boolean =>
        passes(event, filter) && access.allows(request, 'watch', 'event', { labels: labelsOf(event) });
      if (watchers >= MAX_WATCHERS) throw sessionsError('WATCHERS_LIMIT_REACHED', { details: { watchers } });
      watchers++;
      const raw = openEventStream(reply);
      if (request.method === 'HEAD') {
        watchers--;
        raw.end();
        return;
      }
      raw.write(`retry: ${RETRY_MS}\n\n`);
      const lastId = request.headers['last-event-id'];
      /** Sequence of the last event that was dealt with. */
      let position = journal.range().last;
      if (typeof lastId === 'string' && lastId !== '') goOn(journal.locate(lastId));
      let positionAtBeat = position;
      let isPumping = false;
      let heartbeat = clock.setTimer(HEARTBEAT_MS, beat);
      const leave = journal.watch(pump);
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
        watchers--;
        end();
        leaveScope();
      });
      pump();

      function goOn({ after, missing, isForeign }: Position): void {
        position = after;
        if (missing !== null || isForeign) raw.write(gapText(missing));
        if (missing !== null) raw.write(eventText(gapEvent(missing)));
      }

      /** What programs are told: it stands in the place of the last event that is missing. */
      function gapEvent({ from, to }: NonNullable<Position['missing']>): EventRecord {
        const data = { from, to, count: to - from + 1 };
        const origin = { sequence: to, at: clock.now(), source: journal.source };
        return makeEvent({ type: 'events.gap', subject: 'events', data }, origin);
      }

      /** Writes what the watcher takes; the rest stays where events are kept for everybody. */
      function pump(): void {
        if (isPumping) return;
        isPumping = true;
        writeAll().catch((error: unknown) => {
          log.warn('an event stream was cut', { reason: String(error) });
          raw.destroy();
        });
      }

      async function writeAll(): Promise<void> {
        try {
          while (!raw.destroyed && !raw.writableEnded && !raw.writableNeedDrain && position < journal.range().last) {
            const { missing, after } = journal.locate(String(position));
            if (missing !== null) goOn({ after, missing, isForeign: false });
            for (const event of await journal.read(position, BATCH)) {
              if (raw.destroyed) return;
              position = Number(event.id);
              // It comes back as who it is then, and goes on behind what it has seen.
              if (position > openedAt && isAccountOf(identity, event)) {
                leave();
                raw.end();
                return;
              }
              if (isShown(event) && !raw.write(eventText(shown(event)))) break;
            }
          }
        } finally {
          isPumping = false;
        }
      }

      function beat(): void {
        if (raw.writableEnded || (raw.writableNeedDrain && position === positionAtBeat)) {
          raw.destroy();
          return;
        }
        positionAtBeat = position;
        if (!raw.writableNeedDrain) raw.write(HEARTBEAT);
        heartbeat = clock.setTimer(HEARTBEAT_MS, beat);
      }
    },
  };
}

function eventText(event: EventRecord): string {
  return `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** A comment: for people, and for those who listen to the raw stream. What is missing is missing for good. */
function gapText(missing: Position['missing']): string {
  const which = missing === null ? '' : ` from ${missing.from} to ${missing.to}`;
  return `: events${which} are missing here: they are no longer kept\n\n`;
}
