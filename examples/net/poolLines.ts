/**
 * A protocol of one's own on the contract, in a pool: one line is asked, one line is the answer. Connections are shared,
 * checked after a rest, and end with the drain.
 *
 *   node --conditions=source examples/net/poolLines.ts
 */
import { createScope, type Scope } from '@roundhouse/core';
import {
  ByteReader,
  createPool,
  createRuntime,
  dialTransport,
  establish,
  listen,
  type PoolKey,
  resolveTimeouts,
  SessionCore,
  type Transport,
} from '@roundhouse/net';

const runtime = createRuntime();
const timeouts = resolveTimeouts({ requestMs: 2_000 });
const PROTOCOL = 'lines';

/** A connection: its core has the states, the deadlines, the drain and the facts. */
class LineSession extends SessionCore {
  readonly #transport: Transport;
  readonly #reader: ByteReader;

  constructor(transport: Transport, openedInMs: number) {
    const { peer, tls } = transport;
    super({
      protocol: PROTOCOL,
      role: 'client',
      peer,
      tls,
      runtime,
      timeouts,
      openedInMs,
      isExclusive: true,
      destroy: (reason) => transport.destroy(reason),
      goodBye: () => transport.close(),
    });
    this.#transport = transport;
    this.#reader = new ByteReader(transport, { protocol: PROTOCOL, onClosed: (error) => this.lost(error) });
  }

  ask(line: string, scope: Scope): Promise<string> {
    return this.operate('ask', scope, async (operation) => {
      operation.sent('maybe');
      this.#transport.write(Buffer.from(`${line}\r\n`));
      const answer = await this.#reader.line(1_000, operation.scope);
      operation.sent('all');
      return Buffer.from(answer).toString();
    });
  }
}

const port = await listen({ host: '127.0.0.1', port: 0 }, (transport) => {
  transport.start({
    data: (chunk) => void transport.write(Buffer.from(Buffer.from(chunk).toString().toUpperCase())),
    ended: () => void transport.close(),
    closed() {},
  });
});
const pool = createPool<LineSession, PoolKey>(
  {
    maxPerKey: 2,
    open: ({ origin }, scope) =>
      establish(PROTOCOL, origin, runtime, scope, async (elapsedMs) => {
        const target = { host: '127.0.0.1', port: port.port };
        return new LineSession(await dialTransport(target, { timeouts }, runtime, scope), elapsedMs());
      }),
    check: async (session, scope) => void (await session.ask('ping', scope)),
  },
  runtime,
);

const scope = createScope({ timeoutMs: 10_000 });
const key = { origin: `127.0.0.1:${port.port}`, tls: '', credentials: '' };
const words = ['one', 'two', 'three', 'four', 'five'];
const answers = await Promise.all(words.map((word) => pool.use(key, (session) => session.ask(word, scope), scope)));
console.log(answers.join(' '));
const { open, idle, inUse } = pool.stats();
console.log(`${open} connections, ${idle} idle, ${inUse} in use`);
console.log(`cut by the drain: ${(await pool.drain()).cut}`);
await port.closeAll();
