import { z } from 'zod';
import { labelsSchema } from './permission.ts';
import { pageOf, putSchemaOf, RESOURCE_FIELDS, type ResourceKind } from './resource.ts';
import { resourceIdSchema } from './resourceId.ts';
import { LIMITS } from './limits.ts';
import { nameSchema } from './session.ts';
import { STRATEGIES } from './vocabulary.ts';
import { lazyObject } from './lazyObject.ts';

/** Sessions of one group that may be kept ready. */
const MAX_WARM_SESSIONS = 1_000;
/** Replaced sooner, sessions would do nothing but log on. */
const MIN_WARM_AGE_MS = 10_000;

const durationMs = z.int().min(0).max(LIMITS.maxIntervalMs);

export const endpointGroupInputSchema = lazyObject(() => ({
  id: resourceIdSchema,
  strategy: z.enum(STRATEGIES).optional().meta({ description: 'Default `p2c`.' }),
  affinity: lazyObject(() => ({
    mode: z.enum(['none', 'sticky', 'hash']).optional().meta({
      description: 'How `affinity_key` chooses. Default `hash`: rendezvous with bounded load.',
    }),
    ttl_ms: durationMs.optional().meta({ description: 'How long a sticky key is kept without use.' }),
  })).optional(),
  queue: lazyObject(() => ({
    max: z.int().min(0).max(10_000).optional().meta({ description: 'Callers that may wait. Default 100.' }),
    timeout_ms: durationMs.optional().meta({ description: 'Longest wait. Default 5,000.' }),
  })).optional(),
  panic: z.enum(['spread', 'queue', 'refuse']).optional().meta({
    description: 'What happens when most endpoints are unhealthy. Default `spread` over all of them.',
  }),
  failback: z.enum(['manual', 'when_idle', 'immediate']).optional().meta({
    description: 'When sessions go back to a better tier that has recovered. Default `manual`.',
  }),
  fallback: z.array(resourceIdSchema).max(8).optional().meta({
    description: 'Groups that take the sessions when no endpoint of this one can.',
  }),
  failover: lazyObject(() => ({
    enabled: z.boolean().optional().meta({ description: 'Default true.' }),
    timeout_ms: durationMs.optional().meta({ description: 'For one session. Default 30,000.' }),
    max_parallel: z.int().min(1).max(1_000).optional().meta({ description: 'Default 32.' }),
  })).optional(),
  labels: labelsSchema.optional(),
  model: nameSchema.optional().meta({ description: 'Terminal model of its sessions where the caller names none.' }),
  code_page: nameSchema.optional(),
  lu: nameSchema.nullish().meta({ description: 'LU or pool asked for where the caller names none.' }),
  navigation: z.record(z.string(), z.unknown()).nullish().meta({
    description: 'Script that leads a new session to its working screen; see docs/sessions.md.',
  }),
  warm: lazyObject(() => ({
    size: z.int().min(0).max(MAX_WARM_SESSIONS).meta({ description: 'Sessions that are kept ready.' }),
    recycle: z.record(z.string(), z.unknown()).nullish().meta({
      description:
        'Script that leads a session that was deleted back to the screen where `navigation` ends, through the host. Without it, or when it fails, the session is replaced.',
    }),
    max_age_ms: z.int().min(MIN_WARM_AGE_MS).max(LIMITS.maxIntervalMs).optional().meta({
      description: 'A session of this age is replaced. Default: no limit.',
    }),
    max_uses: z.int().min(1).max(1_000_000).optional().meta({
      description: 'A session that was used so often is replaced. Default: no limit.',
    }),
  }))
    .nullish()
    .meta({
      description:
        'Sessions that stand ready at the end of `navigation`: one that asks for nothing but the group is given out at once.',
    }),
})).meta({ id: 'EndpointGroupInput' });

export const endpointGroupSchema = lazyObject(() => ({
  id: z.string(),
  strategy: z.enum(STRATEGIES),
  affinity: lazyObject(() => ({ mode: z.enum(['none', 'sticky', 'hash']), ttl_ms: z.int() })),
  queue: lazyObject(() => ({ max: z.int(), timeout_ms: z.int() })),
  panic: z.enum(['spread', 'queue', 'refuse']),
  failback: z.enum(['manual', 'when_idle', 'immediate']),
  fallback: z.array(z.string()),
  failover: lazyObject(() => ({ enabled: z.boolean(), timeout_ms: z.int(), max_parallel: z.int() })),
  model: z.string().nullable(),
  code_page: z.string().nullable(),
  lu: z.string().nullable(),
  has_navigation: z.boolean(),
  warm: lazyObject(() => ({
    size: z.int(),
    ready: z.int(),
    opening: z.int().meta({ description: 'On the way to their screen, for the first time or again.' }),
    leased: z.int().meta({ description: 'Given out as sessions.' }),
  })).nullable(),
  endpoints: z.array(z.string()),
  active_sessions: z.int(),
  queued: z.int(),
  labels: labelsSchema,
  ...RESOURCE_FIELDS,
})).meta({ id: 'EndpointGroup' });

export const endpointGroupListSchema = pageOf(endpointGroupSchema, 'EndpointGroupList');

/** The id stands in the path. */
export const endpointGroupPutSchema = putSchemaOf(endpointGroupInputSchema, 'EndpointGroupPut');

export type EndpointGroupInput = z.infer<typeof endpointGroupInputSchema>;
export type EndpointGroupResource = z.infer<typeof endpointGroupSchema>;
export type EndpointGroupList = z.infer<typeof endpointGroupListSchema>;

export const ENDPOINT_GROUP = {
  name: 'endpoint_group',
  collection: 'endpoint_groups',
  path: 'endpoint-groups',
  One: 'EndpointGroup',
  Many: 'EndpointGroups',
  one: 'endpoint group',
  many: 'endpoint groups',
  input: endpointGroupInputSchema,
  resource: endpointGroupSchema,
  hasStatus: true,
  references: [{ field: 'fallback', kind: 'endpoint_group' }],
} as const satisfies ResourceKind;

export type EndpointGroupPut = z.infer<typeof endpointGroupPutSchema>;
