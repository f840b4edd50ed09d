import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createRouter, type Middleware, serveHttp } from '@roundhouse/protocols/http';

/** Servers with the same answer, ours and Node's own, as a process: `httpServers.ts`. Prints the ports as JSON. */
const BODY = 'hello, world\n';
const HEADERS = { 'content-type': 'text/plain' };

const bare = createServer((_request, response) => {
  response.writeHead(200, { ...HEADERS, 'content-length': BODY.length });
  response.end(BODY);
});
const bare2 = createHttp2Server();
bare2.on('stream', (stream) => {
  stream.respond({ ':status': 200, ...HEADERS, 'content-length': BODY.length });
  stream.end(BODY);
});
for (const server of [bare, bare2]) await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));

/** Does what most middleware does: looks at a field before, and at the status behind. */
let seen = 0;
const looking: Middleware = (next) => (request, scope) => {
  if (request.headers['x-never'] !== undefined) seen += 1;
  return next(request, scope);
};
const router = createRouter()
  .use(looking, looking)
  .get('/hello/:name', () => ({ status: 200, headers: HEADERS, body: BODY }));
const ours = await serveHttp({}, router);
const ours2 = await serveHttp({ h2c: true }, router);

const portOf = (server: typeof bare | typeof bare2): number => (server.address() as AddressInfo).port;
const ports: HttpPorts = { bare: portOf(bare), ours: ours.port, bare2: portOf(bare2), ours2: ours2.port };
process.stdout.write(`${JSON.stringify(ports)}\n`);

export interface HttpPorts {
  readonly bare: number;
  readonly ours: number;
  readonly bare2: number;
  readonly ours2: number;
}
