/** A REST server with two routes and middleware, and a client that uses it. Ends by draining both. */
import { createScope, systemClock } from '@roundhouse/core';
import { createHttpClient, createRouter, json, rateLimit, requestId, serveHttp } from '@roundhouse/protocols/http';

const notes = new Map<string, unknown>();
const router = createRouter()
  .use(requestId(), rateLimit({ ratePerSecond: 100, burst: 200 }, { clock: systemClock }))
  .get('/notes/:name', ({ params }) => {
    const note = notes.get(params['name'] ?? '');
    return note === undefined ? { status: 404 } : json(note);
  })
  .put('/notes/:name', async ({ params, body }) => {
    notes.set(params['name'] ?? '', await body.json(65_536));
    return { status: 204 };
  });

await using server = await serveHttp({ host: '127.0.0.1', port: 0 }, router);
await using client = createHttpClient({ timeouts: { requestMs: 2_000 } });
const scope = createScope({ timeoutMs: 10_000 });
const url = `http://127.0.0.1:${server.port}/notes/today`;

const put = await client.request(url, { method: 'PUT', json: { text: 'feed the mainframe' } }, scope);
put.discard();
const got = await client.get(url, scope);
console.log(got.status, await got.body.json());
const none = await client.request(url, { method: 'DELETE' }, scope);
console.log(none.status, none.headers['allow']);
none.discard();
