import {
  DEFAULTS,
  listSessionsQuerySchema,
  validate,
  validateQuery,
  workerGroupCommandSchema,
  workerScaleSchema,
} from '@roundhouse/api';
import type { Scope } from '@roundhouse/core';
import type { Supervisor, WorkerStatus } from '@roundhouse/workers';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { workersError } from '../worker/errors.ts';
import { groupShown, workerGroups } from '../worker/groups.ts';
import type { Access } from './access.ts';
import type { Cursors } from './cursor.ts';
import { valid } from './request.ts';
import { awaited, bodyOf } from './workerRoutes.ts';

export interface WorkerGroupRoutesDependencies {
  /** Raises WORKERS_UNAVAILABLE. */
  readonly supervisor: () => Supervisor;
  /** None where nobody supervises any. */
  readonly workers: () => readonly WorkerStatus[];
  readonly access: Access;
  readonly cursors: Cursors;
  readonly scope: Scope;
}

/** Handlers of the routes under `/api/v1/worker-groups`, by the names of the route table. */
export function workerGroupRoutes(deps: WorkerGroupRoutesDependencies) {
  const { supervisor, workers, access, cursors, scope: server } = deps;
  const place = { list: 'listWorkerGroups' };

  /** Raises WORKER_GROUP_NOT_FOUND, and FORBIDDEN where one of its workers is not the caller's to do this to. */
  const operated = (request: FastifyRequest): readonly string[] => {
    const group = groupOf(request);
    const members = workerGroups(supervisor().list()).get(group);
    if (members === undefined) throw workersError('WORKER_GROUP_NOT_FOUND', { details: { group } });
    for (const { spec } of members) access.require(request, 'operate', 'worker', spec);
    return members.map(({ spec }) => spec.id);
  };
  const shown = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const group = groupOf(request);
    const members = workerGroups(workers()).get(group);
    // Its workers may have gone meanwhile.
    if (members === undefined) throw workersError('WORKER_GROUP_NOT_FOUND', { details: { group } });
    return reply.send(groupShown(group, members));
  };
  const command =
    (work: (supervised: Supervisor, workers: readonly string[]) => Promise<void>) =>
    async (request: FastifyRequest, reply: FastifyReply) => {
      const body = valid(validate(workerGroupCommandSchema, bodyOf(request), 'body'));
      await awaited(reply, server, body, work(supervisor(), operated(request)));
      return shown(request, reply);
    };

  return {
    listWorkerGroups(request: FastifyRequest, reply: FastifyReply) {
      const query = valid(validateQuery(listSessionsQuerySchema, request.query as Record<string, unknown>));
      const limit = query.limit ?? DEFAULTS.pageSize;
      const after = query.cursor === undefined ? '' : cursors.read(place, query.cursor);
      const visible = workers().filter(({ spec }) => access.allows(request, 'list', 'worker', spec));
      const found = [...workerGroups(visible)].filter(([id]) => id > after);
      const items = found.slice(0, limit).map(([id, members]) => groupShown(id, members));
      const last = items.at(-1);
      const next = found.length > limit && last !== undefined ? cursors.write(place, last.id) : null;
      return reply.send({ items, next_cursor: next });
    },

    // Asked at once, each waits for those that it depends on.
    startWorkerGroup: command((supervised, each) =>
      allOf(each.map((worker) => supervised.start({ worker }, {}, server))),
    ),
    stopWorkerGroup: command((supervised, each) => supervised.stopAll(each, server)),
    restartWorkerGroup: command((supervised, each) =>
      allOf(each.map((worker) => supervised.restart({ worker }, server))),
    ),

    async scaleWorkerGroup(request: FastifyRequest, reply: FastifyReply) {
      const { replicas } = valid(validate(workerScaleSchema, request.body, 'body'));
      await allOf(operated(request).map((worker) => supervisor().scale(worker, replicas)));
      return shown(request, reply);
    },
  };
}

function groupOf(request: FastifyRequest): string {
  return (request.params as { readonly group: string }).group;
}

/** Settles when all have; rejects with the first failure among them. */
async function allOf(works: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(works);
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
