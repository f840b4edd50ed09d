import { z } from 'zod';
import { lazyObject } from './lazyObject.ts';
import { AUDIT_CLASSES } from './auditSection.ts';

const AUDIT_OUTCOMES = ['success', 'failure', 'denied', 'pending', 'unknown'] as const;
const MAX_CURSOR = 512;
/** As long as the journal keeps a field. */
const text = z.string().min(1).max(257);
const digest = z.string();

/** What narrows a list of records, and an export. */
const filters = {
  type: z
    .string()
    .max(128)
    .optional()
    .meta({ description: 'A code like `RHA-1001`, or an action or its beginning up to a dot: `session.create`.' }),
  class: z.enum(AUDIT_CLASSES).optional(),
  outcome: z.enum(AUDIT_OUTCOMES).optional(),
  session_id: text.optional(),
  user: text.optional().meta({ description: 'Who did it, or for whom it was done.' }),
  host: text.optional(),
  resource: z.string().max(515).optional().meta({ description: 'A kind, or `kind/id`.' }),
  request_id: text.optional(),
  since: z.iso.datetime().optional(),
  until: z.iso.datetime().optional().meta({ description: 'Before this time.' }),
  q: z.string().max(1_024).optional().meta({
    description:
      'Words that all stand in the record; "in quotes" as a phrase; with `*` behind three letters as a beginning.',
  }),
};

export const auditQuerySchema = lazyObject(() => ({
  ...filters,
  order: z.enum(['newest', 'oldest']).optional().meta({ description: 'By number. Default `newest`.' }),
  limit: z.int().min(1).max(1_000).optional().meta({ description: 'Default 100.' }),
  cursor: z.string().max(MAX_CURSOR).optional(),
  follow: z.boolean().optional().meta({ description: 'Server-sent events, each a record, as they are kept.' }),
  after: z.int().min(0).optional().meta({
    description: 'With `follow`: the number of the record to begin behind. Default: the last that there is.',
  }),
}));

export const auditExportQuerySchema = lazyObject(() => ({
  ...filters,
  format: z.enum(['jsonl', 'csv']).optional().meta({ description: 'Default `jsonl`: the records as they are kept.' }),
}));

/** One record as the journal keeps it; docs/audit.md says what the fields mean. */
export const auditRecordSchema = lazyObject(() => ({
  v: z.literal(1),
  seq: z.int(),
  id: z.string(),
  time: z.iso.datetime(),
  boot: z.string(),
  monotonic_ms: z.number(),
  class: z.enum(AUDIT_CLASSES),
  action: z.string(),
  code: z.string(),
  phase: z.enum(['received', 'completed', 'fact']),
  outcome: z.enum(AUDIT_OUTCOMES),
  reason: z.string().optional(),
  actor: lazyObject(() => ({
    type: z.enum(['principal', 'api_key', 'terminal', 'system', 'anonymous']),
    id: z.string(),
    authentication: z.string(),
    on_behalf_of: z.string().optional(),
  })),
  resource: lazyObject(() => ({ kind: z.string(), id: z.string() })).optional(),
  session_id: z.string().optional(),
  host: z.string().optional(),
  source: lazyObject(() => ({ address: z.string(), port: z.int().optional() })).optional(),
  request_id: z.string().optional(),
  trace_id: z.string().optional(),
  before: digest.optional(),
  after: digest.optional(),
  classification: z.enum(['public', 'internal', 'confidential', 'restricted']).optional(),
  subject: z.string().optional(),
  details: z.record(z.string(), z.json()).optional(),
  truncated: z.literal(true).optional(),
  personal: z.record(z.string(), digest).optional(),
})).meta({ id: 'AuditRecord' });

export const auditListSchema = lazyObject(() => ({
  items: z.array(auditRecordSchema),
  next_cursor: z.string().nullable(),
  behind: z.int().meta({ description: 'Records that could not be found yet: the index has not got them.' }),
})).meta({ id: 'AuditList' });

const checkpointPlace = lazyObject(() => ({ size: z.int(), time: z.iso.datetime() }));

export const auditStatusSchema = lazyObject(() => ({
  journal: lazyObject(() => ({
    journal: z.string(),
    state: z.enum(['writing', 'unavailable', 'closed']),
    reason: z.string().optional(),
    since: z.iso.datetime().optional(),
    damage: lazyObject(() => ({ segment: z.int(), offset: z.int(), reason: z.string() })).optional(),
    first_seq: z.int(),
    next_seq: z.int(),
    buffered: z.int(),
    waiting: z.int(),
    lost: z.int(),
    refused: z.int(),
    epoch: z.int(),
    public_key: z.string(),
    checkpoint: checkpointPlace.optional(),
    checkpoint_failure: z.string().optional(),
    sinks: z.array(
      lazyObject(() => ({
        name: z.string(),
        last: checkpointPlace.optional(),
        lag_ms: z.number(),
        is_lagging: z.boolean(),
        failure: z.string().optional(),
      })),
    ),
  })),
  index: lazyObject(() => ({
    state: z.enum(['current', 'building', 'failed', 'closed']),
    reason: z.string().optional(),
    next_seq: z.int(),
    journal_next_seq: z.int(),
    behind: z.int(),
    lag_ms: z.number(),
    skipped: z.int(),
    bytes: z.int(),
  })).nullable(),
  protection: lazyObject(() => ({
    attributes: lazyObject(() => ({
      state: z.enum(['off', 'in_force', 'partly', 'refused']),
      locked: z.int().meta({ description: 'Segments that are locked as they should be.' }),
      segments: z.int(),
      reason: z.string().optional(),
      limits: z.string().meta({ description: 'What it does not protect against.' }),
    })),
    object_lock: lazyObject(() => ({
      state: z.enum(['off', 'in_force', 'not_in_force', 'unknown']),
      bucket: z.string().optional(),
      object: z.string().optional().meta({ description: 'What was sent last, which the bucket was asked about.' }),
      retain_until: z.iso.datetime().optional(),
      reason: z.string().optional(),
      limits: z.string(),
    })),
  }))
    .nullable()
    .meta({ description: 'What keeps others from changing what is written, as it is found now.' }),
})).meta({ id: 'AuditStatus' });

export const auditRecordParamsSchema = lazyObject(() => ({
  seq: z.string().meta({ description: 'Number of a record.' }),
}));

export const auditProofSchema = lazyObject(() => ({
  v: z.literal(1),
  kind: z.literal('inclusion'),
  journal: z.string(),
  seq: z.int(),
  flags: z.int(),
  body: z.string(),
  text: z.string().optional(),
  size: z.int(),
  root: z.string(),
  path: z.array(z.string()),
  checkpoint: z.string().optional(),
})).meta({ id: 'AuditInclusionProof' });

export const auditConsistencyQuerySchema = lazyObject(() => ({
  from: z.int().min(1).meta({ description: 'How many records the journal had.' }),
  to: z.int().min(1).meta({ description: 'How many it had later.' }),
}));

export const auditConsistencySchema = lazyObject(() => ({
  v: z.literal(1),
  kind: z.literal('consistency'),
  journal: z.string(),
  from: z.int(),
  to: z.int(),
  from_root: z.string(),
  to_root: z.string(),
  path: z.array(z.string()),
})).meta({ id: 'AuditConsistencyProof' });

export const auditCheckpointSchema = lazyObject(() => ({
  origin: z.string(),
  size: z.int(),
  root: z.string().meta({ description: 'Base64.' }),
  epoch: z.int(),
  time: z.iso.datetime(),
  note: z.string().meta({ description: 'The signed note, to be kept elsewhere.' }),
})).meta({ id: 'AuditCheckpoint' });

const time = z.iso.datetime();

/** What retention does with each segment and archive, and why; docs/audit.md says what the words mean. */
export const auditRetentionSchema = lazyObject(() => ({
  journal: z.string(),
  at: time,
  applied: z.boolean().meta({ description: 'Whether it was carried out.' }),
  steps: z.array(
    lazyObject(() => ({
      kind: z.enum(['segment', 'archive']),
      segment: z.int(),
      action: z.enum(['keep', 'archive', 'erase', 'remove']),
      reason: z.enum([
        'open',
        'interrupted',
        'unreadable',
        'held',
        'kept_for_ever',
        'period',
        'order',
        'archive_due',
        'archived',
        'due',
        'certificate',
      ]),
      erases: z.boolean().meta({ description: 'Its key is destroyed, with a certificate.' }),
      removes: z.boolean().meta({ description: 'Its file goes.' }),
      due: time
        .nullable()
        .meta({ description: 'When the longest period of what is in it is over; null: never, or not known yet.' }),
      holds: z.array(z.string()),
      from: time.nullable(),
      to: time.nullable(),
      records: z.int().nullable(),
      outcome: z.enum(['done', 'failed']).nullable(),
      failure: z.string().nullable(),
    })),
  ),
  holds: z.array(
    lazyObject(() => ({
      id: z.string(),
      owner: z.string(),
      reason: z.string(),
      from: time.nullable(),
      to: time.nullable(),
      class: z.enum(AUDIT_CLASSES).nullable(),
      session: z.string().nullable(),
      user: z.string().nullable(),
      host: z.string().nullable(),
      segments: z.array(z.int()).meta({ description: 'That it keeps.' }),
      archives: z.array(z.int()),
    })),
  ),
  last_run: lazyObject(() => ({ at: time, done: z.int(), failed: z.int(), failure: z.string().nullable() }))
    .nullable()
    .meta({ description: 'The last that was carried out since the start of the server.' }),
})).meta({ id: 'AuditRetention' });

export type AuditQuery = z.infer<typeof auditQuerySchema>;
export type AuditExportQuery = z.infer<typeof auditExportQuerySchema>;
export type AuditRecordResource = z.infer<typeof auditRecordSchema>;
export type AuditList = z.infer<typeof auditListSchema>;
export type AuditStatus = z.infer<typeof auditStatusSchema>;
export type AuditInclusionProof = z.infer<typeof auditProofSchema>;
export type AuditConsistencyProof = z.infer<typeof auditConsistencySchema>;
export type AuditCheckpoint = z.infer<typeof auditCheckpointSchema>;
export type AuditRetention = z.infer<typeof auditRetentionSchema>;
