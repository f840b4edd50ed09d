import { type Route, ROUTES } from '@roundhouse/api';
import type { AuditEntry, AuditJournal } from '@roundhouse/audit';
import { isRoundhouseError, type Scope } from '@roundhouse/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { routeNameOf } from '../http/guard.ts';
import { traceOf } from '../trace/requests.ts';
import type { SubmittedInput } from '@roundhouse/sessions';
import { actorOf } from './actor.ts';
import { submittedShown } from './input.ts';
import { SERVER_CODES, type ServerAuditCode } from './codes.ts';
import { ROUTE_AUDIT, type RouteAudit } from './routes.ts';

export type AuditTrail = Pick<AuditJournal, 'append' | 'record'>;

/** What keeps the record of a request whose answer is a stream. */
const streams = new WeakMap<FastifyRequest, () => void>();

/** Tells that the answer is a stream, which no hook sees: it is on record when it begins. */
export function noteStream(request: FastifyRequest): void {
  streams.get(request)?.();
}

/** What requests have sent to hosts so far. */
const sent = new WeakMap<FastifyRequest, SubmittedInput[]>();
/** Screens of one request that its record has; more are counted. */
const MAX_SENT = 20;

/** Keeps what a request sends to a host for its record. */
export function noteSubmitted(request: FastifyRequest, input: SubmittedInput | undefined): void {
  if (input === undefined) return;
  const inputs = sent.get(request);
  if (inputs === undefined) sent.set(request, [input]);
  else inputs.push(input);
}

function submittedBy(request: FastifyRequest): Readonly<Record<string, unknown>> {
  const inputs = sent.get(request);
  if (inputs === undefined) return {};
  return {
    submitted: inputs.slice(0, MAX_SENT).map(submittedShown),
    ...(inputs.length > MAX_SENT && { more_submitted: inputs.length - MAX_SENT }),
  };
}

/** What is known of a request that is recorded. */
interface Recorded {
  /** Whether it was told when it came: then its end is told whatever it is. */
  isReceived: boolean;
  /** Code of the error that it is answered with. */
  code?: string;
}

/**
 * Records requests. A change is on record before anything of it is done: while the journal keeps nothing it is refused
 * with AUDIT_UNAVAILABLE, where the policy of its class is so. What became of it is on record before the answer leaves; a
 * journal that fails in between costs the caller nothing, and says of itself that it has lost something.
 */
export function auditRequests(app: FastifyInstance, trail: AuditTrail, scope: Scope): void {
  const known = new WeakMap<FastifyRequest, Recorded>();
  const recordOf = (request: FastifyRequest): Recorded => {
    let recorded = known.get(request);
    if (recorded === undefined) known.set(request, (recorded = { isReceived: false }));
    return recorded;
  };

  app.addHook('preHandler', async (request) => {
    const rule = ruleOf(request);
    if (rule === null) return;
    streams.set(request, () => trail.record(requestEntry(request, rule.code, { phase: 'fact', outcome: 'success' })));
    if (rule.as !== 'change') return;
    await trail.append(requestEntry(request, rule.code, { phase: 'received', outcome: 'pending' }), scope);
    recordOf(request).isReceived = true;
  });

  app.addHook('onError', (request, _reply, error, done) => {
    recordOf(request).code = isRoundhouseError(error) ? error.code : 'INTERNAL';
    done();
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const { isReceived, code } = known.get(request) ?? { isReceived: false };
    const rule = ruleOf(request);
    const failed = { reason: code ?? String(reply.statusCode) };
    if (isReceived && rule !== null) {
      const end = reply.statusCode < 400 ? { outcome: 'success' as const } : { outcome: 'failure' as const, ...failed };
      await kept(trail.append(requestEntry(request, rule.code, { phase: 'completed', ...end }), scope));
    } else if (reply.statusCode === 403) {
      trail.record(requestEntry(request, 'RHA-4003', { phase: 'fact', outcome: 'denied', ...failed }));
    } else if (rule?.as === 'read' && reply.statusCode < 400) {
      trail.record(requestEntry(request, rule.code, { phase: 'fact', outcome: 'success' }));
    }
    return payload;
  });
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
