import type { Client } from '@roundhouse/api';
import { createScope } from '@roundhouse/core';
import { type DemoEndpoint, GROUP, startDemoGroup } from './demoGroup.ts';
import { followLosses, LOSS_EVENTS } from './losses.ts';
import { startServer } from './serverChild.ts';

/** Sessions that are opened at the same time. */
const OPENING = 32;
/** Longest time for opening the sessions and for their failover. */
const TIMEOUT_MS = 120_000;
const PAGE = 200;

export interface FailoverFacts {
  /** Undefined when a session got no other host. */
  readonly times: FailoverTimes | undefined;
  /** Sessions that are not alive on the other host at the end. */
  readonly lost: number;
}

interface FailoverTimes {
  /** From the kill to the first event of it, ms. */
  readonly detectedMs: number;
  /** From the kill until the last session has its first screen on the other host, s. */
  readonly seconds: number;
  /** The same from the first event. */
  readonly afterDetectionSeconds: number;
}

/** Opens sessions on the first of two hosts and kills its process; the second is the next tier of the group. */
export async function failOver(sessions: number): Promise<FailoverFacts> {
  await using parts = new AsyncDisposableStack();
  const { client } = await startServer(parts);
  const [first, second] = (await startDemoGroup(parts, client, [0, 1])) as [DemoEndpoint, DemoEndpoint];
  using scope = createScope({ what: 'The failover', timeoutMs: TIMEOUT_MS });
  const types = Object.values(LOSS_EVENTS).join(',');
  const events = client.streamEvents({ types }, { lastEventId: '0', signal: scope.signal });
  // Begins here, so that the stream is up long before the kill.
  const losses = followLosses(events, sessions, () => performance.now());
  await openSessions(client, sessions);
  const onFirst = await countOn(client, first.id);
  if (onFirst !== sessions) throw new Error(`${onFirst} of ${sessions} sessions are on the host that is to be killed`);
  const killedAt = performance.now();
  process.kill(first.host.pid, 'SIGKILL');
  const followed = await losses;
  return {
    times: followed && {
      detectedMs: followed.detectedAt - killedAt,
      seconds: (followed.replacedAt - killedAt) / 1e3,
      afterDetectionSeconds: (followed.replacedAt - followed.detectedAt) / 1e3,
    },
    lost: sessions - (await countOn(client, second.id)),
  };
}

async function openSessions(client: Client, sessions: number): Promise<void> {
  let left = sessions;
  const openInTurn = async (): Promise<void> => {
    while (left > 0) {
      left--;
      await client.createSession({ group: GROUP });
    }
  };
  await Promise.all(Array.from({ length: OPENING }, openInTurn));
}

/** Sessions that are alive on an endpoint, as the API lists them. */
async function countOn(client: Client, endpoint: string): Promise<number> {
  let count = 0;
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const page = await client.listSessions({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    count += page.items.filter((each) => each.endpoint === endpoint && each.ended_at === null).length;
    cursor = page.next_cursor;
  }
  return count;
}
