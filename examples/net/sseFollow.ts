/**
 * Prints the events of a URL, over as many connections as it takes, each behind the last event that was seen.
 *
 *   node --conditions=source examples/net/sseFollow.ts URL [COUNT]
 */
import { createScope, isRoundhouseError } from '@roundhouse/core';
import { createHttpClient } from '@roundhouse/protocols/http';
import { eventSource } from '@roundhouse/protocols/sse';

const [url = 'http://127.0.0.1:8080/time', count = 'Infinity'] = process.argv.slice(2);
const scope = createScope();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => scope.end());

// The wait before another attempt alone would not keep the process.
const awake = setInterval(() => {}, 60_000);
await using client = createHttpClient();
const onReconnect = (reason: Error | null, delayMs: number): void =>
  console.error(`again in ${Math.round(delayMs)} ms: ${reason?.message ?? 'the stream ended'}`);
try {
  let left = Number(count);
  for await (const { event, data } of eventSource(client, url, { onReconnect }, scope, { random: Math.random })) {
    console.log(`${event}: ${data}`);
    left -= 1;
    if (left === 0) break;
  }
} catch (error) {
  if (!isRoundhouseError(error) || error.code !== 'CANCELLED') throw error;
} finally {
  clearInterval(awake);
}
