import type { Client } from '@roundhouse/api';
import { createScope } from '@roundhouse/core';
import { type DemoHostChild, startDemoHost } from './demoHostChild.ts';

/** Id of the group. */
export const GROUP = 'bench';

const HEALTHY_TIMEOUT_MS = 30_000;
const POLL_MS = 50;

/** A demo host, and the endpoint that stands for it. */
export interface DemoEndpoint {
  readonly id: string;
  readonly host: DemoHostChild;
}

/**
 * Configures a group with its defaults and an endpoint for each of `priorities`, each with a demo host that belongs to
 * `parts`. Resolves when the probes have found all of them healthy.
 */
export async function startDemoGroup(
  parts: AsyncDisposableStack,
  client: Client,
  priorities: readonly number[],
): Promise<readonly DemoEndpoint[]> {
  await client.createResource('endpoint_group', { id: GROUP });
  const endpoints = await Promise.all(
    priorities.map(async (priority, index) => {
      const host = await startDemoHost(parts);
      const { id } = await client.createResource('endpoint', {
        id: `host-${index + 1}`,
        host: '127.0.0.1',
        port: host.port,
        group: GROUP,
        priority,
      });
      return { id, host };
    }),
  );
  using scope = createScope({ what: 'The health of the demo hosts', timeoutMs: HEALTHY_TIMEOUT_MS });
  for (const { id } of endpoints) {
    while ((await client.getResource('endpoint', id)).status !== 'healthy') await scope.sleep(POLL_MS);
  }
  return endpoints;
}
