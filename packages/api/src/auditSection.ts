import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { resourceIdSchema } from './resourceId.ts';
import { lazyObject } from './lazyObject.ts';

const filePath = z.string().min(1).max(4_096);
const milliseconds = z.int().min(1_000).max(LIMITS.maxIntervalMs);

export const AUDIT_CLASSES = ['security', 'admin', 'access', 'data', 'system'] as const;

const policySchema = lazyObject(() => ({
  durability: z.enum(['strict', 'group', 'async']).optional().meta({
    description:
      'When a caller goes on: behind a flush that begins at once, behind that of its group, or as soon as the record is in memory.',
  }),
  when_unavailable: z.enum(['block', 'refuse', 'degrade']).optional().meta({
    description: 'What becomes of a caller while the journal cannot write.',
  }),
  when_sink_lags: z.enum(['block', 'refuse', 'degrade']).optional().meta({
    description: 'What becomes of a caller while a place for checkpoints does not get them. Default `degrade`.',
  }),
}));

const sinkSchema = z.discriminatedUnion('type', [
  lazyObject(() => ({
    type: z.literal('file'),
    id: resourceIdSchema,
    directory: filePath.meta({ description: 'Better on another host: a mount that this one may only add to.' }),
    allow_same_file_system: z.boolean().optional().meta({
      description: 'Must be true for a directory on the disk of the journal: whoever has that disk has both.',
    }),
  })),
  lazyObject(() => ({
    type: z.literal('http'),
    id: resourceIdSchema,
    url: z.url({ protocol: /^https?$/ }).meta({
      description: '`{size}` and `{journal}` stand for the size of the checkpoint and the id of the journal.',
    }),
    method: z.enum(['PUT', 'POST']).optional().meta({ description: 'Default PUT.' }),
    token: z.string().min(1).max(4_096).optional().meta({ description: 'Sent as a bearer token.' }),
  })),
]);

/** The journal of who did what. */
export const auditSectionSchema = lazyObject(() => ({
  enabled: z.boolean().optional().meta({ description: 'Default true.' }),
  directory: filePath.optional().meta({ description: 'Default: `audit` in the data directory.' }),
  classes: z.partialRecord(z.enum(AUDIT_CLASSES), policySchema).optional().meta({
    description:
      'Defaults: `security` and `admin` strict and refused, `access` in groups and refused, `system` in groups and degraded, `data` async and degraded.',
  }),
  max_segment_bytes: z.int().min(4_096).max(1_073_741_824).optional().meta({ description: 'Default 64 MiB.' }),
  max_segment_age_ms: milliseconds.optional().meta({ description: 'Default an hour.' }),
  checkpoint_interval_ms: milliseconds.optional().meta({ description: 'Default 10,000.' }),
  key_lifetime_ms: milliseconds.optional().meta({ description: 'How long a signing key is in force. Default a day.' }),
  sinks: z.array(sinkSchema).max(16).optional().meta({ description: 'Where signed checkpoints go besides.' }),
  sink_lag_ms: milliseconds.optional().meta({
    description: 'How old the oldest checkpoint that a sink has not got may be. Default 300,000.',
  }),
  mask_keys: z.array(z.string().min(1).max(256)).max(1_000).optional().meta({
    description: 'Names of more fields whose values are never kept.',
  }),
}));
