import { createScope } from '@roundhouse/core';
import {
  ByteReader,
  createMemoryNetwork,
  createRuntime,
  dialTransport,
  type NetRuntime,
  type Transport,
} from '@roundhouse/net';
import { FakeClock } from '@roundhouse/testing';

/** A clock that stands still and a network in memory. */
export interface TestWorld {
  readonly clock: FakeClock;
  readonly runtime: NetRuntime;
}

export function createTestWorld(parts: Partial<NetRuntime> = {}): TestWorld {
  const clock = new FakeClock();
  const { dialer, listen, datagrams } = createMemoryNetwork();
  const observer = { observe() {} };
  return { clock, runtime: createRuntime({ clock, dialer, listen, datagrams, observer, random: () => 0.5, ...parts }) };
}

/** One side of a conversation that a test plays itself. */
export class ScriptedPeer {
  readonly transport: Transport;
  readonly heard: string[] = [];
  readonly #reader: ByteReader;
  readonly scope = createScope();

  constructor(transport: Transport) {
    this.transport = transport;
    this.#reader = new ByteReader(transport, { protocol: 'script' });
  }

  say(...lines: readonly string[]): void {
    this.transport.write(Buffer.from(lines.map((line) => `${line}\r\n`).join('')));
  }

  /** Bytes as they are. */
  write(text: string | Uint8Array): void {
    this.transport.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text);
  }

  /** The next line. */
  async hear(): Promise<string> {
    const line = Buffer.from(await this.#reader.line(65_536, this.scope)).toString('utf8');
    this.heard.push(line);
    return line;
  }

  /** Lines up to one that is exactly this, which is not among them. */
  async hearText(end = '.'): Promise<string[]> {
    const lines: string[] = [];
    for (let line = await this.hear(); line !== end; line = await this.hear()) lines.push(line);
    return lines;
  }

  async hearBytes(count: number): Promise<string> {
    return Buffer.from(await this.#reader.exactly(count, this.scope)).toString('latin1');
  }

  /** An answer of one or more lines, as SMTP has them. */
  async hearAnswer(): Promise<string> {
    const lines: string[] = [];
    do lines.push(await this.hear());
    while (lines.at(-1)?.[3] === '-');
    return lines.join('\n');
  }

  /** What follows until the other side ends the connection. */
  async hearRest(): Promise<string> {
    const parts: Uint8Array[] = [];
    try {
      for (;;) {
        const part = await this.#reader.some(65_536, this.scope);
        if (part === undefined) break;
        parts.push(part);
      }
    } catch {
      // It was cut.
    }
    return Buffer.concat(parts).toString('latin1');
  }
}

/** Plays a server; each connection gets the script once. Resolves to its port. */
export async function playServer(
  { runtime }: TestWorld,
  script: (peer: ScriptedPeer) => Promise<void>,
): Promise<{ readonly port: number; readonly peers: readonly ScriptedPeer[]; readonly failures: unknown[] }> {
  const peers: ScriptedPeer[] = [];
  const failures: unknown[] = [];
  const listener = await runtime.listen({ host: '127.0.0.1', port: 0 }, (transport) => {
    const peer = new ScriptedPeer(transport);
    peers.push(peer);
    script(peer).catch((error: unknown) => failures.push(error));
  });
  return { port: listener.port, peers, failures };
}

/** Plays a client. */
export async function playClient({ runtime }: TestWorld, port: number): Promise<ScriptedPeer> {
  const timeouts = { connectMs: 1_000, tlsMs: 1_000 };
  const scope = createScope({ clock: runtime.clock });
  return new ScriptedPeer(await dialTransport({ host: '127.0.0.1', port }, { timeouts }, runtime, scope));
}

/** One turn of the event loop after the other until it holds; fails when nothing more can make it hold. */
export async function until(holds: () => boolean, what = 'it'): Promise<void> {
  for (let turns = 0; turns < 20_000; turns++) {
    if (holds()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`${what} did not come about`);
}
