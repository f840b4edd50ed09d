/** What a failure says, and who may repeat a call: a service that is not ready at first, and one that has had enough. */
import { readFile } from 'node:fs/promises';
import { createScope, isRoundhouseError } from '@roundhouse/core';
import { connectGrpc, grpcService, grpcStatus, loadServices, serveGrpc } from '@roundhouse/protocols/grpc';
import { withPolicy } from '@roundhouse/protocols/policy';
import { exponentialBackoff } from '@roundhouse/resilience';

const services = await loadServices(await readFile(new URL('./warehouse.binpb', import.meta.url)));
const find = services.method('example.Warehouse/Find');
let calls = 0;
const warehouse = grpcService(find.parent, {
  find({ name }: { readonly name: string }) {
    calls += 1;
    if (name === 'gold') throw grpcStatus('PERMISSION_DENIED', 'Gold is not for everybody');
    if (calls < 3) throw grpcStatus('UNAVAILABLE', 'The warehouse opens soon');
    return { name, count: 12 };
  },
});

await using server = await serveGrpc({ port: 0 }, [warehouse]);
const scope = createScope({ timeoutMs: 20_000 });
await using session = await connectGrpc({ host: '127.0.0.1', port: server.port }, scope);

const policy = { retry: { attempts: 5, backoff: exponentialBackoff({ initialMs: 10, maxMs: 100 }) } };
const found = (name: string): Promise<unknown> =>
  withPolicy(policy, { isIdempotent: true }, (own) => session.unary(find, { name }, own), scope, Math);

const bolts = await found('bolts');
console.log(JSON.stringify(bolts), `after ${calls} calls`);
try {
  await found('gold');
} catch (error) {
  if (!isRoundhouseError(error)) throw error;
  console.log(error.code, `retryable ${error.retryable}`, `after ${calls} calls`);
}
console.log(await session.health(scope, 'example.Warehouse'));
