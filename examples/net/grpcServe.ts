/** A service of gRPC by its descriptors, without generated code: `node grpcServe.ts [PORT]`. SIGTERM drains it. */
import { readFile } from 'node:fs/promises';
import { type GrpcCall, grpcService, grpcStatus, loadServices, serveGrpc } from '@roundhouse/protocols/grpc';

interface Item {
  readonly name: string;
  readonly count: number;
}

const stock = new Map<string, Item>([['bolts', { name: 'bolts', count: 12 }]]);
const watching = new Set<(item: Item) => void>();

const services = await loadServices(await readFile(new URL('./warehouse.binpb', import.meta.url)));
const warehouse = grpcService(services.service('example.Warehouse'), {
  find({ name }: Item) {
    const item = stock.get(name);
    if (item === undefined) throw grpcStatus('NOT_FOUND', `There are no ${name}`);
    return item;
  },
  async store(items: AsyncIterable<Item>) {
    let received = 0;
    for await (const item of items) {
      stock.set(item.name, item);
      for (const tell of watching) tell(item);
      received += 1;
    }
    return { items: received };
  },
  async *watch(_query: Item, { scope }: GrpcCall) {
    yield* stock.values();
    const waiting: Item[] = [];
    let wake = (): void => {};
    const tell = (item: Item): void => {
      waiting.push(item);
      wake();
    };
    watching.add(tell);
    try {
      for (;;) {
        const item = waiting.shift();
        if (item !== undefined) yield item;
        // The scope ends with the call: its deadline, a client that leaves, the end of the server.
        else await scope.race(new Promise<void>((resolve) => (wake = resolve)));
      }
    } finally {
      watching.delete(tell);
    }
  },
});

const server = await serveGrpc({ port: Number(process.argv[2] ?? 50_051) }, [warehouse]);
process.stdout.write(`grpc://127.0.0.1:${server.port}\n`);
process.once('SIGINT', () => void server.drain());
process.once('SIGTERM', () => void server.drain());
