import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Ports of a process that serves. */
export interface ServingPorts {
  readonly http: number;
  readonly dns: number;
}

/** What became of a drain. */
export interface ServingDrain {
  readonly seconds: number;
  readonly cut: number;
}

/** How long the slow route takes to answer. */
const SLOW_MS = 1_000;

/**
 * A process that is measured from outside: `servingProcess.ts bare` is Node and this file; with `all` it serves HTTP/1.1,
 * HTTP/2, WebSockets and DNS, and prints its ports. `gc` on its input makes it collect, `count` count its connections,
 * `drain` drain; each prints an answer.
 */
const [kind] = process.argv.slice(2);
setFlagsFromString('--expose-gc');
globalThis.gc ??= runInNewContext('gc') as NonNullable<typeof globalThis.gc>;

const serving = kind === 'all' ? await serve() : undefined;
if (serving === undefined) say({});
process.stdin.setEncoding('utf8').on('data', (line: string) => void answer(line.trim()));
await once(process.stdin, 'end');

async function answer(question: string): Promise<void> {
  if (question === 'drain') return say((await serving?.drain()) ?? {});
  if (question === 'count') return say({ connections: serving?.connections() ?? 0 });
  globalThis.gc?.();
  say({});
}

function say(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

interface Serving {
  connections(): number;
  drain(): Promise<ServingDrain>;
}

async function serve(): Promise<Serving> {
  const [{ createRouter, serveHttp, text }, { webSocketHook }, { parseZone, serveDns }] = await Promise.all([
    import('@roundhouse/protocols/http'),
    import('@roundhouse/protocols/websocket'),
    import('@roundhouse/protocols/dns'),
  ]);
  const upgrade = webSocketHook({}, async (connection) => {
    for await (const message of connection) await connection.send(message, connection.scope);
  });
  const router = createRouter()
    .get('/hello', () => text('hello'))
    .get('/slow', async () => {
      await sleep(SLOW_MS);
      return text('at last');
    });
  const web = await serveHttp({ h2c: true, upgrade }, router);
  const zone = parseZone('$TTL 60\n@ SOA ns m 1 2 3 4 5\n@ NS ns\nns A 127.0.0.1\n', { origin: 'bench.test' });
  const names = await serveDns({ zones: [zone] });
  say({ http: web.port, dns: names.port } satisfies ServingPorts);
  return {
    connections: () => web.stats().connections + names.stats().connections,
    async drain() {
      const startedAt = performance.now();
      const reports = await Promise.all([web.drain(), names.drain()]);
      const seconds = (performance.now() - startedAt) / 1e3;
      return { seconds, cut: reports.reduce((sum, { cut }) => sum + cut, 0) };
    },
  };
}
