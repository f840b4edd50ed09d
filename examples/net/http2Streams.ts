/**
 * Fifty requests at once over one connection of HTTP/2; the urgent one does not wait for the others.
 *
 *   node --conditions=source examples/net/http2Streams.ts
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createScope } from '@roundhouse/core';
import { createHttpClient, createRouter, serveHttp, text } from '@roundhouse/protocols/http';

const router = createRouter()
  .get('/slow/:number', async ({ params, version }) => {
    await sleep(50);
    return text(`${params['number'] ?? ''} by ${version}`);
  })
  .get('/urgent', ({ headers }) => text(`at once, with ${headers['priority'] ?? 'no priority'}`));
// Without TLS both sides have to know; with it the client chooses (ALPN).
await using server = await serveHttp({ h2c: true, limits: { maxStreams: 100 } }, router);
await using client = createHttpClient({ versions: ['h2'] });
const scope = createScope({ timeoutMs: 20_000 });
const url = `http://127.0.0.1:${server.port}`;

const slow = Array.from({ length: 50 }, async (_, index) => {
  const response = await client.get(`${url}/slow/${index}`, scope);
  return response.body.text();
});
const urgent = await client.request(`${url}/urgent`, { priority: { urgency: 0 } }, scope);
console.log(await urgent.body.text());
const answers = await Promise.all(slow);
console.log(`${answers.length} others, the last is ${answers.at(-1)}`);
console.log(`${server.stats().accepted} connection`);
