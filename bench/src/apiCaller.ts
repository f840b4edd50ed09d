import type { ConfigurationFile } from '@roundhouse/api';
import { type Installation, startInstallation } from './installation.ts';

/** Highest rate that a configuration may give: no caller of the bench reaches it, and each request is charged. */
const RATE = { per_second: 1_000_000, burst: 1_000_000 };
const ENDPOINTS = 100;
const GROUP = 'bench';
const PRINCIPAL = 'reader';

/** What the rate limit, the policy and the log of an installation are, for a principal that may read endpoints. */
const CONFIGURATION: ConfigurationFile = {
  limits: { rate: RATE },
  roles: [{ id: PRINCIPAL, rules: [{ verbs: ['list', 'get'], kinds: ['endpoint'], labels: { site: 'east' } }] }],
  principals: [{ id: PRINCIPAL, type: 'service', roles: [PRINCIPAL] }],
  endpoint_groups: [{ id: GROUP }],
  endpoints: Array.from({ length: ENDPOINTS }, (_, index) => ({
    id: `endpoint-${index}`,
    host: '127.0.0.1',
    port: 3270,
    group: GROUP,
    probe: { kind: 'none' },
    labels: { site: 'east' },
  })),
};

/** A caller with an API key, and what it asks for. */
export interface ApiCaller extends Installation {
  readonly headers: Readonly<Record<string, string>>;
  /** One endpoint each. */
  readonly endpointPaths: readonly string[];
}

export const ENDPOINT_COUNT = ENDPOINTS;

/** Starts an installation, and makes the key; both belong to `parts`. */
export async function startApiCaller(parts: AsyncDisposableStack): Promise<ApiCaller> {
  const installation = await startInstallation(parts, CONFIGURATION);
  const { key } = await installation.client.createResource('api_key', { id: 'bench', principal: PRINCIPAL });
  return {
    ...installation,
    headers: { authorization: `Bearer ${key}` },
    endpointPaths: Array.from({ length: ENDPOINTS }, (_, index) => `/api/v1/endpoints/endpoint-${index}`),
  };
}
