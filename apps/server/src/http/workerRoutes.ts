import {
  validate,
  validateQuery,
  type WorkerGroupCommand,
  workerCommandSchema,
  workerExecSchema,
  workerHistoryQuerySchema,
  workerScaleSchema,
  workerSignalSchema,
  workerStartSchema,
  workerUsageQuerySchema,
} from '@roundhouse/api';
import { parseDuration, type Scope } from '@roundhouse/core';
import type { Supervisor, WorkerTarget } from '@roundhouse/workers';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Resources } from '../resource/resources.ts';
import { limitShown, rfc3339, sampleShown } from '../worker/shown.ts';
import { idOf, valid } from './request.ts';
import { requestScope } from './requestScope.ts';

export interface WorkerRoutesDependencies {
  /** Raises WORKERS_UNAVAILABLE. */
  readonly supervisor: () => Supervisor;
  readonly resources: Resources;
  readonly scope: Scope;
}

/** Where a command says nothing. */
const COMMAND_MS = 60_000;
const EXEC_MS = 30_000;

/** Handlers of what workers have besides the routes of every resource, by the names of the route table. */
export function workerRoutes({ supervisor, resources, scope: server }: WorkerRoutesDependencies) {
  const shown = async (request: FastifyRequest, reply: FastifyReply) =>
    reply.send(await resources.get('worker', idOf(request)));
  const targetOf = (
    request: FastifyRequest,
    { instance }: { readonly instance?: number | undefined },
  ): WorkerTarget => ({
    worker: idOf(request),
    instance,
  });

  return {
    async startWorker(request: FastifyRequest, reply: FastifyReply) {
      const body = valid(validate(workerStartSchema, bodyOf(request), 'body'));
      const target = targetOf(request, body);
      await awaited(reply, server, body, supervisor().start(target, { force: body.force }, server));
      return await shown(request, reply);
    },

    async stopWorker(request: FastifyRequest, reply: FastifyReply) {
      const body = valid(validate(workerCommandSchema, bodyOf(request), 'body'));
      await awaited(reply, server, body, supervisor().stop(targetOf(request, body), server));
      return await shown(request, reply);
    },

    async restartWorker(request: FastifyRequest, reply: FastifyReply) {
      const body = valid(validate(workerCommandSchema, bodyOf(request), 'body'));
      await awaited(reply, server, body, supervisor().restart(targetOf(request, body), server));
      return await shown(request, reply);
    },

    async reloadWorker(request: FastifyRequest, reply: FastifyReply) {
      const body = valid(validate(workerCommandSchema, bodyOf(request), 'body'));
      await awaited(reply, server, body, supervisor().reload(targetOf(request, body), server));
      return await shown(request, reply);
    },

    async scaleWorker(request: FastifyRequest, reply: FastifyReply) {
      const { replicas } = valid(validate(workerScaleSchema, request.body, 'body'));
      await supervisor().scale(idOf(request), replicas);
      return await shown(request, reply);
    },

    async signalWorker(request: FastifyRequest, reply: FastifyReply) {
      const body = valid(validate(workerSignalSchema, request.body, 'body'));
      await supervisor().signal(targetOf(request, body), body.signal);
      return reply.code(204).send();
    },

    async execWorker(request: FastifyRequest, reply: FastifyReply) {
      const body = valid(validate(workerExecSchema, request.body, 'body'));
      const [program = '', ...rest] = body.command;
      using caller = requestScope(reply, server);
      using scope = caller.child({ what: 'The command', timeoutMs: timeoutOf(body, EXEC_MS) });
      return reply.send(await supervisor().execute(targetOf(request, body), [program, ...rest], scope));
    },

    async getWorkerUsage(request: FastifyRequest, reply: FastifyReply) {
      const query = valid(validateQuery(workerUsageQuerySchema, request.query as Record<string, unknown>));
      const since = query.since === undefined ? undefined : Date.parse(query.since);
      const instances = await supervisor().usage(targetOf(request, query), since);
      return reply.send({
        worker: idOf(request),
        instances: instances.map(({ id, limits, now, history }) => ({
          instance: id.number,
          limits: limits.map(limitShown),
          now: now === undefined ? null : sampleShown(now),
          history: history.map(sampleShown),
        })),
      });
    },

    getWorkerHistory(request: FastifyRequest, reply: FastifyReply) {
      const query = valid(validateQuery(workerHistoryQuerySchema, request.query as Record<string, unknown>));
      const instances = supervisor().history(targetOf(request, query));
      return reply.send({
        worker: idOf(request),
        instances: instances.map(({ id, moves }) => ({
          instance: id.number,
          moves: moves.map(({ at, ...move }) => ({ at: rfc3339(at), ...move })),
        })),
      });
    },
  };
}

export function bodyOf({ body }: FastifyRequest): unknown {
  return body === undefined ? {} : body;
}

/**
 * Waits for a command as long as its caller wants it. The command itself goes on whoever waits, and what becomes of it
 * then is seen by the state of the worker. Raises what the command does, DEADLINE_EXCEEDED.
 */
export async function awaited(
  reply: FastifyReply,
  server: Scope,
  request: WorkerGroupCommand,
  done: Promise<unknown>,
): Promise<void> {
  // Nobody may be waiting any more when it fails.
  done.catch(() => {});
  if (request.wait === false) return;
  using caller = requestScope(reply, server);
  using scope = caller.child({ what: 'What was asked for', timeoutMs: timeoutOf(request, COMMAND_MS) });
  await scope.race(done);
}

function timeoutOf({ timeout }: { readonly timeout?: string | undefined }, otherwiseMs: number): number {
  return (timeout === undefined ? undefined : parseDuration(timeout)) ?? otherwiseMs;
}
