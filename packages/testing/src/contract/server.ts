import assert from 'node:assert/strict';
import { createScope, type Scope } from '@roundhouse/core';
import {
  dialTransport,
  type NetRuntime,
  type NetServer,
  type ServerOptions,
  type TlsClientOptions,
  type TlsServerOptions,
  type Transport,
} from '@roundhouse/net';
import type { CertificateAuthority } from '../certificate.ts';
import type { ComplianceCase } from '../transportCompliance.ts';
import { Stand, TIMEOUTS } from './stand.ts';
import { FLOOD_BYTES_A_TURN, garbage } from './wire.ts';

/** One step of what a good client does: what it sends, and what it then waits for. */
export interface Turn {
  readonly send?: string | Uint8Array;
  readonly expect: RegExp;
}

/** A server module, as the contract sees it. */
export interface ServerSubject {
  readonly protocol: string;
  readonly serve: (options: ServerOptions, runtime: NetRuntime, scope: Scope) => Promise<NetServer>;
  /** A whole conversation of a good client in the clear, from the greeting to the last answer; the server need not end it. */
  readonly dialogue: readonly Turn[];
  /** Whether TLS may be there from the first byte. */
  readonly hasTls: boolean;
  /** Whether there is none of it in the clear: then all cases run over TLS. */
  readonly isAlwaysTls?: boolean;
  /** What clients offer over TLS (RFC 7301). */
  readonly alpn?: readonly string[];
  /** Most bytes of something without an end that it may read of one client. Default 16 MiB. */
  readonly floodBytes?: number;
}

const FLOOD_BYTES = 16_777_216;
const CHUNK = Buffer.alloc(65_536, 0x41);
const MAX_POSITIONS = 24;

/** What every server must do, whatever it speaks. For a test runner: one test a case. */
export function serverContract(subject: ServerSubject, authority: () => CertificateAuthority): ComplianceCase[] {
  const cases: ComplianceCase[] = [];
  let issued: TlsServerOptions | undefined;
  const material = (): TlsServerOptions => (issued ??= authority().issue());
  const trust = (): TlsClientOptions => ({ ca: authority().cert, ...(subject.alpn && { alpn: subject.alpn }) });
  const isAlwaysTls = subject.isAlwaysTls === true;
  const newTrial = (): Trial => new Trial(subject, isAlwaysTls ? trust() : undefined);
  const define = (title: string, run: (trial: Trial) => Promise<void>, options: ServerOptions = {}): void => {
    cases.push({
      title,
      run: async () => {
        const trial = newTrial();
        await trial.start({ ...(isAlwaysTls && { tls: material() }), ...options });
        try {
          await run(trial);
        } finally {
          await trial.stop();
        }
        await trial.stand.checkNothingIsLeft();
      },
    });
  };
  const sent = Buffer.concat(subject.dialogue.map(({ send = '' }) => Buffer.from(send)));
  const positions = Array.from({ length: Math.min(sent.length, MAX_POSITIONS) }, (_, index, { length } = sent) =>
    length <= MAX_POSITIONS ? index : Math.floor((index * (length - 1)) / (MAX_POSITIONS - 1)),
  );

  define('answers a good client, and counts it', async (trial) => {
    const client = await trial.client();
    await trial.converse(client);
    assert.equal(trial.server.stats().accepted, 1);
    assert.equal(trial.server.stats().connections, client.transport.state === 'open' ? 1 : 0);
    client.transport.destroy();
    await trial.stand.quiet();
    assert.equal(trial.server.stats().connections, 0);
  });

  define('reads what comes byte by byte', async (trial) => {
    await trial.converse(await trial.client(), { isBytewise: true });
  });

  for (const end of ['destroy', 'close'] as const) {
    define(`lets go of a client that leaves anywhere (${end}), and serves the next`, async (trial) => {
      for (const after of positions) {
        const client = await trial.client();
        await trial.converse(client, { upTo: after });
        if (end === 'destroy') client.transport.destroy();
        else void client.transport.close();
        await trial.stand.quiet();
        await trial.letTimePass(() => trial.server.stats().connections === 0);
        assert.equal(trial.server.stats().connections, 0, `a client that left after ${after} bytes is still there`);
      }
      await trial.converse(await trial.client());
    });
  }

  define('does not wait for ever for a client that says nothing', async (trial) => {
    for (const after of positions) {
      const client = await trial.client();
      await trial.converse(client, { upTo: after });
      await trial.letTimePass(() => trial.server.stats().connections === 0);
      assert.equal(
        trial.server.stats().connections,
        0,
        `it still waits for a client that stopped after ${after} bytes`,
      );
      client.transport.destroy();
    }
  });

  define('survives garbage at any place, and serves others meanwhile', async (trial) => {
    for (const after of positions) {
      const client = await trial.client();
      await trial.converse(client, { upTo: after });
      client.transport.write(garbage(4_096));
      await trial.stand.quiet();
      await trial.converse(await trial.client());
      client.transport.destroy();
    }
  });

  define('bounds what a client may send without an end', async (trial) => {
    for (const after of positions.filter((_, index) => index % 4 === 0)) {
      const client = await trial.client();
      await trial.converse(client, { upTo: after });
      let written = 0;
      const bound = subject.floodBytes ?? FLOOD_BYTES;
      while (client.transport.state === 'open' && written <= bound + CHUNK.byteLength) {
        const taken = Promise.withResolvers<boolean>();
        client.transport.write(CHUNK, () => taken.resolve(true));
        written += CHUNK.byteLength;
        // The memory network passes on any number of bytes in one turn of the event loop, as no real one does. A session
        // of HTTP/2 that was refused is freed in the next turn, and ignores what comes until then.
        if (written % FLOOD_BYTES_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
        // A server that does not read any more holds the client back: that is a bound as well.
        if (!(await Promise.race([taken.promise, trial.stand.quiet().then(() => false)]))) break;
      }
      assert.ok(written <= bound, `it read ${written} bytes of one client`);
      client.transport.destroy();
      await trial.stand.quiet();
    }
  });

  define(
    'turns away whoever is one too many',
    async (trial) => {
      const [first, , third] = [await trial.client(), await trial.client(), await trial.client()];
      await trial.stand.quiet();
      assert.equal(third.isClosed, true, 'the third of two was let in');
      assert.equal(trial.server.stats().refused, 1);
      first.transport.destroy();
      await trial.stand.quiet();
      await trial.converse(await trial.client());
    },
    { limits: { maxConnections: 2 } },
  );

  define('is drained: nobody new, those without work end, and the port is free', async (trial) => {
    const idle = await trial.client();
    await trial.converse(idle);
    const report = await trial.stand.succeed(trial.server.drain());
    assert.equal(report.cut, 0);
    assert.equal(trial.server.state, 'closed');
    await trial.stand.quiet();
    assert.equal(idle.isClosed, true, 'an idle connection is still open');
    await assert.rejects(trial.client(), { code: 'CONNECT_REFUSED' });
    assert.equal((await trial.server.closed).by, 'local');
    await trial.server.drain();
  });

  define('is drained in time, whatever clients do', async (trial) => {
    for (const after of positions.filter((_, index) => index % 6 === 0)) {
      await trial.converse(await trial.client(), { upTo: after });
    }
    const report = await trial.stand.succeed(trial.server.drain({ timeoutMs: 500 }));
    assert.ok(report.elapsedMs <= 500, `it took ${report.elapsedMs} ms`);
    assert.equal(trial.server.stats().connections, 0);
  });

  define('is aborted at once, and once', async (trial) => {
    const client = await trial.client();
    trial.server.abort();
    trial.server.abort();
    await trial.stand.quiet();
    assert.equal(client.isClosed, true);
    assert.equal(trial.server.state, 'closed');
  });

  define('ends with its scope', async (trial) => {
    const client = await trial.client();
    trial.scope.end();
    await trial.stand.quiet();
    assert.equal(client.isClosed, true);
    assert.equal(trial.server.state, 'closed');
  });

  if (subject.hasTls) {
    cases.push({
      title: 'speaks TLS, and survives a client that does not',
      run: async () => {
        const trial = newTrial();
        await trial.start({ tls: material() });
        try {
          const plain = await trial.client(null);
          plain.transport.write(Buffer.from('this is no TLS\r\n'));
          await trial.stand.quiet();
          assert.equal(plain.isClosed, true);
          await trial.converse(await trial.client(trust()));
        } finally {
          await trial.stop();
        }
        await trial.stand.checkNothingIsLeft();
      },
    });
  }

  return cases;
}

interface Client {
  readonly transport: Transport;
  readonly isClosed: boolean;
  /** What has come and was not asked for yet. */
  text: string;
}

/** One server and its clients. */
class Trial {
  readonly stand = new Stand();
  readonly scope: Scope;
  readonly #subject: ServerSubject;
  readonly #tls: TlsClientOptions | undefined;
  #server: NetServer | undefined;

  constructor(subject: ServerSubject, tls: TlsClientOptions | undefined) {
    this.#subject = subject;
    this.#tls = tls;
    this.scope = createScope({ clock: this.stand.clock });
  }

  get server(): NetServer {
    assert.ok(this.#server !== undefined);
    return this.#server;
  }

  async start(options: ServerOptions): Promise<void> {
    this.#server = await this.#subject.serve({ timeouts: TIMEOUTS, ...options }, this.stand.runtime, this.scope);
  }

  async stop(): Promise<void> {
    this.#server?.abort();
    this.scope.end();
    for (const wire of this.stand.tap.wires) wire.destroy();
    await this.stand.clock.advance(60_000);
  }

  /** A connection to the server; null is one in the clear. */
  async client(tls: TlsClientOptions | null | undefined = this.#tls): Promise<Client> {
    const scope = createScope({ clock: this.stand.clock });
    const transport = await dialTransport(
      { host: 'localhost', port: this.server.port },
      { timeouts: TIMEOUTS, tls: tls ?? undefined },
      { ...this.stand.runtime, observer: { observe() {} } },
      scope,
    );
    const client = { transport, isClosed: false, text: '' };
    transport.start({
      data: (chunk) => void (client.text += Buffer.from(chunk).toString('latin1')),
      ended: () => {
        client.isClosed = true;
        void transport.close();
      },
      closed: () => void (client.isClosed = true),
    });
    return client;
  }

  /** Plays the dialogue, or as much of it as has so many bytes. */
  async converse(client: Client, options: { isBytewise?: boolean; upTo?: number } = {}): Promise<void> {
    let left = options.upTo ?? Infinity;
    for (const { send = '', expect } of this.#subject.dialogue) {
      const bytes = Buffer.from(send);
      const part = bytes.subarray(0, Math.min(left, bytes.byteLength));
      left -= part.byteLength;
      if (options.isBytewise === true) {
        for (const byte of part) {
          client.transport.write(Buffer.of(byte));
          await new Promise((resolve) => setImmediate(resolve));
        }
      } else if (part.byteLength > 0) client.transport.write(part);
      if (part.byteLength < bytes.byteLength) return;
      await this.stand.quiet(() => expect.test(client.text));
      assert.match(client.text, expect, `after ${JSON.stringify(String(send))}`);
      client.text = '';
      if (left === 0) return;
    }
  }

  /** Lets time pass until it holds, or more time has passed than any wait may take. */
  async letTimePass(holds: () => boolean): Promise<void> {
    for (let elapsedMs = 0; elapsedMs < 60_000 && !holds(); elapsedMs += 500) {
      await this.stand.clock.advance(500);
      await this.stand.quiet(holds);
    }
  }
}
