import { type AuditReview, auditReviewInputSchema, type AuditVerification, validate } from '@roundhouse/api';
import { auditError } from '@roundhouse/audit';
import type { Scope } from '@roundhouse/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requestEntry } from '../audit/requests.ts';
import type { Review } from '../audit/reviewed.ts';
import type { Reviewer } from '../audit/reviewer.ts';
import type { Verification } from '../audit/verification.ts';
import type { Resources } from '../resource/resources.ts';
import { valid } from './request.ts';

export interface AuditReviewRoutesDependencies {
  /** Undefined where no journal is kept here. */
  readonly reviewer: Reviewer | undefined;
  readonly verification: Verification | undefined;
  readonly resources: Pick<Resources, 'ids'>;
  readonly scope: Scope;
}

/** Kinds that an access review is about. */
const ACCESS_KINDS = ['principal', 'role', 'api_key'] as const;

/** Handlers of what looks after the audit journal, by the names of the route table. */
export function auditReviewRoutes({ reviewer, verification, resources, scope }: AuditReviewRoutesDependencies) {
  /** Raises AUDIT_DISABLED. */
  function looked(): Reviewer {
    if (reviewer === undefined) throw auditError('AUDIT_DISABLED');
    return reviewer;
  }

  /** Raises AUDIT_DISABLED. */
  function verified(): Verification {
    if (verification === undefined) throw auditError('AUDIT_DISABLED');
    return verification;
  }

  /** Raises AUDIT_RANGE_INVALID for records that were not looked at. */
  function upToOf(upTo: number | undefined): number {
    const last = looked().state.next - 1;
    if (upTo === undefined || upTo <= last) return upTo ?? last;
    const expected = `the number of a record that was looked at, 0 to ${last}`;
    throw auditError('AUDIT_RANGE_INVALID', { details: { argument: 'up_to', expected } });
  }

  return {
    getAuditReview(_request: FastifyRequest, reply: FastifyReply) {
      return reply.send(reviewShown(looked()));
    },

    async giveAuditReview(request: FastifyRequest, reply: FastifyReply) {
      const {
        of = 'records',
        up_to,
        note,
      } = valid(validate(auditReviewInputSchema, request.body === undefined ? {} : request.body, 'body'));
      const { findings } = looked().state;
      const upTo = of === 'records' ? upToOf(up_to) : undefined;
      const entry = requestEntry(request, of === 'records' ? 'RHA-5010' : 'RHA-5011', {
        phase: 'fact',
        outcome: 'success',
      });
      const about =
        upTo === undefined
          ? Object.fromEntries(ACCESS_KINDS.map((kind) => [`${kind}s`, resources.ids(kind).length]))
          : { up_to: upTo, findings: findings.filter(({ seq }) => seq <= upTo).length };
      const details = { ...entry.details, ...about, ...(note !== undefined && { note }) };
      await looked().review({ ...entry, details }, scope);
      return reply.send(reviewShown(looked()));
    },

    async getAuditVerification(_request: FastifyRequest, reply: FastifyReply) {
      return reply.send(await verificationShown(verified()));
    },

    async verifyAudit(_request: FastifyRequest, reply: FastifyReply) {
      // Goes on when the caller goes away: the result counts for all.
      await verified().run();
      return reply.send(await verificationShown(verified()));
    },
  };
}

function reviewShown({ state, behind, failure }: Reviewer): AuditReview {
  const { findings, omitted, incomplete, more_incomplete: more, next } = state;
  return {
    records: copyOf(state.records),
    access: copyOf(state.access),
    findings: findings.map((finding) => ({ ...finding })),
    omitted,
    incomplete: incomplete.length + more,
    first_incomplete: incomplete[0] ?? null,
    next_seq: next,
    behind,
    failure: failure ?? null,
  };
}

function copyOf(review: Review | null): AuditReview['records'] {
  return review === null ? null : { ...review };
}

async function verificationShown(verification: Verification): Promise<AuditVerification> {
  const last = await verification.last();
  return {
    running: verification.isRunning,
    last: last === undefined ? null : { ...last, at: new Date(last.at).toISOString(), fault: last.fault ?? null },
  };
}
