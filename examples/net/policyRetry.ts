/**
 * Tries again what failed, where that does no harm: a GET is repeated, a POST that may have been done is not.
 *
 *   node --conditions=source examples/net/policyRetry.ts
 */
import { createScope, isRoundhouseError } from '@roundhouse/core';
import { createHttpClient, createRouter, serveHttp, text } from '@roundhouse/protocols/http';
import { exponentialBackoff } from '@roundhouse/resilience';

const calls = { GET: 0, POST: 0 };
const never = new Promise<never>(() => {});
const router = createRouter()
  .get('/', () => {
    calls.GET += 1;
    return calls.GET < 3 ? never : text('at last');
  })
  .post('/', () => {
    calls.POST += 1;
    return never;
  });
await using server = await serveHttp({ timeouts: { drainMs: 100 } }, router);
const backoff = exponentialBackoff({ initialMs: 10, maxMs: 100 });
await using client = createHttpClient({
  timeouts: { requestMs: 300, drainMs: 100 },
  policy: { retry: { attempts: 5, backoff } },
});
const scope = createScope({ timeoutMs: 20_000 });
const url = `http://127.0.0.1:${server.port}/`;

console.log(await (await client.get(url, scope)).body.text(), `with call ${calls.GET}`);
try {
  await client.request(url, { method: 'POST', body: 'pay' }, scope);
} catch (error) {
  if (!isRoundhouseError(error)) throw error;
  console.log(`POST: ${error.code} after ${calls.POST} call`);
}
