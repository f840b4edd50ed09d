/**
 * Lets so many calls to a slow service be under way, and no more: the rest wait, or are told at once.
 *
 *   node --conditions=source examples/net/policyBulkhead.ts
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createScope, isRoundhouseError } from '@roundhouse/core';
import { createHttpClient, serveHttp, text } from '@roundhouse/protocols/http';
import { createBulkhead } from '@roundhouse/resilience';

let inside = 0;
let most = 0;
await using server = await serveHttp({}, async () => {
  inside += 1;
  most = Math.max(most, inside);
  await sleep(20);
  inside -= 1;
  return text('done');
});
const bulkhead = createBulkhead({ limit: 3, maxWaiting: 5, what: 'The slow service' });
await using client = createHttpClient({ policy: { bulkhead } });
const scope = createScope({ timeoutMs: 20_000 });

const outcomes = await Promise.all(
  Array.from({ length: 10 }, async () => {
    try {
      const response = await client.get(`http://127.0.0.1:${server.port}/`, scope);
      return await response.body.text();
    } catch (error) {
      if (!isRoundhouseError(error)) throw error;
      return error.code;
    }
  }),
);
const count = (outcome: string): number => outcomes.filter((each) => each === outcome).length;
console.log(`${count('done')} done, ${count('BULKHEAD_FULL')} refused, at most ${most} at a time`);
