import type { EventRecord, EventsQuery } from '@roundhouse/api';
import { isRoundhouseError, type Scope } from '@roundhouse/core';
import { type ApiOptions, clientOf, findServer } from './api.ts';
import type { LocalServer } from './home.ts';
import type { Io } from './io.ts';

/** All types begin with it: people need neither write nor read it. */
const TYPE_PREFIX = 'roundhouse.';

/** How long a server that comes back may take to leave its note for the commands here, ms. */
const NOTE_TIMEOUT_MS = 5_000;
const NOTE_POLL_MS = 100;

export interface EventsWanted {
  /** Beginnings of types, with or without the prefix. Default: all. */
  readonly types?: readonly string[];
  readonly subject?: string;
  /** Id of the event to begin behind, where the server still has it. */
  readonly after?: string;
}

export function shortType(type: string): string {
  return type.startsWith(TYPE_PREFIX) ? type.slice(TYPE_PREFIX.length) : type;
}

/**
 * Events as they happen, until the scope ends. A server that makes its own token has another one after a restart; its
 * note says which.
 */
export async function* followEvents(
  wanted: EventsWanted,
  options: ApiOptions,
  scope: Scope,
  io: Io,
): AsyncGenerator<EventRecord> {
  let server: LocalServer | undefined = await findServer(options, io);
  let lastEventId = wanted.after;
  let hasConnected = false;
  let isLost = false;
  while (server !== undefined) {
    using client = await clientOf(server, io);
    try {
      const resume = lastEventId === undefined ? {} : { lastEventId };
      const onLost = (): void => {
        hasConnected = true;
        // Once a loss, however many attempts it takes.
        if (!isLost) io.stderr.write('roundhouse: the connection is lost; trying again\n');
        isLost = true;
      };
      for await (const event of client.streamEvents(queryOf(wanted), { signal: scope.signal, onLost, ...resume })) {
        isLost = false;
        lastEventId = event.id;
        yield event;
      }
      return;
    } catch (error) {
      const isOutdated = hasConnected && isRoundhouseError(error) && error.status === 401;
      server = isOutdated ? await nextServer(server, options, scope, io) : undefined;
      if (scope.signal.aborted) return;
      if (server === undefined) throw error;
    }
  }
}

/** Where the server is found now, when that is not where it was; undefined when nothing changes in time. */
async function nextServer(
  before: LocalServer,
  options: ApiOptions,
  scope: Scope,
  io: Io,
): Promise<LocalServer | undefined> {
  for (let waitedMs = 0; waitedMs <= NOTE_TIMEOUT_MS && !scope.signal.aborted; waitedMs += NOTE_POLL_MS) {
    const found = await findServer(options, io).catch(() => before);
    if (found.token !== before.token) return found;
    await scope.sleep(NOTE_POLL_MS).catch(() => {});
  }
  return undefined;
}

function queryOf({ types, subject }: EventsWanted): EventsQuery {
  return {
    ...(types === undefined ? {} : { types: types.map((each) => TYPE_PREFIX + shortType(each)).join(',') }),
    ...(subject === undefined ? {} : { subject }),
  };
}
