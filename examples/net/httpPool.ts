/**
 * A client whose connections are used again: a hundred requests go over four, those of one origin never over those of
 * another, and what is idle ends.
 *
 *   node --conditions=source examples/net/httpPool.ts
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createScope } from '@roundhouse/core';
import { createHttpClient, createRouter, serveHttp, text } from '@roundhouse/protocols/http';

const router = createRouter().get('/answer/:number', async ({ params }) => {
  await sleep(2);
  return text(`answer ${params['number'] ?? ''}`);
});
await using server = await serveHttp({}, router);
await using client = createHttpClient({ maxPerOrigin: 4, maxWaiting: 200, timeouts: { requestMs: 5_000 } });
const scope = createScope({ timeoutMs: 20_000 });

const numbers = Array.from({ length: 100 }, (_, index) => index);
const answers = await Promise.all(
  numbers.map(async (number) => {
    const response = await client.get(`http://127.0.0.1:${server.port}/answer/${number}`, scope);
    return response.body.text();
  }),
);
console.log(`${answers.length} answers, the last is "${answers.at(-1)}"`);
console.log(`${server.stats().accepted} connections`);
const { finished, cut } = await client.drain();
console.log(`drained: ${finished} finished meanwhile, ${cut} cut`);
