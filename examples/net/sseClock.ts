/**
 * Tells the time to whoever listens, once a second; who was cut off gets what was missed.
 *
 *   node --conditions=source examples/net/sseClock.ts [PORT]
 *   curl -N http://127.0.0.1:8080/time
 */
import { createRouter, serveHttp } from '@roundhouse/protocols/http';
import { createEventFeed, eventStream } from '@roundhouse/protocols/sse';

const feed = createEventFeed({ history: 60, maxQueued: 60 });
const router = createRouter().get('/time', (request, scope) =>
  eventStream(request, { source: (lastEventId) => feed.subscribe(lastEventId), retryMs: 1_000 }, scope),
);
const server = await serveHttp({ port: Number(process.argv[2] ?? 8080) }, router);
console.log(`the time on http://127.0.0.1:${server.port}/time`);
const ticking = setInterval(() => feed.publish({ event: 'tick', data: new Date().toISOString() }), 1_000);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    clearInterval(ticking);
    feed.close();
    void server.drain();
  });
}
await server.closed;
