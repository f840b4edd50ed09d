import type { z } from 'zod';
import { API_KEY } from './apiKey.ts';
import { ENDPOINT } from './endpoint.ts';
import { ENDPOINT_GROUP } from './endpointGroup.ts';
import { PRINCIPAL } from './principal.ts';
import type { ResourceKind } from './resource.ts';
import { ROLE } from './role.ts';
import { WEBHOOK } from './webhook.ts';
import { WORKER } from './worker/worker.ts';

/** All kinds of resources; each stands behind those that it may refer to. */
export const RESOURCE_KINDS = {
  role: ROLE,
  principal: PRINCIPAL,
  api_key: API_KEY,
  endpoint_group: ENDPOINT_GROUP,
  endpoint: ENDPOINT,
  worker: WORKER,
  webhook: WEBHOOK,
} as const satisfies Record<string, ResourceKind>;

export type ResourceKindName = keyof typeof RESOURCE_KINDS;
export type ResourceInput<K extends ResourceKindName> = z.infer<(typeof RESOURCE_KINDS)[K]['input']>;
export type Resource<K extends ResourceKindName> = z.infer<(typeof RESOURCE_KINDS)[K]['resource']>;

export const RESOURCE_KIND_NAMES = Object.keys(RESOURCE_KINDS) as readonly ResourceKindName[];
