/** Events for whoever listens: a listener that comes later gets what it has missed. */
import { createScope } from '@roundhouse/core';
import { createHttpClient, createRouter, serveHttp } from '@roundhouse/protocols/http';
import { createEventFeed, eventSource, eventStream } from '@roundhouse/protocols/sse';

const feed = createEventFeed({ history: 100 });
const router = createRouter().get('/events', (request, scope) =>
  eventStream(request, { source: (lastEventId) => feed.subscribe(lastEventId), heartbeatMs: 10_000 }, scope),
);
await using server = await serveHttp({ host: '127.0.0.1' }, router);
await using client = createHttpClient();
const scope = createScope({ timeoutMs: 10_000 });

for (const data of ['one', 'two', 'three']) feed.publish({ event: 'count', data });
const url = `http://127.0.0.1:${server.port}/events`;
for await (const { event, data, lastEventId } of eventSource(client, url, { lastEventId: '1' }, scope, {
  random: Math.random,
})) {
  console.log(event, data, lastEventId);
  if (data === 'three') break;
}
feed.close();
