import type { EventRecord, EventsQuery } from '@roundhouse/api';
import { createScope, isRoundhouseError, type Scope } from '@roundhouse/core';
import { Command } from 'commander';
import { type ApiOptions, clientOf, findServer, withApiOptions } from '../api.ts';
import { stopSignal } from '../foreground.ts';
import type { LocalServer } from '../home.ts';
import type { Io } from '../io.ts';
import { printable } from '../render.ts';

interface WatchOptions extends ApiOptions {
  readonly type?: readonly string[];
  readonly subject?: string;
  readonly after?: string;
}

/** All types begin with it: people need neither write nor read it. */
const TYPE_PREFIX = 'roundhouse.';
/** Wide enough for the types there are. */
const TYPE_WIDTH = 26;
const SUBJECT_WIDTH = 28;

/** How long a server that comes back may take to leave its note for the commands here, ms. */
const NOTE_TIMEOUT_MS = 5_000;
const NOTE_POLL_MS = 100;

export function watchCommand(io: Io): Command {
  const command = new Command('watch')
    .description('show events as they happen, one a line, until Ctrl-C')
    .option('--type <prefix...>', 'beginnings of the types wanted, like session or endpoint.health')
    .option('--subject <id>', 'only what is about this session, endpoint, group or operation')
    .option('--after <event-id>', 'begin behind this event, where the server still has it');
  return withApiOptions(command).action(async (options: WatchOptions) => {
    using scope = createScope({ signal: stopSignal(io), ...(io.clock === undefined ? {} : { clock: io.clock }) });
    for await (const event of eventsAcrossTokens(options, scope, io)) {
      io.stdout.write(options.json === true ? `${JSON.stringify(event)}\n` : eventLine(event));
    }
  });
}

/** Time, type, subject and facts. */
function eventLine({ time, type, subject, data }: EventRecord): string {
  const facts = Object.entries(data).map(([name, value]) => `${name}=${factText(value)}`);
  const words = [time, shortType(type).padEnd(TYPE_WIDTH), subject.padEnd(SUBJECT_WIDTH), ...facts];
  return `${printable(words.join('  ').trimEnd())}\n`;
}

function factText(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
}

function shortType(type: string): string {
  return type.startsWith(TYPE_PREFIX) ? type.slice(TYPE_PREFIX.length) : type;
}

/** A server that makes its own token has another one after a restart; its note says which. */
async function* eventsAcrossTokens(options: WatchOptions, scope: Scope, io: Io): AsyncGenerator<EventRecord> {
  let server: LocalServer | undefined = await findServer(options, io);
  let lastEventId = options.after;
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
      for await (const event of client.streamEvents(queryOf(options), { signal: scope.signal, onLost, ...resume })) {
        isLost = false;
        lastEventId = event.id;
        yield event;
      }
      return;
    } catch (error) {
      const isOutdated = hasConnected && isRoundhouseError(error) && error.code === 'UNAUTHENTICATED';
      server = isOutdated ? await nextServer(server, options, scope, io) : undefined;
      if (scope.signal.aborted) return;
      if (server === undefined) throw error;
    }
  }
}

/** Where the server is found now, when that is not where it was; undefined when nothing changes in time. */
async function nextServer(
  before: LocalServer,
  options: WatchOptions,
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

function queryOf({ type, subject }: WatchOptions): EventsQuery {
  const types = type?.map((each) => TYPE_PREFIX + shortType(each)).join(',');
  return {
    ...(types === undefined ? {} : { types }),
    ...(subject === undefined ? {} : { subject }),
  };
}
