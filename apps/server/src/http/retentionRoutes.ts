import type { AuditRetention } from '@roundhouse/api';
import { auditError, type Retention, type RetentionReport, type RetentionStatus } from '@roundhouse/audit';
import type { Scope } from '@roundhouse/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { actorOf } from '../audit/actor.ts';
import { requestScope } from './requestScope.ts';

export interface RetentionRoutesDependencies {
  /** Undefined where no journal is kept. */
  readonly retention: Retention | undefined;
  readonly scope: Scope;
}

/** Handlers of the retention of the audit journal, by the names of the route table. */
export function retentionRoutes({ retention, scope: server }: RetentionRoutesDependencies) {
  /** Raises AUDIT_DISABLED. */
  function kept(): Retention {
    if (retention === undefined) throw auditError('AUDIT_DISABLED');
    return retention;
  }

  return {
    async getAuditRetention(_request: FastifyRequest, reply: FastifyReply) {
      using scope = requestScope(reply, server);
      const report = await kept().plan(scope);
      return reply.send(reportShown(report, kept().status()));
    },

    async runAuditRetention(request: FastifyRequest, reply: FastifyReply) {
      // Goes on when the caller goes away: half of it helps nobody.
      const report = await kept().run(actorOf(request.identity), server);
      return reply.send(reportShown(report, kept().status()));
    },
  };
}

function reportShown(
  { journal, at, isApplied, steps, holds }: RetentionReport,
  status: RetentionStatus,
): AuditRetention {
  const { lastRun } = status;
  return {
    journal,
    at: new Date(at).toISOString(),
    applied: isApplied,
    steps: steps.map(({ kind, segment, action, reason, erases, removes, dueAt, from, to, ...step }) => ({
      kind,
      segment,
      action,
      reason,
      erases,
      removes,
      due: timeShown(dueAt),
      holds: [...step.holds],
      from: timeShown(from),
      to: timeShown(to),
      records: step.records ?? null,
      outcome: step.outcome ?? null,
      failure: step.failure ?? null,
    })),
    holds: holds.map(({ id, owner, reason, from, to, session, user, host, segments, archives, ...hold }) => ({
      id,
      owner,
      reason,
      from: timeShown(from),
      to: timeShown(to),
      class: hold.class ?? null,
      session: session ?? null,
      user: user ?? null,
      host: host ?? null,
      segments: [...segments],
      archives: [...archives],
    })),
    last_run:
      lastRun === undefined
        ? null
        : { ...lastRun, at: new Date(lastRun.at).toISOString(), failure: lastRun.failure ?? null },
  };
}

function timeShown(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
