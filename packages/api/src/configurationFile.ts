import { z } from 'zod';
import { alertsSectionSchema } from './alertsSection.ts';
import { apiKeyInputSchema } from './apiKey.ts';
import { auditSectionSchema } from './auditSection.ts';
import { endpointInputSchema } from './endpoint.ts';
import { endpointGroupInputSchema } from './endpointGroup.ts';
import { LIMITS } from './limits.ts';
import { filePathSchema, listenerTlsSchema } from './listenerTls.ts';
import { mailSectionSchema } from './mailSection.ts';
import { maskingSectionSchema } from './maskingSection.ts';
import { addressRangeSchema, principalInputSchema } from './principal.ts';
import { resourceIdSchema } from './resourceId.ts';
import { roleInputSchema } from './role.ts';
import { hostSchema, nameSchema } from './session.ts';
import { webhookInputSchema } from './webhook.ts';
import { workerInputSchema } from './worker/worker.ts';
import { lazyObject } from './lazyObject.ts';

const listenPort = z.int().min(0).max(65_535).meta({ description: '0 for any free port.' });
const milliseconds = z.int().min(1).max(LIMITS.maxIntervalMs);
const count = z.int().min(0).max(10_000_000);

const rateSchema = lazyObject(() => ({
  per_second: z.number().positive().max(1_000_000),
  burst: z.int().min(1).max(1_000_000).optional().meta({ description: 'Default: what a second allows.' }),
}));

const serverSchema = lazyObject(() => ({
  host: hostSchema.optional().meta({ description: 'Address to listen on. Default 127.0.0.1.' }),
  port: listenPort.optional().meta({ description: 'Default 7070. 0 for any free port.' }),
  allow_remote: z.boolean().optional().meta({
    description:
      'Must be true for an address other than loopback: nothing listens beyond this machine unless it is said.',
  }),
  allow_plain: z.boolean().optional().meta({
    description: 'Must be true to listen beyond loopback without TLS.',
  }),
  tls: listenerTlsSchema.optional(),
}));

const frontDoorSchema = lazyObject(() => ({
  host: hostSchema.optional().meta({ description: 'Default 127.0.0.1.' }),
  port: listenPort.meta({ description: '0 for any free port.' }),
  allow_remote: z.boolean().optional().meta({ description: 'Must be true for an address other than loopback.' }),
  tls: listenerTlsSchema.optional().meta({ description: 'TLS from the first byte.' }),
  start_tls: listenerTlsSchema.optional().meta({ description: 'STARTTLS for plain terminals.' }),
  group: resourceIdSchema.optional().meta({
    description: 'Group of the terminals that nothing else decides for. Without it they choose from a menu.',
  }),
  groups_by_lu: z.record(nameSchema, resourceIdSchema).optional().meta({
    description: 'Group by the LU or pool name that a terminal asks for.',
  }),
  groups_by_server_name: z.record(hostSchema, resourceIdSchema).optional().meta({
    description: 'Group by the server name of TLS.',
  }),
  max_per_address: count.optional().meta({ description: 'Terminals of one address at a time. Default 1,000.' }),
  max_per_address_per_minute: count.optional().meta({
    description: 'Connections of one address in a minute. Default 600.',
  }),
  idle_timeout_ms: z.int().min(1_000).max(LIMITS.maxIntervalMs).optional().meta({
    description:
      'Time after which a terminal from which nothing was sent is disconnected. Default: never; hosts have time-outs of their own.',
  }),
}));

const limitsSchema = lazyObject(() => ({
  max_sessions: count.optional().meta({ description: 'Default 10,000.' }),
  max_sessions_per_user: count.optional().meta({ description: 'Default: no limit.' }),
  max_connections: count.optional().meta({ description: 'Connections to the API. Default 10,000.' }),
  max_connections_per_address: count.optional().meta({ description: 'Default 1,000.' }),
  max_memory_mb: z.int().min(64).optional().meta({
    description: 'Resident memory at which new sessions are refused first, then lists, then reads. Default: no limit.',
  }),
  warn_ratio: z.number().min(0.1).max(1).optional().meta({
    description: 'Share of a limit from which its use is told as an event. Default 0.8.',
  }),
  rate: rateSchema.optional().meta({ description: 'Cost of requests of one caller. Default 200 a second, burst 400.' }),
  rate_by_role: z.record(resourceIdSchema, rateSchema).optional(),
}));

/** The sections of a configuration file. `authentication` has a schema of its own, where its parts are. */
export const configurationFileSchema = lazyObject(() => ({
  server: serverSchema.optional(),
  front_door: frontDoorSchema.optional(),
  store: lazyObject(() => ({
    url: z.string().min(1).max(2_048).optional().meta({
      description: '`memory:`, `sqlite:PATH` or `postgres://…`. Default: SQLite in the data directory.',
    }),
  })).optional(),
  log: lazyObject(() => ({
    level: z.string().max(512).optional().meta({
      description: 'A level, and levels of modules: `info,sessions:debug`. Default `info`.',
    }),
    file: lazyObject(() => ({
      path: filePathSchema,
      max_bytes: z.int().min(65_536).optional().meta({ description: 'Size at which it is rotated. Default 64 MiB.' }),
      max_age_ms: milliseconds.optional().meta({ description: 'Age at which it is rotated. Default a day.' }),
      keep: z.int().min(1).max(1_000).optional().meta({ description: 'Rotated files that are kept. Default 14.' }),
    }))
      .optional()
      .meta({ description: 'Default: standard error.' }),
  })).optional(),
  tracing: lazyObject(() => ({
    otlp_url: z.url({ protocol: /^https?$/ }).meta({ description: 'Collector of OTLP over HTTP.' }),
    sample_ratio: z.number().min(0).max(1).optional().meta({ description: 'Default 1.' }),
  })).optional(),
  sessions: lazyObject(() => ({
    idle_after_ms: milliseconds.optional().meta({ description: 'Default 300,000.' }),
    retain_ended_ms: milliseconds.optional().meta({
      description: 'How long a session that ended by itself stays visible. Default 60,000.',
    }),
  })).optional(),
  events: lazyObject(() => ({
    keep: z
      .int()
      .min(1_000)
      .max(100_000_000)
      .optional()
      .meta({ description: 'Events that are kept. Default 1,000,000.' }),
    keep_ms: z.int().min(60_000).optional().meta({ description: 'How long. Default 7 days.' }),
  })).optional(),
  alerts: alertsSectionSchema.optional(),
  mail: mailSectionSchema.optional(),
  audit: auditSectionSchema.optional(),
  masking: maskingSectionSchema.optional(),
  webhook_receivers: lazyObject(() => ({
    allow: z.array(addressRangeSchema).max(256).optional().meta({
      description: 'Private addresses that webhooks may reach without `allow_private` of their own.',
    }),
  })).optional(),
  limits: limitsSchema.optional(),
  shutdown: lazyObject(() => ({
    workers: z.enum(['leave', 'stop']).optional().meta({
      description:
        'What becomes of workers when the server stops: they are stopped, dependants first (`stop`, default), or they go on and the next start finds them (`leave`).',
    }),
  })).optional(),
  roles: z.array(roleInputSchema).max(1_000).optional(),
  principals: z.array(principalInputSchema).max(10_000).optional(),
  api_keys: z
    .array(apiKeyInputSchema.required({ hash: true }))
    .max(10_000)
    .optional(),
  endpoint_groups: z.array(endpointGroupInputSchema).max(200).optional(),
  endpoints: z.array(endpointInputSchema).max(1_000).optional(),
  workers: z.array(workerInputSchema).max(10_000).optional(),
  webhooks: z
    .array(webhookInputSchema.extend({ id: resourceIdSchema }))
    .max(1_000)
    .optional(),
}));

export type ConfigurationFile = z.infer<typeof configurationFileSchema>;
