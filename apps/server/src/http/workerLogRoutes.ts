import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { validateQuery, workerLogsQuerySchema, type WorkersLogsQuery, workersLogsQuerySchema } from '@roundhouse/api';
import type { Clock, Logger, Scope } from '@roundhouse/core';
import { sessionsError } from '@roundhouse/sessions';
import { type InstanceId, type LogLine, type LogQuery, type Supervisor, workerError } from '@roundhouse/workers';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EventJournal } from '../event/journal.ts';
import { followTail } from '../worker/logFollow.ts';
import { lineBytes, lineShown } from '../worker/logLine.ts';
import { type Access, identityOf } from './access.ts';
import { isAccountOf, keepAlive, openEventStream } from './eventStream.ts';
import { idOf, valid } from './request.ts';
import { requestScope } from './requestScope.ts';

export interface WorkerLogRoutesDependencies {
  /** Raises WORKERS_UNAVAILABLE. */
  readonly supervisor: () => Supervisor;
  readonly journal: Pick<EventJournal, 'watch'>;
  readonly access: Access;
  /** What is shown of a line, and looked through. Default: all of it. */
  readonly shown?: ((line: Uint8Array) => Uint8Array) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** Streams end with it. */
  readonly scope: Scope;
}

type Filters = Omit<WorkersLogsQuery, 'worker'>;

const DEFAULT_LINES = 100;
/** Of one answer that ends: what is beyond is left out, the oldest first. */
const MAX_ANSWER_BYTES = 8 * 1_048_576;
const REMOVED = 'roundhouse.worker.removed';
/** What a worker writes while it is stopped, because it was removed, is given to those who follow it, ms. */
const FAREWELL_MS = 5_000;
/** Callers that may follow logs at a time. */
const MAX_FOLLOWERS = 500;

/** Handlers of the logs of workers, by the names of the route table. */
export function workerLogRoutes(deps: WorkerLogRoutesDependencies) {
  const { supervisor, access, clock, log, scope: server } = deps;
  let followers = 0;

  /** Raises WORKER_NOT_FOUND. */
  const instancesOf = (worker: string, instance?: number): readonly InstanceId[] => {
    const status = supervisor().find(worker);
    if (status === undefined) throw workerError('WORKER_NOT_FOUND', { details: { id: worker } });
    return instance === undefined ? status.instances.map(({ id }) => id) : [{ worker, number: instance }];
  };

  /** One that is no more has left its log. Raises WORKER_NOT_FOUND. */
  const mustBeOrHaveBeen = async (worker: string, number: number): Promise<void> => {
    if (
      supervisor()
        .find(worker)
        ?.instances.some(({ id }) => id.number === number) === true
    )
      return;
    if ((await supervisor().logs.size({ worker, number })) > 0) return;
    throw workerError('WORKER_NOT_FOUND', { details: { id: `${worker}/${number}` } });
  };

  const answer = async (
    request: FastifyRequest,
    reply: FastifyReply,
    filters: Filters,
    instances: readonly InstanceId[],
    isNamed: boolean,
  ) => {
    const query = { ...queryOf(filters, instances), ...(deps.shown !== undefined && { shown: deps.shown }) };
    if (filters.follow === true) return await follow(request, reply, query);
    using scope = requestScope(reply, server);
    const lines = query.limit === 0 ? [] : await supervisor().logs.read(query, scope);
    if (filters.format === 'json') {
      const shown = lines.map((line) => Buffer.from(`${JSON.stringify(lineShown(line))}\n`));
      return reply.type('application/x-ndjson').send(lastOf(shown));
    }
    return reply.type('text/plain; charset=utf-8').send(lastOf(lines.map((line) => lineBytes(line, isNamed))));
  };

  const follow = async (request: FastifyRequest, reply: FastifyReply, query: LogQuery) => {
    if (followers >= MAX_FOLLOWERS) throw sessionsError('WATCHERS_LIMIT_REACHED', { details: { watchers: followers } });
    followers++;
    const scope = requestScope(reply, server);
    reply.raw.once('close', () => followers--);
    const { untilMs: _, ...rest } = query;
    const lines = await followTail(supervisor().logs, rest, clock, scope);
    const raw = openEventStream(reply);
    if (request.method === 'HEAD') {
      raw.end();
      return;
    }
    const identity = identityOf(request);
    // It comes back as who it is then.
    const left = new Set(query.instances.map(({ worker }) => worker));
    const leave = deps.journal.watch((event) => {
      if (isAccountOf(identity, event)) scope.end();
      if (event.type === REMOVED && left.delete(event.subject) && left.size === 0) {
        scope.sleep(FAREWELL_MS).then(
          () => scope.end(),
          () => {},
        );
      }
    });
    scope.onEnd(() => {
      leave();
      raw.end();
    });
    keepAlive(raw, scope);
    try {
      await writeLines(raw, lines, scope);
    } catch (error) {
      if (!scope.signal.aborted) log.warn('a stream of a log was cut', { reason: String(error) });
    }
    scope.end();
  };

  return {
    async getWorkerLogs(request: FastifyRequest, reply: FastifyReply) {
      const { instance, ...filters } = valid(
        validateQuery(workerLogsQuerySchema, request.query as Record<string, unknown>),
      );
      const instances = instancesOf(idOf(request), instance);
      if (instance !== undefined) await mustBeOrHaveBeen(idOf(request), instance);
      return await answer(request, reply, filters, instances, false);
    },

    getWorkersLogs(request: FastifyRequest, reply: FastifyReply) {
      const { worker: workers, ...filters } = valid(
        validateQuery(workersLogsQuerySchema, request.query as Record<string, unknown>),
      );
      for (const id of workers) {
        access.require(request, 'read', 'worker', { id, labels: supervisor().find(id)?.spec.labels ?? {} });
      }
      const instances = [...new Set(workers)].flatMap((worker) => instancesOf(worker));
      return answer(request, reply, filters, instances, true);
    },
  };
}

/** Raises LOG_PATTERN_INVALID. */
function queryOf(filters: Filters, instances: readonly InstanceId[]): LogQuery {
  const { stream, since, until, limit = DEFAULT_LINES, pattern, level } = filters;
  return {
    instances,
    limit,
    ...(stream === undefined ? {} : { stream }),
    ...(since === undefined ? {} : { sinceMs: Date.parse(since) }),
    ...(until === undefined ? {} : { untilMs: Date.parse(until) }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(level === undefined ? {} : { level }),
  };
}

function lastOf(pieces: readonly Uint8Array[]): Buffer {
  let size = 0;
  const first = pieces.findLastIndex((piece) => (size += piece.byteLength) > MAX_ANSWER_BYTES) + 1;
  return Buffer.concat(pieces.slice(first));
}

async function writeLines(raw: ServerResponse, lines: AsyncIterable<LogLine>, scope: Scope): Promise<void> {
  for await (const line of lines) {
    if (raw.destroyed || raw.writableEnded) return;
    const hasRoom = raw.write(`data: ${JSON.stringify(lineShown(line))}\n\n`);
    if (!hasRoom) await once(raw, 'drain', { signal: scope.signal });
  }
}
