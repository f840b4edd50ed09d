/**
 * Calls a method by its descriptors, each message a line of JSON:
 * `node grpcCall.ts 127.0.0.1:50051 example.Warehouse/Find '{"name":"bolts"}'`; of a method that takes a stream, as many
 * messages as there are. `ROUNDHOUSE_TIMEOUT_MS` is the time of the call.
 */
import { readFile } from 'node:fs/promises';
import { createScope, isRoundhouseError } from '@roundhouse/core';
import { parseAddress } from '@roundhouse/net';
import { connectGrpc, grpcStatusOf, loadServices } from '@roundhouse/protocols/grpc';

const [address = '127.0.0.1:50051', name = '', ...texts] = process.argv.slice(2);
const timeoutMs = Number(process.env['ROUNDHOUSE_TIMEOUT_MS'] ?? 5_000);

const print = (message: object): boolean => process.stdout.write(`${JSON.stringify(message)}\n`);
async function* requests() {
  for (const text of texts) yield JSON.parse(text) as Record<string, unknown>;
}

const scope = createScope();
process.once('SIGINT', () => scope.end());
try {
  const services = await loadServices(await readFile(new URL('./warehouse.binpb', import.meta.url)));
  const method = services.method(name);
  await using session = await connectGrpc(parseAddress(address, 50_051), scope);
  if (method.methodKind === 'unary') {
    for await (const request of requests()) print(await session.unary(method, request, scope, { timeoutMs }));
  } else {
    for await (const reply of session.stream(method, requests(), scope, { timeoutMs })) print(reply);
  }
} catch (error) {
  if (!isRoundhouseError(error)) throw error;
  // The code says what to do, the status what the service said.
  const status = grpcStatusOf(error);
  process.stderr.write(`${error.code}${status === undefined ? '' : ` ${status.grpcStatus}`}: ${error.message}\n`);
  process.exitCode = 1;
}
