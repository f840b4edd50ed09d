/**
 * A request that goes on while its response comes: each line that is sent is answered at once, over one stream of HTTP/2.
 *
 *   node --conditions=source examples/net/http2Duplex.ts
 */
import { createScope } from '@roundhouse/core';
import { createHttpClient, createRouter, serveHttp } from '@roundhouse/protocols/http';

const router = createRouter().post('/upper', ({ body }) => ({
  status: 200,
  body: (async function* () {
    const decoder = new TextDecoder();
    for await (const part of body) yield decoder.decode(part, { stream: true }).toUpperCase();
  })(),
}));
await using server = await serveHttp({ h2c: true }, router);
await using client = createHttpClient({ versions: ['h2'] });
const scope = createScope({ timeoutMs: 20_000 });

/** Says the next line when the answer to the last one is here. */
const answered = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
async function* lines() {
  for (const [index, line] of ['one\n', 'two\n', 'three\n'].entries()) {
    yield line;
    await answered[index]?.promise;
  }
}
const response = await client.request(
  `http://127.0.0.1:${server.port}/upper`,
  { method: 'POST', body: lines(), timeoutMs: Infinity },
  scope,
);
let index = 0;
for await (const part of response.body) {
  process.stdout.write(part);
  answered[index]?.resolve();
  index += 1;
}
