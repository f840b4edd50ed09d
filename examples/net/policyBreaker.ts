/**
 * Stops asking what does not answer, and finds out gently when it is there again.
 *
 *   node --conditions=source examples/net/policyBreaker.ts
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createScope, isRoundhouseError, systemClock } from '@roundhouse/core';
import { createHttpClient, serveHttp, text } from '@roundhouse/protocols/http';
import { constantBackoff, createBreaker } from '@roundhouse/resilience';

const breaker = createBreaker(
  { trip: { by: 'consecutive', failures: 3 }, openTime: constantBackoff(200), what: 'The service' },
  { clock: systemClock, random: Math.random },
);
breaker.on('moved', ({ from, to }) => console.log(`${from} -> ${to}`));
await using client = createHttpClient({ policy: { breaker } });
const scope = createScope({ timeoutMs: 20_000 });

const first = await serveHttp({}, () => text('here'));
const { port } = first;
await first.drain();
async function ask(): Promise<void> {
  try {
    console.log(await (await client.get(`http://127.0.0.1:${port}/`, scope)).body.text());
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
    console.log(error.code);
  }
}
for (let count = 0; count < 5; count += 1) await ask();
await using _second = await serveHttp({ port }, () => text('here again'));
while (breaker.retryAfterMs > 0) await sleep(breaker.retryAfterMs);
await ask();
