import { type Route, ROUTES } from '@roundhouse/api';
import type { AuditEntry, AuditJournal } from '@roundhouse/audit';
import { isRoundhouseError, type Scope } from '@roundhouse/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { routeNameOf } from '../http/guard.ts';
import { traceOf } from '../trace/requests.ts';
import { actorOf } from './actor.ts';
import { submittedShown } from './input.ts';
import { SERVER_CODES, type ServerAuditCode } from './codes.ts';
import { keepNotes } from './notes.ts';
import { Repeats } from './repeats.ts';
import { ROUTE_AUDIT, type RouteAudit } from './routes.ts';

export type AuditTrail = Pick<AuditJournal, 'append' | 'record'>;

/** Screens of one request that its record has; more are counted. */
const MAX_SUBMITTED = 20;

/**
 * Records requests. A change is on record before anything of it is done: while the journal keeps nothing it is refused
 * with AUDIT_UNAVAILABLE, where the policy of its class is so. What became of it is on record before the answer leaves; a
 * journal that fails in between costs the caller nothing, and says of itself that it has lost something.
 */
export function auditRequests(app: FastifyInstance, trail: AuditTrail, scope: Scope): void {
  const repeats = new Repeats(scope.clock);
  const fact = (request: FastifyRequest, code: ServerAuditCode) =>
    requestEntry(request, code, { phase: 'fact', outcome: 'success' });
  const tellStream = (request: FastifyRequest): void => {
    const rule = ruleOf(request);
    if (rule !== null) trail.record(fact(request, rule.code));
  };

  app.addHook('preHandler', (request, _reply, done) => {
    const rule = ruleOf(request);
    if (rule === null) return done();
    const notes = keepNotes(request, tellStream);
    if (rule.as === 'read') return done();
    const received = requestEntry(request, rule.code, { phase: 'received', outcome: 'pending' });
    trail.append(received, scope).then(() => {
      notes.isReceived = true;
      done();
    }, done);
  });

  app.addHook('onError', (request, _reply, error, done) => {
    const notes = request.auditNotes ?? keepNotes(request);
    notes.code = isRoundhouseError(error) ? error.code : 'INTERNAL';
    done();
  });

  app.addHook('onSend', (request, reply, payload, done) => {
    const rule = ruleOf(request);
    const notes = request.auditNotes;
    const isGood = reply.statusCode < 400;
    const failed = { reason: notes?.code ?? String(reply.statusCode) };
    if (notes?.isReceived === true && rule !== null) {
      const end = isGood ? { outcome: 'success' as const } : { outcome: 'failure' as const, ...failed };
      const completed = requestEntry(request, rule.code, { phase: 'completed', ...end });
      kept(trail.append(completed, scope)).then(() => done(null, payload), done);
      return;
    }
    if (reply.statusCode === 403) {
      trail.record(requestEntry(request, 'RHA-4003', { phase: 'fact', outcome: 'denied', ...failed }));
    } else if (rule?.as === 'read' && isGood) {
      const left = notes?.shown === undefined ? 0 : repeats.look(readerOf(request), notes.shown);
      if (left !== undefined) {
        const entry = fact(request, rule.code);
        trail.record(left === 0 ? entry : { ...entry, details: { ...entry.details, repeats: left } });
      }
    }
    done(null, payload);
  });
}

/** Who reads what from where. */
function readerOf(request: FastifyRequest): string {
  const { id } = actorOf(request.identity);
  const params = (request.params ?? {}) as Readonly<Record<string, string>>;
  // The names of routes, addresses and ids of things bear no space, and what else may stands last.
  return `${routeNameOf(request)} ${request.ip} ${params['id']} ${id}`;
}

/** The journal tells of its own failures. */
async function kept(appended: Promise<unknown>): Promise<void> {
  try {
    await appended;
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
  }
}

function ruleOf(request: FastifyRequest): RouteAudit {
  const name = routeNameOf(request);
  return name === undefined ? null : ROUTE_AUDIT[name];
}

/** What is recorded of a request. */
export function requestEntry(
  request: FastifyRequest,
  code: ServerAuditCode,
  facts: Pick<AuditEntry, 'phase' | 'outcome'> & { readonly reason?: string },
): AuditEntry {
  const { class: auditClass, action } = SERVER_CODES[code];
  const name = routeNameOf(request);
  const params = (request.params ?? {}) as Readonly<Record<string, string>>;
  const { permission }: Route = name === undefined ? ROUTES.livez : ROUTES[name];
  const kind = typeof permission === 'object' ? permission.kind : undefined;
  const id = params['id'] ?? params['group'] ?? params['module'];
  const traceId = traceOf(request)?.traceId;
  return {
    class: auditClass,
    action,
    code,
    ...facts,
    actor: actorOf(request.identity),
    source: { address: request.ip },
    request_id: request.id,
    details: {
      route: name,
      method: request.method,
      ...(kind === 'audit' && askedOf(request)),
      ...submittedBy(request),
    },
    ...(kind !== undefined && { resource: { kind, id: id ?? '*' } }),
    ...(kind === 'session' && id !== undefined && { session_id: id }),
    ...(traceId !== undefined && { trace_id: traceId }),
  };
}

/** What was asked of the journal; not the words, which may be just what must not stand there. */
function askedOf({ query }: FastifyRequest): Readonly<Record<string, unknown>> {
  const { q, cursor: _, ...filters } = (query ?? {}) as Readonly<Record<string, unknown>>;
  return { asked: filters, ...(q !== undefined && { words: true }) };
}

/** What was sent to hosts. */
function submittedBy(request: FastifyRequest): Readonly<Record<string, unknown>> {
  const submitted = request.auditNotes?.submitted ?? [];
  if (submitted.length === 0) return {};
  return {
    submitted: submitted.slice(0, MAX_SUBMITTED).map(submittedShown),
    ...(submitted.length > MAX_SUBMITTED && { more_submitted: submitted.length - MAX_SUBMITTED }),
  };
}
