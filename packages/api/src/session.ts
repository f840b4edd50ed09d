import { z } from 'zod';
import { DEFAULTS, LIMITS } from './limits.ts';
import { CONNECTION_STATES, SESSION_STATES } from './vocabulary.ts';
import { lazyObject } from './lazyObject.ts';

export const nameSchema = z.string().min(1).max(LIMITS.maxNameLength);
const pem = z.string().min(1).max(LIMITS.maxPemLength);

/** A host name or address: no blanks, controls or URL punctuation, which only a mistaken caller sends. */
export const hostSchema = z
  .string()
  .min(1)
  .max(LIMITS.maxHostLength)
  .regex(/^[^\s\p{Cc}/@?#]+$/u, 'Expected a host name or an IP address')
  .meta({ description: 'Host name or IP address.', examples: ['127.0.0.1'] });

export const portSchema = z.int().min(1).max(65_535);

export const timeoutMs = z.int().min(0).max(LIMITS.maxTimeoutMs);

export const tlsSchema = lazyObject(() => ({
  verify: z.boolean().optional().meta({ description: 'Check the certificate and the name. Default true.' }),
  ca: pem.optional().meta({ description: 'Trusted certificates, PEM.' }),
  cert: pem.optional().meta({ description: 'Client certificate, PEM.' }),
  key: pem.optional().meta({ description: 'Key of the client certificate, PEM. Never shown again.' }),
  server_name: z.string().min(1).max(LIMITS.maxHostLength).optional(),
  min_version: z.enum(['TLSv1.2', 'TLSv1.3']).optional(),
}));

export const compatSchema = lazyObject(() => ({
  tn3270e: z.boolean().optional(),
  contention_resolution: z.boolean().optional(),
  bind_image: z.boolean().optional(),
  bind_limit: z.boolean().optional(),
  start_tls: z.boolean().optional(),
  wrong_terminal_name: z.boolean().optional(),
  new_environ: z.boolean().optional(),
  unlock_delay_ms: z.int().min(0).max(10_000).optional(),
})).meta({ description: 'Single behaviours that differ between hosts.' });

const metadataSchema = z
  .record(z.string().min(1).max(LIMITS.maxMetadataKeyLength), z.string().max(LIMITS.maxMetadataValueLength))
  .refine((value) => Object.keys(value).length <= LIMITS.maxMetadataKeys, `At most ${LIMITS.maxMetadataKeys} keys`);

export const createSessionSchema = lazyObject(() => ({
  host: hostSchema.optional(),
  port: portSchema.optional(),
  group: nameSchema.optional().meta({ description: 'Group that chooses the host, instead of host and port.' }),
  endpoint: nameSchema.optional().meta({ description: 'Endpoint of the group that is wanted.' }),
  affinity_key: z
    .string()
    .min(1)
    .max(LIMITS.maxApplicationLength)
    .optional()
    .meta({ description: 'Equal keys go to the same endpoint where possible.' }),
  tls: z
    .union([z.boolean(), tlsSchema])
    .optional()
    .meta({ description: 'TLS from the first byte. Default false: plain TCP, STARTTLS where the host offers it.' }),
  start_tls: tlsSchema
    .optional()
    .meta({ description: 'How to check a host that starts TLS itself. Default: certificate and name are checked.' }),
  lu: z
    .union([nameSchema, z.array(nameSchema).min(1).max(LIMITS.maxLuNames)])
    .nullish()
    .meta({ description: 'LU or pool name, or several to try in order.' }),
  model: nameSchema.optional().meta({ description: 'Terminal model.', examples: ['3279-2-E', 'IBM-DYNAMIC'] }),
  oversize: z
    .strictObject({
      rows: z.int().min(1).max(LIMITS.maxScreenCells),
      columns: z.int().min(1).max(LIMITS.maxScreenCells),
    })
    .nullish(),
  code_page: nameSchema.optional().meta({ examples: ['037'] }),
  application: z
    .string()
    .min(1)
    .max(LIMITS.maxApplicationLength)
    .nullish()
    .meta({ description: 'What the session is for. Kept with the session, not sent to the host.' }),
  user: nameSchema.nullish().meta({ description: 'NEW-ENVIRON USER.' }),
  device_name: nameSchema.nullish().meta({ description: 'NEW-ENVIRON DEVNAME.' }),
  application_id: nameSchema.nullish().meta({ description: 'IBMAPPLID of the Express Logon Feature.' }),
  compat: compatSchema.optional(),
  metadata: metadataSchema.optional(),
  wait: z.enum(['screen', 'connected', 'none']).optional().meta({
    description:
      'When the call answers: at the first screen (default), when the connection is up, or at once with state initializing.',
  }),
  timeout_ms: timeoutMs.optional().meta({
    description: `Deadline of the connection and its first screen. Default ${DEFAULTS.createTimeoutMs}.`,
  }),
}))
  .refine((value) => (value.group === undefined) !== (value.host === undefined && value.port === undefined), {
    message: 'Expected "group", or "host" and "port"',
  })
  .refine((value) => (value.host === undefined) === (value.port === undefined), {
    message: 'Expected "host" and "port" together',
  })
  .refine(({ group, endpoint }) => group !== undefined || endpoint === undefined, {
    path: ['endpoint'],
    message: 'Goes with "group" only',
  })
  .refine(({ group, affinity_key: key }) => group !== undefined || key === undefined, {
    path: ['affinity_key'],
    message: 'Goes with "group" only',
  })
  .meta({ id: 'CreateSession' });

export const sessionSchema = lazyObject(() => ({
  id: z.string(),
  state: z.enum(SESSION_STATES),
  host: z.string(),
  port: portSchema,
  tls: z.boolean().meta({ description: 'Whether TLS protects the connection, or was asked for while it is set up.' }),
  endpoint: z.string().nullable(),
  group: z.string().nullable(),
  lu: z.string().nullable().meta({ description: 'LU that the host gave; classic TN3270 never says.' }),
  connection_state: z.enum(CONNECTION_STATES),
  model: z.string(),
  code_page: z.string(),
  application: z.string().nullable(),
  user: z.string().nullable(),
  created_by: z.string().nullable().meta({ description: 'Principal that has made it; null for a terminal.' }),
  created_at: z.iso.datetime(),
  last_activity_at: z.iso.datetime().meta({ description: 'Last input or screen read by a caller.' }),
  ended_at: z.iso.datetime().nullable(),
  error: z
    .strictObject({ code: z.string(), message: z.string(), hint: z.string() })
    .nullable()
    .meta({ description: 'Why a session ended that nobody deleted.' }),
  metadata: z.record(z.string(), z.string()),
})).meta({ id: 'Session' });

export const listSessionsQuerySchema = lazyObject(() => ({
  limit: z.int().min(1).max(LIMITS.maxPageSize).optional(),
  cursor: z.string().max(512).optional(),
}));

export const sessionListSchema = lazyObject(() => ({
  items: z.array(sessionSchema),
  next_cursor: z.string().nullable(),
})).meta({ id: 'SessionList' });

export const sessionParamsSchema = lazyObject(() => ({ id: z.string() }));

export type CreateSession = z.infer<typeof createSessionSchema>;
export type SessionResource = z.infer<typeof sessionSchema>;
export type SessionList = z.infer<typeof sessionListSchema>;
export type ListSessionsQuery = z.infer<typeof listSessionsQuerySchema>;
