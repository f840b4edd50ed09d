import assert from 'node:assert/strict';
import { createScope, type RoundhouseError } from '@roundhouse/core';
import type { Transport, TransportLimits } from '@roundhouse/net';
import { FakeClock } from './clock.ts';

/** Two connected ends, both made with the clock and limits given. */
export interface TransportPair {
  readonly near: Transport;
  readonly far: Transport;
  /** Frees what the pair stands on, such as a listener. */
  readonly release: () => Promise<void>;
}

export type MakeTransportPair = (clock: FakeClock, limits?: TransportLimits) => Promise<TransportPair>;

export interface TransportTraits {
  /** Whether the peer can tell `destroy` from an end. It cannot over TLS. Default true. */
  readonly tellsCutFromEnd?: boolean;
}

export interface ComplianceCase {
  readonly title: string;
  readonly run: () => Promise<void>;
}

const text = new TextEncoder();

/** What every transport must do, whatever carries it. For a test runner: one test a case. */
export function transportCompliance(make: MakeTransportPair, traits: TransportTraits = {}): ComplianceCase[] {
  const { tellsCutFromEnd = true } = traits;
  const cases: ComplianceCase[] = [];
  const define = (
    title: string,
    run: (near: Transport, far: Transport, clock: FakeClock) => Promise<void>,
    limits?: TransportLimits,
  ): void => {
    cases.push({
      title,
      run: async () => {
        const clock = new FakeClock();
        const { near, far, release } = await make(clock, limits);
        try {
          await run(near, far, clock);
        } finally {
          near.destroy();
          far.destroy();
          await release();
        }
        await clock.advance(0);
        assert.equal(clock.pendingTimers, 0, 'a timer is left behind');
      },
    });
  };

  define('delivers bytes in order, both ways', async (near, far) => {
    const [a, b] = [record(near), record(far)];
    for (const part of ['one ', 'two ', 'three']) near.write(text.encode(part));
    far.write(text.encode('back'));
    await b.until(() => b.text === 'one two three');
    await a.until(() => a.text === 'back');
  });

  define('keeps what arrives before start', async (near, far) => {
    near.write(text.encode('early'));
    await turns(20);
    const b = record(far);
    assert.equal(b.text, '', 'start() called back before it returned');
    await b.until(() => b.text === 'early');
  });

  define('carries a megabyte unchanged', async (near, far) => {
    const sent = Uint8Array.from({ length: 1 << 20 }, (_, index) => (index * 31 + (index >> 8)) & 0xff);
    const b = record(far);
    record(near);
    near.write(sent);
    await b.until(() => b.length >= sent.length);
    assert.ok(Buffer.from(sent).equals(b.bytes));
  });

  define('tells when the peer has ended, once, and still writes the other way', async (near, far) => {
    const [a, b] = [record(near), record(far)];
    near.write(text.encode('request'));
    const closing = near.close();
    await b.until(() => b.events.includes('ended'));
    assert.equal(b.text, 'request');
    assert.equal(far.state, 'open');
    far.write(text.encode('late'));
    await far.close();
    await closing;
    await b.until(() => b.events.at(-1) === 'closed');
    await a.until(() => a.events.at(-1) === 'closed');
    assert.deepEqual(b.events, ['data', 'ended', 'closed']);
    assert.deepEqual(a.events, ['closed'], 'something was told after close()');
    assert.equal(a.error, undefined);
    assert.equal(b.error, undefined);
  });

  define('sends all that is buffered before close resolves', async (near, far) => {
    const b = record(far);
    b.onEnded = () => void far.close();
    record(near);
    const length = 3_000_000;
    near.write(new Uint8Array(length));
    await near.close();
    await b.until(() => b.events.at(-1) === 'closed');
    assert.equal(b.length, length);
  });

  define('close is bounded when the peer does not end', async (near, far, clock) => {
    const [a, b] = [record(near), record(far)];
    near.write(text.encode('x'));
    const closing = near.close();
    await b.until(() => b.events.includes('ended'));
    await turns(20);
    assert.equal(near.state, 'closing');
    await clock.advance(2_000);
    await closing;
    assert.equal(near.state, 'closed');
    await a.until(() => a.events.at(-1) === 'closed');
    assert.equal(a.error, undefined, 'all was sent: nothing failed');
  });

  define('close tells that bytes were lost when the peer never reads', async (near, far, clock) => {
    const a = record(near);
    far.pause();
    record(far);
    // The system's own buffers take megabytes before anything stays here.
    for (; near.bufferedBytes < 1_000_000; await turns(5)) near.write(new Uint8Array(500_000));
    const closing = near.close();
    await clock.advance(2_000);
    await closing;
    await a.until(() => a.events.at(-1) === 'closed');
    assert.equal(a.error?.code, 'TIMEOUT');
  });

  define('close cuts a peer that goes on sending', async (near, far) => {
    const a = record(near);
    const b = record(far);
    const closing = near.close();
    await b.until(() => b.events.includes('ended'));
    const chunk = new Uint8Array(65_536);
    let sent = 0;
    for (; near.state !== 'closed' && sent < 32 * 1_048_576; sent += chunk.length) {
      far.write(chunk);
      await turns(2);
    }
    await closing;
    assert.ok(sent < 32 * 1_048_576, 'it was listened to without a bound');
    await a.until(() => a.events.includes('closed'));
    assert.equal(a.error, undefined, 'all was sent: nothing failed');
  });

  define('is closed by a destroy in the middle of a close', async (near, far) => {
    const a = record(near);
    record(far);
    near.write(text.encode('x'));
    const closing = near.close();
    near.destroy();
    await closing;
    assert.equal(near.state, 'closed');
    await a.until(() => a.events.at(-1) === 'closed');
  });

  define('close and destroy are idempotent, and closed comes once', async (near, far) => {
    const [a, b] = [record(near), record(far)];
    b.onEnded = () => void far.close();
    await Promise.all([near.close(), near.close()]);
    near.destroy();
    near.destroy();
    await near.close();
    await near[Symbol.asyncDispose]();
    await a.until(() => a.events.includes('closed'));
    await turns(5);
    assert.deepEqual(a.events, ['closed']);
  });

  define('destroy gives its reason here and a failure there', async (near, far) => {
    const [a, b] = [record(near), record(far)];
    b.onEnded = () => void far.close();
    const scope = createScope();
    scope.end();
    let reason: RoundhouseError | undefined;
    scope.onEnd((value) => {
      reason = value;
    });
    near.destroy(reason);
    await a.until(() => a.events.includes('closed'));
    await b.until(() => b.events.includes('closed'));
    assert.equal(a.error, reason);
    if (tellsCutFromEnd) {
      assert.equal(b.error?.code, 'CONNECTION_LOST');
      assert.deepEqual(b.events, ['closed']);
    }
  });

  define('writing after the end is harmless', async (near, far) => {
    const [a, b] = [record(near), record(far)];
    b.onEnded = () => void far.close();
    near.destroy();
    assert.equal(near.write(text.encode('x')), false);
    await a.until(() => a.events.includes('closed'));
    await b.until(() => b.events.includes('closed'));
    for (const end of [near, far]) {
      assert.equal(end.write(text.encode('x')), false);
      end.pause();
      end.resume();
      assert.equal(end.state, 'closed');
    }
  });

  define('start on a closed transport still tells closed, after it returns', async (near, far) => {
    far.destroy();
    await near.close();
    const a = record(near);
    assert.deepEqual(a.events, []);
    await a.until(() => a.events.includes('closed'));
  });

  define('write answers false above the high-water mark and drained follows', async (near, far) => {
    const a = record(near);
    far.pause();
    const b = record(far);
    let written = 0;
    for (let isBelow = true; isBelow && written < 100_000_000; written += 65_536)
      isBelow = near.write(new Uint8Array(65_536));
    assert.ok(near.bufferedBytes > 0);
    assert.ok(!a.events.includes('drained'));
    far.resume();
    await a.until(() => a.events.includes('drained'));
    await b.until(() => b.length === written);
    assert.equal(near.bufferedBytes, 0);
  });

  define(
    'tells once of each write that its bytes are needed no more, so that they may be used again',
    async (near, far) => {
      record(near);
      const b = record(far);
      const memory = new Uint8Array(50_000);
      const rounds = 40;
      let told = 0;
      for (let round = 0; round < rounds; round++) {
        memory.fill(round);
        const isTold = Promise.withResolvers<void>();
        let hasReturned = false;
        near.write(memory, () => {
          assert.ok(hasReturned, 'told before write had returned');
          told++;
          isTold.resolve();
        });
        hasReturned = true;
        await isTold.promise;
        memory.fill(0xee);
      }
      await b.until(() => b.length === rounds * memory.length);
      assert.equal(told, rounds);
      assert.ok(b.bytes.every((byte, index) => byte === Math.floor(index / memory.length)));
    },
  );

  define('tells of bytes that are lost as well', async (near, far) => {
    const a = record(near);
    far.pause();
    record(far);
    const told: number[] = [];
    let writes = 0;
    for (; near.bufferedBytes < 1_000_000; await turns(5)) {
      const id = writes++;
      near.write(new Uint8Array(500_000), () => told.push(id));
    }
    near.destroy();
    await a.until(() => a.events.includes('closed'));
    near.write(text.encode('x'), () => told.push(writes));
    assert.ok(!told.includes(writes), 'told before write had returned');
    await turns(5);
    assert.deepEqual(
      told,
      Array.from({ length: writes + 1 }, (_, id) => id),
    );
  });

  define(
    'cuts off a peer that does not read',
    async (near, far) => {
      const a = record(near);
      far.pause();
      record(far);
      for (let blocks = 0; near.state === 'open' && blocks < 1_000; blocks++) {
        near.write(new Uint8Array(100_000));
        if (blocks % 10 === 0) await turns(1);
      }
      await a.until(() => a.events.includes('closed'));
      assert.equal(a.error?.code, 'WRITE_OVERFLOW');
    },
    { maxBufferedBytes: 1_000_000 },
  );

  define('pause holds delivery back, also when called from data', async (near, far) => {
    record(near);
    const b = record(far);
    b.onData = () => far.pause();
    near.write(text.encode('one'));
    await b.until(() => b.text === 'one');
    near.write(text.encode('two'));
    await turns(20);
    assert.equal(b.text, 'one');
    b.onData = () => {};
    far.resume();
    await b.until(() => b.text === 'onetwo');
  });

  define('a handler that throws costs this transport alone', async (near, far) => {
    const [a, b] = [record(near), record(far)];
    a.onEnded = () => void near.close();
    b.onData = () => {
      throw new Error('bug');
    };
    near.write(text.encode('x'));
    await b.until(() => b.events.includes('closed'));
    await a.until(() => a.events.includes('closed'));
    assert.equal(b.error?.code, 'INTERNAL');
    assert.match(String(b.error?.message), /bug/);
  });

  define('nothing but closed follows a destroy from inside data', async (near, far) => {
    record(near);
    const b = record(far);
    b.onData = () => far.destroy();
    near.write(text.encode('x'));
    near.write(new Uint8Array(300_000));
    await b.until(() => b.events.includes('closed'));
    assert.deepEqual(b.events, ['data', 'closed']);
  });

  define('an upgrade on a closed transport is refused', async (near, far) => {
    record(far).onEnded = () => void far.close();
    await near.close();
    await assert.rejects(near.upgradeTls({}, createScope()), { code: 'CONNECTION_CLOSED' });
  });

  define('takes one handler only', async (near) => {
    record(near);
    assert.throws(() => record(near), { code: 'INTERNAL' });
  });

  return cases;
}

/** Notes what a transport tells. */
class Recorder {
  readonly transport: Transport;
  /** Repetitions of `data` are noted once. */
  readonly events: string[] = [];
  error: RoundhouseError | undefined;
  onData: () => void = () => {};
  onEnded: () => void = () => {};
  readonly #chunks: Buffer[] = [];

  constructor(transport: Transport) {
    this.transport = transport;
    transport.start({
      data: (chunk) => {
        if (this.events.at(-1) !== 'data') this.events.push('data');
        this.#chunks.push(Buffer.from(chunk));
        this.onData();
      },
      ended: () => {
        this.events.push('ended');
        this.onEnded();
      },
      closed: (error) => {
        this.events.push('closed');
        this.error = error;
      },
      drained: () => this.events.push('drained'),
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get length(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  get text(): string {
    return this.bytes.toString();
  }

  /** Turns the event loop until the condition holds; the runner's time-out is the deadline. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await turns(1);
      if (this.events.includes('closed') && !condition()) {
        throw new Error(`closed (${this.error?.code ?? 'no error'}) before what was waited for`, { cause: this.error });
      }
    }
  }
}

function record(transport: Transport): Recorder {
  return new Recorder(transport);
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
