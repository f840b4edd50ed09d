import assert from 'node:assert/strict';
import { createScope, isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import {
  createMemoryNetwork,
  createRuntime,
  type Dialer,
  type Dialled,
  dialTransport,
  type MemoryNetwork,
  type NetRuntime,
  type Target,
  type Transport,
} from '@roundhouse/net';
import { FakeClock } from './clock.ts';
import type { ComplianceCase } from './transportCompliance.ts';

/** A dialer and what there is to dial. */
export interface DialerSubject {
  readonly dialer: Dialer;
  /** Something that says `hello` when it is connected to, and then sends back what it gets. */
  readonly echo: Target;
  /** Nothing listens there. */
  readonly nobody: Target;
  /** How a refusal shows. Default CONNECT_REFUSED; not every proxy tells it from other failures. */
  readonly refusal?: string;
  /** Connections that the other side still holds. */
  readonly held: () => number;
  readonly release: () => Promise<void>;
}

export type MakeDialerSubject = (clock: FakeClock) => Promise<DialerSubject>;

export const GREETING = 'hello';

/** Serves one connection as the `echo` of a subject. */
export function serveEcho(transport: Transport): void {
  transport.start({
    data: (chunk) => void transport.write(Uint8Array.from(chunk)),
    ended: () => void transport.close(),
    closed: () => {},
  });
  transport.write(Buffer.from(GREETING));
}

const TIMEOUTS = { connectMs: 1_000, tlsMs: 1_000 };

/** What every dialer must do, whatever the way. For a test runner: one test a case. */
export function dialerCompliance(make: MakeDialerSubject): ComplianceCase[] {
  const cases: ComplianceCase[] = [];
  const define = (
    title: string,
    run: (subject: DialerSubject, scope: Scope, runtime: NetRuntime) => Promise<void>,
  ): void => {
    cases.push({
      title,
      run: async () => {
        const clock = new FakeClock();
        const subject = await make(clock);
        try {
          using scope = createScope({ clock });
          await run(subject, scope, createRuntime({ clock, dialer: subject.dialer }));
          await until(() => subject.held() === 0, 'the other side still holds a connection');
        } finally {
          await subject.release();
        }
        assert.equal(clock.pendingTimers, 0, 'a timer is left behind');
      },
    });
  };

  define('carries bytes both ways, and loses none that came first', async (subject, scope, runtime) => {
    const transport = await dialTransport(subject.echo, { timeouts: TIMEOUTS }, runtime, scope);
    await turns(20);
    const { text } = read(transport);
    await until(() => text() === GREETING, 'no greeting');
    transport.write(Buffer.from(' and back'));
    await until(() => text() === `${GREETING} and back`, 'no echo');
    await transport.close();
  });

  define('says whom it was asked for', async (subject, scope) => {
    const dialled = await subject.dialer.dial(subject.echo, scope);
    const { echo } = subject;
    assert.equal(dialled.peer, 'path' in echo ? echo.path : `${echo.host}:${echo.port}`);
    assert.notEqual(dialled.local, '');
    dialled.stream.destroy();
  });

  define('hands over a stream that does not flow, without listeners of its own', async (subject, scope) => {
    const { stream } = await subject.dialer.dial(subject.echo, scope);
    await turns(5);
    const isFlowing = stream.readableFlowing === true;
    const listeners = stream.listenerCount('data') + stream.listenerCount('readable');
    stream.destroy();
    assert.ok(!isFlowing);
    assert.equal(listeners, 0);
  });

  define('tells of its phases, in order', async (subject, scope) => {
    const phases: string[] = [];
    const onPhase = (phase: string): void => void phases.push(phase);
    const { stream } = await subject.dialer.dial(subject.echo, scope, { onPhase });
    assert.ok(phases.includes('connect'));
    const order = ['resolve', 'connect', 'tls', 'negotiate'];
    assert.deepEqual(
      phases,
      phases.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)),
    );
    stream.destroy();
  });

  define('the scope has no hold on the stream that it led to', async (subject, scope, runtime) => {
    using own = scope.child();
    const transport = await dialTransport(subject.echo, { timeouts: TIMEOUTS }, runtime, own);
    own.end();
    const { text } = read(transport);
    await until(() => text() === GREETING, 'no greeting');
    await transport.close();
  });

  define('a refusal is a coded error', async (subject, scope) => {
    const error = await failure(subject.dialer.dial(subject.nobody, scope));
    assert.equal(error.code, subject.refusal ?? 'CONNECT_REFUSED');
  });

  define('an address that is none is told before anything is opened', async (subject, scope) => {
    const error = await failure(Promise.resolve().then(() => subject.dialer.dial({ host: 'a b', port: 1 }, scope)));
    assert.ok(['ADDRESS_INVALID', 'CONNECT_REFUSED'].includes(error.code));
  });

  define('a scope that has ended opens nothing', async (subject, scope) => {
    using own = scope.child();
    own.end();
    const error = await failure(Promise.resolve().then(() => subject.dialer.dial(subject.echo, own)));
    assert.equal(error.code, 'CANCELLED');
  });

  define('a scope that ends on the way rejects with its reason, and frees the stream', async (subject, scope) => {
    for (let after = 0; after < 12; after++) {
      using own = scope.child();
      const dialling = subject.dialer.dial(subject.echo, own).then(
        ({ stream }) => void stream.destroy(),
        (error: unknown) => assert.equal((error as RoundhouseError).code, 'CANCELLED'),
      );
      await turns(after);
      own.end();
      await dialling;
      await until(() => subject.held() === 0, `the stream is not freed after ${after} turns`);
    }
  });

  return cases;
}

/** A dialer through a proxy, and how such a proxy answers when all is well. */
export interface ProxySubject {
  readonly create: (proxy: Target, via: Dialer) => Dialer;
  /** What the proxy says to each message of the client, in order. */
  readonly answers: readonly Uint8Array[];
}

const TARGET = { host: 'behind.example', port: 7 };
const PROXY = { host: 'proxy.example', port: 1080 };

/** What every dialer through a proxy must do when the proxy does not behave. It runs in memory. */
export function proxyCompliance({ create, answers }: ProxySubject): ComplianceCase[] {
  const cases: ComplianceCase[] = [];
  const define = (title: string, run: (place: ProxyBench) => Promise<void>): void => {
    cases.push({
      title,
      run: async () => {
        const bench = await ProxyBench.open(create);
        try {
          await run(bench);
          await until(() => bench.held === 0, 'the proxy still holds a connection');
        } finally {
          bench.close();
        }
        assert.equal(bench.clock.pendingTimers, 0, 'a timer is left behind');
      },
    });
  };
  const last = answers.length - 1;
  const whole = Buffer.concat(answers);

  define('takes answers one byte at a time', async (bench) => {
    bench.serve(async (proxy) => {
      for (const answer of answers) {
        await proxy.message();
        for (const byte of answer) {
          proxy.transport.write(Uint8Array.of(byte));
          await turns(1);
        }
      }
      proxy.transport.write(Buffer.from('x'));
    });
    const transport = await bench.dial();
    const { text } = read(transport);
    await until(() => text() === 'x', 'nothing arrives through the tunnel');
    transport.destroy();
  });

  define('loses nothing that comes right behind the answer', async (bench) => {
    bench.serve(async (proxy) => {
      for (const [index, answer] of answers.entries()) {
        await proxy.message();
        proxy.transport.write(index === last ? Buffer.concat([answer, Buffer.from('early bird')]) : answer);
      }
    });
    const transport = await bench.dial();
    const { text } = read(transport);
    await until(() => text() === 'early bird', 'bytes behind the answer are lost');
    transport.destroy();
  });

  for (let silentFrom = 0; silentFrom <= last; silentFrom++) {
    define(`a proxy that is silent from answer ${silentFrom + 1} on is a TIMEOUT of negotiate`, async (bench) => {
      bench.serve(async (proxy) => {
        for (const answer of answers.slice(0, silentFrom)) {
          await proxy.message();
          proxy.transport.write(answer);
        }
        await proxy.message();
        void bench.clock.advance(TIMEOUTS.connectMs);
      });
      const error = await failure(bench.dial());
      assert.equal(error.code, 'TIMEOUT');
      assert.equal(error.details['phase'], 'negotiate');
    });
  }

  define('a proxy that leaves after any number of bytes is a coded error of negotiate', async (bench) => {
    for (const isCut of [false, true]) {
      for (let count = 0; count < whole.length; count++) {
        bench.serve(async (proxy) => {
          await proxy.message();
          let sent = 0;
          for (const answer of answers) {
            const part = answer.subarray(0, count - sent);
            sent += part.length;
            if (part.length > 0) proxy.transport.write(part);
            if (part.length < answer.length || sent === count) break;
            await proxy.message();
          }
          await turns(2);
          if (isCut) proxy.transport.destroy();
          else void proxy.transport.close();
        });
        const error = await failure(bench.dial());
        assert.ok(['CONNECTION_CLOSED', 'CONNECTION_LOST'].includes(error.code), `${count}: ${error.code}`);
      }
    }
  });

  define('a peer that is no such proxy is a PROTOCOL_VIOLATION', async (bench) => {
    for (const garbage of ['SSH-2.0-OpenSSH_9.2\r\n\r\n', '\0\0\0\0\0\0\0\0\r\n\r\n', '<html>\r\n\r\n'.repeat(50)]) {
      bench.serve(async (proxy) => {
        await proxy.message();
        proxy.transport.write(Buffer.from(garbage));
      });
      const error = await failure(bench.dial());
      assert.equal(error.code, 'PROTOCOL_VIOLATION');
    }
  });

  define('an endless answer meets a bound', async (bench) => {
    bench.serve(async (proxy) => {
      await proxy.message();
      for (let written = 0; written < 1_000_000 && proxy.transport.state === 'open'; written += 1_000) {
        proxy.transport.write(Buffer.alloc(1_000, 'a'));
        await turns(1);
      }
    });
    const error = await failure(bench.dial());
    assert.ok(['MESSAGE_TOO_LARGE', 'PROTOCOL_VIOLATION'].includes(error.code), error.code);
  });

  define('a scope that ends while the proxy is silent frees the stream', async (bench) => {
    using own = bench.scope.child();
    bench.serve(async (proxy) => {
      await proxy.message();
      own.end();
    });
    const error = await failure(bench.dial(own));
    assert.equal(error.code, 'CANCELLED');
  });

  return cases;
}

/** The proxy's end of one connection. */
interface ProxySide {
  readonly transport: Transport;
  /** Waits for the next message of the client: whatever comes at once. */
  message(): Promise<void>;
}

class ProxyBench {
  readonly clock = new FakeClock();
  readonly scope = createScope({ clock: this.clock });
  readonly #network: MemoryNetwork = createMemoryNetwork();
  readonly #runtime: NetRuntime;
  #serve: (proxy: ProxySide) => Promise<void> = async () => {};
  held = 0;

  private constructor(create: ProxySubject['create']) {
    const { dialer } = this.#network;
    this.#runtime = createRuntime({ clock: this.clock, dialer: create(PROXY, dialer) });
  }

  static async open(create: ProxySubject['create']): Promise<ProxyBench> {
    const bench = new ProxyBench(create);
    await bench.#network.listen(PROXY, (transport) => bench.#accept(transport), bench.scope);
    return bench;
  }

  serve(serve: (proxy: ProxySide) => Promise<void>): void {
    this.#serve = serve;
  }

  dial(scope: Scope = this.scope): Promise<Transport> {
    return dialTransport(TARGET, { timeouts: TIMEOUTS }, this.#runtime, scope);
  }

  close(): void {
    this.scope.end();
  }

  #accept(transport: Transport): void {
    this.held += 1;
    let messages = 0;
    let taken = 0;
    let wake = (): void => {};
    transport.start({
      data: () => {
        messages += 1;
        wake();
      },
      ended: () => void transport.close(),
      closed: () => (this.held -= 1),
    });
    const message = async (): Promise<void> => {
      while (messages === taken) await new Promise<void>((resolve) => (wake = resolve));
      taken = messages;
    };
    void this.#serve({ transport, message });
  }
}

/** What a transport delivers, as text. */
function read(transport: Transport): { text: () => string } {
  let text = '';
  transport.start({
    data: (chunk) => (text += Buffer.from(chunk).toString()),
    ended: () => void transport.close(),
    closed: () => {},
  });
  return { text: () => text };
}

async function failure(promise: Promise<Dialled | Transport>): Promise<RoundhouseError> {
  let made: Dialled | Transport;
  try {
    made = await promise;
  } catch (error) {
    assert.ok(isRoundhouseError(error), `not a coded error: ${String(error)}`);
    return error;
  }
  if ('stream' in made) made.stream.destroy();
  else made.destroy();
  throw new Error('it connected');
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 20_000; turn++) {
    if (condition()) return;
    await turns(1);
  }
  throw new Error(what);
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
