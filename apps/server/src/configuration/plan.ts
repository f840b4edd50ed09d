import type { PlanRules } from '@roundhouse/config';
import { KEYED_LISTS, SECRETS } from './definition.ts';

/** What a change of each part does to what runs. What is not named wants a restart. */
export const PLAN_RULES: PlanRules = {
  keyedLists: KEYED_LISTS,
  secrets: SECRETS,
  actions: [
    // Sessions on another host, or on one that goes, move first.
    ...['host', 'port', 'tls', 'start_tls', 'compat', 'group'].map(
      (field) => ({ path: `endpoints[].${field}`, action: 'drain' }) as const,
    ),
    { path: 'endpoints[]', action: { add: 'live', change: 'live', remove: 'drain' } },
    ...['endpoint_groups[]', 'roles[]', 'principals[]', 'api_keys[]', 'webhooks[]'].map(
      (path) => ({ path, action: 'live' }) as const,
    ),
    ...['limits.max_sessions', 'limits.max_sessions_per_user', 'sessions', 'log.level'].map(
      (path) => ({ path, action: 'live' }) as const,
    ),
  ],
};
