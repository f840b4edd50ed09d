import { z } from 'zod';
import { lazyObject } from './lazyObject.ts';

const time = z.iso.datetime();

/** That somebody has looked, and at what. */
export const auditReviewInputSchema = lazyObject(() => ({
  of: z.enum(['records', 'access']).optional().meta({
    description: 'Default `records`: the findings of the journal. `access`: all accounts, their keys and their rights.',
  }),
  up_to: z.int().min(0).optional().meta({
    description: 'Number of the last record that was looked at. Default: the last one that there is.',
  }),
  note: z.string().min(1).max(1_024).optional().meta({ description: 'What came of it, kept with the record.' }),
})).meta({ id: 'AuditReviewInput' });

const reviewSchema = lazyObject(() => ({ time, by: z.string(), note: z.string().nullable() }));

export const auditReviewSchema = lazyObject(() => ({
  records: reviewSchema.nullable().meta({ description: 'The last review of the records.' }),
  access: reviewSchema.nullable().meta({ description: 'The last review of accounts and rights.' }),
  findings: z
    .array(
      lazyObject(() => ({
        seq: z.int(),
        time,
        code: z.string(),
        title: z.string(),
        severity: z.enum(['alert', 'critical', 'error', 'warning', 'notice', 'info']),
        resource: z.string().nullable(),
      })),
    )
    .meta({ description: 'Records that nobody has acknowledged, the oldest first, 1,000 at most.' }),
  omitted: z.int().meta({ description: 'Findings besides these.' }),
  incomplete: z.int().meta({ description: 'Records that lack who, what, when, outcome, origin or object.' }),
  first_incomplete: z.int().nullable(),
  next_seq: z.int().meta({ description: 'All records before it were looked at.' }),
  behind: z.int().meta({ description: 'Records that were not looked at yet.' }),
  failure: z.string().nullable().meta({ description: 'Why it does not go on.' }),
})).meta({ id: 'AuditReview' });

export const auditVerificationSchema = lazyObject(() => ({
  running: z.boolean(),
  last: lazyObject(() => ({
    at: time,
    verdict: z.enum(['intact', 'truncated', 'altered', 'disordered', 'untrusted', 'pruned']),
    fault: z.string().nullable().meta({ description: 'The first thing that is wrong, and where.' }),
    first_seq: z.int(),
    next_seq: z.int(),
    signed_size: z.int().meta({ description: 'Records that the newest checkpoint vouches for.' }),
    segments: z.int().meta({ description: 'Those that were read: new ones, changed ones, or all.' }),
    is_whole: z.boolean().meta({ description: 'Whether all of the journal was read.' }),
    elapsed_ms: z.int(),
  })).nullable(),
})).meta({ id: 'AuditVerification' });

export type AuditReviewInput = z.infer<typeof auditReviewInputSchema>;
export type AuditReview = z.infer<typeof auditReviewSchema>;
export type AuditVerification = z.infer<typeof auditVerificationSchema>;
