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

const periodSchema = z
  .string()
  .regex(/^[1-9]\d{0,2}(?:d|w|mo|y)$/, 'Expected a number of days, weeks, months or years: 90d, 12w, 18mo, 6y')
  .meta({ description: 'Days, weeks, months or years of the calendar in UTC: `90d`, `12w`, `18mo`, `6y`.' });

const recordText = z.string().min(1).max(257);

const holdSchema = lazyObject(() => ({
  id: resourceIdSchema,
  owner: z.string().min(1).max(256).meta({ description: 'Who answers for it.' }),
  reason: z.string().min(1).max(1_024),
  from: z.iso.datetime().optional().meta({ description: 'Of the records. What is left out names all.' }),
  to: z.iso.datetime().optional().meta({ description: 'Before this time.' }),
  class: z.enum(AUDIT_CLASSES).optional(),
  session: recordText.optional(),
  user: recordText.optional().meta({ description: 'Who did it, for whom it was done, or whom it is about.' }),
  host: recordText.optional(),
}));

const retentionSchema = lazyObject(() => ({
  periods: z
    .partialRecord(
      z.enum(AUDIT_CLASSES),
      lazyObject(() => ({
        keep: periodSchema,
        mode: z.enum(['remove', 'erase']).optional().meta({
          description:
            'Default `remove`: the segment goes when it is the first one. `erase`: its key is destroyed as soon as the time is over, with a certificate; the file follows.',
        }),
      })),
    )
    .optional()
    .meta({
      description:
        'A segment goes when the longest period of what is in it is over. What is not named is kept for ever.',
    }),
  archive: lazyObject(() => ({
    after: periodSchema,
    directory: filePath.meta({ description: 'Keys of sealed segments are kept there too, wrapped.' }),
  }))
    .optional()
    .meta({ description: 'Where segments go that are older, packed; the original goes when the archive is checked.' }),
  holds: z.array(holdSchema).max(1_000).optional().meta({
    description: 'Keeps every segment with a record that it names, whatever the periods say.',
  }),
  overwrite: lazyObject(() => ({ passes: z.int().min(1).max(7) }))
    .optional()
    .meta({
      description:
        'Legacy: files are overwritten in their place before they are removed. Of no effect on flash disks and file systems with copy-on-write, which the record says; `mode: erase` is the method for all.',
    }),
  attributes: z.boolean().optional().meta({
    description:
      'Whether segments are locked with chattr: the open one `+a`, closed ones `+i`. Stops accidents and programs without CAP_LINUX_IMMUTABLE, not root. Default false.',
  }),
  object_lock: lazyObject(() => ({
    endpoint: z.url({ protocol: /^https?$/ }).meta({ description: '`https://s3.REGION.amazonaws.com`.' }),
    region: z.string().min(1).max(64),
    bucket: z.string().min(3).max(63).meta({ description: 'Made with Object Lock.' }),
    prefix: z.string().max(256).optional(),
    retain: periodSchema.meta({ description: 'Nobody can remove it sooner, not even who owns the bucket.' }),
    access_key_id: z.string().min(1).max(256),
    secret_access_key: z.string().min(1).max(256),
  }))
    .optional()
    .meta({ description: 'A bucket of S3 that gets archives before the originals go, and all checkpoints.' }),
}));

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
  index: z
    .discriminatedUnion('type', [
      lazyObject(() => ({ type: z.literal('sqlite') })),
      lazyObject(() => ({
        type: z.literal('postgres'),
        url: z
          .string()
          .max(2_048)
          .regex(/^postgres(?:ql)?:\/\//, 'Expected `postgres://user:password@host:port/database`')
          .optional()
          .meta({
            description: 'Default: the database of `store.url`. It gets a schema for the index of each journal.',
          }),
      })),
    ])
    .optional()
    .meta({ description: 'Where records are found: default `sqlite`, a file in the data directory.' }),
  mask_keys: z.array(z.string().min(1).max(256)).max(1_000).optional().meta({
    description: 'Names of more fields whose values are never kept.',
  }),
  field_digests: z.boolean().optional().meta({
    description:
      'Whether records of input have salted digests of what stood in fields that are shown, besides its length: whoever has the content can then show that it was that, and whoever reads the journal can guess what is short. Default false.',
  }),
  retention: retentionSchema.optional().meta({
    description: 'How long records are kept. Without it, for ever. Looked at once a day.',
  }),
}));
