import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import {
  auditConsistencyQuerySchema,
  auditExportQuerySchema,
  type AuditExportQuery,
  auditQuerySchema,
  DEFAULTS,
  validateQuery,
} from '@roundhouse/api';
import {
  auditError,
  type AuditJournal,
  type AuditQuery,
  type AuditRecord,
  type Checkpoint,
  parseCheckpoint,
  type Retention,
  type SearchIndex,
} from '@roundhouse/audit';
import type { Logger, Scope } from '@roundhouse/core';
import { sessionsError } from '@roundhouse/sessions';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EventJournal } from '../event/journal.ts';
import { identityOf } from './access.ts';
import type { Cursors } from './cursor.ts';
import { isAccountOf, keepAlive, openEventStream } from './eventStream.ts';
import { valid } from './request.ts';
import { requestScope } from './requestScope.ts';

export interface AuditRoutesDependencies {
  /** Undefined where none is kept. */
  readonly audit: AuditJournal | undefined;
  readonly index: SearchIndex | undefined;
  readonly retention: Retention | undefined;
  readonly events: Pick<EventJournal, 'watch'>;
  readonly cursors: Cursors;
  readonly log: Logger;
  readonly scope: Scope;
  /** Streams end with it. */
  readonly streams: Scope;
}

/** Callers that may follow at a time. */
const MAX_FOLLOWERS = 100;
const MEDIA_TYPES = { jsonl: 'application/x-ndjson', csv: 'text/csv; charset=utf-8' } as const;

/** Handlers of the audit journal, by the names of the route table. Each reading is itself recorded, by its route. */
export function auditRoutes(deps: AuditRoutesDependencies) {
  const { audit, index, retention, events, cursors, log, scope: server, streams } = deps;
  let followers = 0;

  /** Raises AUDIT_DISABLED. */
  function journal(): AuditJournal {
    if (audit === undefined) throw auditError('AUDIT_DISABLED');
    return audit;
  }

  /** Raises AUDIT_DISABLED, AUDIT_INDEX_UNAVAILABLE. */
  function search(): SearchIndex {
    journal();
    if (index === undefined) throw auditError('AUDIT_INDEX_UNAVAILABLE', { details: { reason: 'there is none' } });
    return index;
  }

  async function statusShown(reply: FastifyReply) {
    const status = { journal: journal().status(), index: index?.status() ?? null };
    using scope = requestScope(reply, server);
    return { ...status, protection: (await retention?.protection(scope)) ?? null };
  }

  async function follow(request: FastifyRequest, reply: FastifyReply, query: AuditQuery, after: number | undefined) {
    if (followers >= MAX_FOLLOWERS) throw sessionsError('WATCHERS_LIMIT_REACHED', { details: { watchers: followers } });
    const found = search();
    const from = after === undefined ? journal().status().next_seq : after + 1;
    // What it asks for is found out before the answer begins.
    using asking = requestScope(reply, server);
    await found.query({ ...query, limit: 1 }, asking);
    const raw = openEventStream(reply);
    if (request.method === 'HEAD') {
      raw.end();
      return;
    }
    followers++;
    raw.once('close', () => followers--);
    const scope = requestScope(reply, streams);
    const identity = identityOf(request);
    // It comes back as who it is then.
    const leave = events.watch((event) => {
      if (isAccountOf(identity, event)) scope.end();
    });
    scope.onEnd(() => {
      leave();
      raw.end();
    });
    keepAlive(raw, scope);
    try {
      for await (const records of found.follow(query, from, scope)) await writeRecords(raw, records, scope);
    } catch (error) {
      if (!scope.signal.aborted) log.warn('a stream of the audit was cut', { reason: String(error) });
    }
    scope.end();
  }

  return {
    async queryAudit(request: FastifyRequest, reply: FastifyReply) {
      const asked = valid(validateQuery(auditQuerySchema, request.query as Record<string, unknown>));
      const { order = 'newest', limit = DEFAULTS.pageSize, cursor, follow: isFollowing, after, ...filters } = asked;
      const query = queryOf(filters);
      if (isFollowing === true) return await follow(request, reply, query, after);
      const place = { list: 'queryAudit', filters: { ...filters, order } };
      const behindSeq = cursor === undefined ? undefined : cursors.readNumber(place, cursor);
      using scope = requestScope(reply, server);
      const page = await search().query(
        { ...query, order, limit, ...(behindSeq !== undefined && { after: behindSeq }) },
        scope,
      );
      const next = page.next === undefined ? null : cursors.write(place, String(page.next));
      return reply.send({ items: page.records, next_cursor: next, behind: page.behind });
    },

    async exportAudit(request: FastifyRequest, reply: FastifyReply) {
      const { format = 'jsonl', ...filters } = valid(
        validateQuery(auditExportQuerySchema, request.query as Record<string, unknown>),
      );
      const scope = requestScope(reply, server);
      const pieces = search().export(queryOf(filters), format, scope);
      // What it fails with before anything was sent is the answer.
      const first = await pieces.next();
      void reply.type(MEDIA_TYPES[format]).header('content-disposition', `attachment; filename="audit.${format}"`);
      if (request.method === 'HEAD') {
        await pieces.return(undefined);
        return reply.send('');
      }
      return reply.send(Readable.from(whole(first, pieces), { objectMode: false }));
    },

    async getAuditStatus(_request: FastifyRequest, reply: FastifyReply) {
      return reply.send(await statusShown(reply));
    },

    async getAuditProof(request: FastifyRequest, reply: FastifyReply) {
      const { seq } = request.params as { readonly seq: string };
      const { next_seq: next } = journal().status();
      if (!/^\d{1,15}$/.test(seq) || Number(seq) >= next) {
        const expected = `the number of a record, 0 to ${next - 1}`;
        throw auditError('AUDIT_RANGE_INVALID', { details: { argument: 'seq', expected } });
      }
      return reply.send(await journal().inclusion(Number(seq)));
    },

    async getAuditConsistency(request: FastifyRequest, reply: FastifyReply) {
      const { from, to } = valid(validateQuery(auditConsistencyQuerySchema, request.query as Record<string, unknown>));
      return reply.send(await journal().consistency(from, to));
    },

    async getAuditCheckpoint(_request: FastifyRequest, reply: FastifyReply) {
      return reply.send(checkpointShown(await lastCheckpoint(journal())));
    },

    async takeAuditCheckpoint(_request: FastifyRequest, reply: FastifyReply) {
      return reply.code(201).send(checkpointShown(await journal().checkpoint()));
    },

    async rebuildAuditIndex(_request: FastifyRequest, reply: FastifyReply) {
      search()
        .rebuild(() => {}, server)
        .catch((error: unknown) => {
          if (!server.signal.aborted) log.warn('the index of the audit was not made anew', { reason: String(error) });
        });
      return reply.code(202).send(await statusShown(reply));
    },
  };
}

async function* whole(first: IteratorResult<string>, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  if (first.done !== true) yield first.value;
  yield* rest;
}

async function writeRecords(raw: ServerResponse, records: readonly AuditRecord[], scope: Scope): Promise<void> {
  for (const record of records) {
    if (raw.destroyed || raw.writableEnded) return scope.end();
    const hasRoom = raw.write(`id: ${record.seq}\ndata: ${JSON.stringify(record)}\n\n`);
    if (!hasRoom) await once(raw, 'drain', { signal: scope.signal });
  }
}

function queryOf(filters: Omit<AuditExportQuery, 'format'>): AuditQuery {
  const { type, class: auditClass, outcome, session_id: session, user, host, resource } = filters;
  const { request_id: request, since, until, q } = filters;
  const slash = resource?.indexOf('/') ?? -1;
  return {
    ...(type !== undefined && (type.startsWith('RHA-') ? { code: type } : { action: type })),
    ...(auditClass !== undefined && { class: auditClass }),
    ...(outcome !== undefined && { outcome }),
    ...(session !== undefined && { session }),
    ...(user !== undefined && { user }),
    ...(host !== undefined && { host }),
    ...(resource !== undefined && { resourceKind: slash < 0 ? resource : resource.slice(0, slash) }),
    ...(resource !== undefined && slash >= 0 && { resourceId: resource.slice(slash + 1) }),
    ...(request !== undefined && { request }),
    ...(since !== undefined && { since: Date.parse(since) }),
    ...(until !== undefined && { until: Date.parse(until) }),
    ...(q !== undefined && { text: q }),
  };
}

/** The last that was signed stands in the proof of the last record that it vouches for. */
async function lastCheckpoint(journal: AuditJournal): Promise<Checkpoint> {
  const { checkpoint } = journal.status();
  if (checkpoint === undefined || checkpoint.size === 0) return await journal.checkpoint();
  const { checkpoint: note } = await journal.inclusion(checkpoint.size - 1, checkpoint.size);
  return (note === undefined ? undefined : parseCheckpoint(note)) ?? (await journal.checkpoint());
}

function checkpointShown({ origin, size, root, epoch, time, note }: Checkpoint) {
  return { origin, size, root: root.toString('base64'), epoch, time, note };
}
