import assert from 'node:assert/strict';
import { createScope, type RoundhouseError, type Scope } from '@roundhouse/core';
import {
  type Drainable,
  NetError,
  type NetRuntime,
  type Timeouts,
  type TlsClientOptions,
  type TlsServerOptions,
} from '@roundhouse/net';
import type { CertificateAuthority } from '../certificate.ts';
import type { ComplianceCase } from '../transportCompliance.ts';
import { type Failure, Stand, TIMEOUTS } from './stand.ts';
import { type Fate, FLOOD_BYTES, type WireShape } from './wire.ts';

export type TlsMode = 'implicit' | 'starttls';

export interface ClientConnect {
  readonly host: string;
  readonly port: number;
  /** Undefined: in the clear. */
  readonly tls?: { readonly mode: TlsMode; readonly options: TlsClientOptions };
  readonly timeouts: Timeouts;
}

/** A client that is connected, and one request that it may make: small, idempotent, answered by the peer at once. */
export interface ConnectedClient {
  readonly session: Drainable;
  readonly request: (scope: Scope) => Promise<unknown>;
}

export interface RightPeerOptions {
  readonly tls?: { readonly mode: TlsMode; readonly options: TlsServerOptions };
}

/** A server that does all right, on the network of the runtime. */
export interface Peer {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** A client module, as the contract sees it. */
export interface ClientSubject {
  readonly protocol: string;
  /** Protocols that its facts may name, when it lies on others. Default: its own. */
  readonly protocols?: readonly string[];
  readonly connect: (options: ClientConnect, scope: Scope, runtime: NetRuntime) => Promise<ConnectedClient>;
  readonly startPeer: (options: RightPeerOptions, runtime: NetRuntime) => Promise<Peer>;
  readonly tlsModes: readonly TlsMode[];
  /** Whether there is none of it in the clear: then all cases run over TLS. */
  readonly isAlwaysTls?: boolean;
  /** Whether a request that is given up takes its connection along, since nobody knows what the next answer belongs to. */
  readonly isExclusive: boolean;
  /** With `starttls`: what a peer that does not offer it hears, e.g. nothing behind its EHLO. Bytes that may not leave. */
  readonly secret?: string;
}

const FLOOD_BOUND = 33_554_432;
/** Byte positions at which a connection meets its fate: all of a short exchange, a sample of a long one. */
const MAX_POSITIONS = 24;

/**
 * What every client must do, whatever it speaks. For a test runner: one test a case. `authority` issues the
 * certificates.
 */
export function clientContract(subject: ClientSubject, authority: () => CertificateAuthority): ComplianceCase[] {
  const cases: ComplianceCase[] = [];
  const { isAlwaysTls = false, protocol, protocols = [protocol] } = subject;
  let made: DefaultTls | undefined;
  const always = (): DefaultTls => (made ??= { server: authority().issue(), client: { ca: authority().cert } });
  const newTrial = (): Trial => new Trial(subject, isAlwaysTls ? always() : undefined);
  const define = (title: string, run: (trial: Trial) => Promise<void>): void => {
    cases.push({
      title,
      run: async () => {
        await using trial = newTrial();
        await run(trial);
        await trial.finish();
      },
    });
  };

  define('connects, asks, is drained, and tells of it', async (trial) => {
    const { session, request } = await trial.connect();
    assert.equal(session.state, 'open');
    await trial.stand.succeed(request(createScope({ clock: trial.stand.clock })));
    const report = await trial.stand.succeed(session.drain());
    assert.equal(report.cut, 0);
    assert.equal(session.state, 'closed');
    assert.deepEqual(await session.closed, { by: 'local' });
    const told = new Set(trial.stand.facts.map(({ type }) => type));
    for (const type of ['connectionOpened', 'operationStarted', 'operationEnded', 'connectionClosed'] as const) {
      assert.ok(told.has(type), `${type} was not told`);
    }
    for (const fact of trial.stand.facts) {
      assert.ok(protocols.includes(fact.protocol), `${fact.type} is told of ${fact.protocol}`);
      assert.equal(fact.role, 'client');
      if ('code' in fact) assert.equal(fact.code, null, `${fact.type} has the code ${fact.code}`);
    }
    assert.ok(trial.stand.spans.some(({ name }) => name.startsWith(`net.${protocol}.`)));
  });

  define('reads what comes byte by byte', async (trial) => {
    const { session, request } = await trial.connect({ isBytewise: true });
    await trial.stand.succeed(request(createScope({ clock: trial.stand.clock })));
    await trial.stand.succeed(session.drain());
  });

  define('is refused with a code where nobody listens', async (trial) => {
    await trial.stopPeer();
    const { error } = await trial.stand.fail(trial.exchange());
    assert.equal(error.code, 'CONNECT_REFUSED');
    assert.ok(error instanceof NetError && error.sent === 'none');
  });

  const fates: Readonly<Record<Fate, (failure: Failure, trial: Trial) => void>> = {
    reset: ({ error }) => assertNetError(error),
    end: ({ error }) => assertNetError(error),
    garbage: ({ error }) => assertNetError(error),
    silence: ({ error }) => assert.equal(error.code, 'TIMEOUT'),
    flood: (_failure, { stand }) => {
      const taken = Math.max(...stand.tap.wires.map(({ flooded }) => flooded));
      assert.ok(taken <= FLOOD_BOUND && taken < FLOOD_BYTES, `it took ${taken} bytes of a line that never ends`);
    },
  };
  for (const [fate, check] of Object.entries(fates) as [Fate, (typeof fates)[Fate]][]) {
    define(`fails with a code, in time, and lets go when the peer meets its fate anywhere: ${fate}`, async () => {
      for (const after of await positions(newTrial)) {
        await using trial = newTrial();
        await trial.start();
        trial.stand.tap.shape = { fate, after };
        const outcome = await trial.stand.drive(trial.exchange());
        // An answer that was complete before may be taken as one.
        if ('error' in outcome) {
          const longest = TIMEOUTS.connectMs + TIMEOUTS.tlsMs + TIMEOUTS.greetingMs + TIMEOUTS.requestMs;
          assert.ok(outcome.elapsedMs <= longest, `after ${after} bytes it took ${outcome.elapsedMs} ms`);
          check(outcome, trial);
        }
        await trial.finish();
      }
    });
  }

  define('lets go at once when it is given up, wherever it is', async () => {
    for (const after of await positions(newTrial)) {
      await using trial = newTrial();
      await trial.start();
      trial.stand.tap.shape = { fate: 'silence', after };
      const scope = createScope({ clock: trial.stand.clock });
      const pending = trial.exchange(scope);
      pending.catch(() => {});
      await trial.stand.quiet();
      scope.end();
      const outcome = await trial.stand.drive(pending);
      if ('error' in outcome) {
        assert.equal(outcome.error.code, 'CANCELLED');
        assert.equal(outcome.elapsedMs, 0, `after ${after} bytes it took ${outcome.elapsedMs} ms to give up`);
      }
      await trial.finish();
    }
  });

  define('knows what to do with a connection whose request was given up', async (trial) => {
    const { session, request } = await trial.connect();
    trial.mute();
    const scope = createScope({ clock: trial.stand.clock });
    const pending = request(scope);
    pending.catch(() => {});
    await trial.stand.quiet();
    scope.end();
    await trial.stand.fail(pending);
    await trial.stand.quiet();
    if (subject.isExclusive) assert.equal(trial.stand.tap.open, 0, 'the connection is kept');
    else {
      trial.unmute();
      await trial.stand.succeed(request(createScope({ clock: trial.stand.clock })));
    }
    session.abort();
  });

  define('does not begin when its scope is over', async (trial) => {
    const scope = createScope({ clock: trial.stand.clock });
    scope.end();
    const { error } = await trial.stand.fail(trial.exchange(scope));
    assert.equal(error.code, 'CANCELLED');
    assert.equal(trial.stand.tap.wires.length, 0, 'it dialled');
  });

  define('says so when the peer is lost while nothing is under way, and refuses work', async (trial) => {
    const { session, request } = await trial.connect();
    await trial.stand.succeed(request(createScope({ clock: trial.stand.clock })));
    for (const wire of trial.stand.tap.wires) {
      wire.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' }));
    }
    await trial.stand.quiet();
    if (session.state === 'open') return;
    assert.equal((await session.closed).by, 'remote');
    const { error } = await trial.stand.fail(request(createScope({ clock: trial.stand.clock })));
    assert.equal(error.code, 'CONNECTION_CLOSED');
  });

  define('cuts what is under way when it is aborted, once', async (trial) => {
    const { session, request } = await trial.connect();
    trial.mute();
    const pending = request(createScope({ clock: trial.stand.clock }));
    pending.catch(() => {});
    await trial.stand.quiet();
    session.abort();
    session.abort();
    const { error, elapsedMs } = await trial.stand.fail(pending);
    assert.equal(error.code, 'CANCELLED');
    assert.equal(elapsedMs, 0);
    assert.equal(session.state, 'closed');
    assert.deepEqual(await session.drain(), { finished: 0, cut: 0, elapsedMs: 0 });
  });

  define('cuts what is not over when the time of its drain is', async (trial) => {
    const { session, request } = await trial.connect();
    trial.mute();
    const pending = request(createScope({ clock: trial.stand.clock }));
    pending.catch(() => {});
    await trial.stand.quiet();
    const draining = session.drain({ timeoutMs: 500 });
    const refused = await trial.stand.fail(request(createScope({ clock: trial.stand.clock })));
    assert.equal(refused.error.code, 'DRAINING');
    const report = await trial.stand.succeed(draining);
    assert.equal(report.cut, 1);
    assert.equal(report.elapsedMs, 500);
    await trial.stand.fail(pending);
  });

  for (const mode of subject.tlsModes) {
    const tls = { mode, options: () => ({ ca: authority().cert }) };
    define(`speaks TLS (${mode}) to a peer whose certificate is good`, async (trial) => {
      await trial.start({ tls: { mode, options: authority().issue() } });
      await trial.stand.succeed(trial.exchange(undefined, { mode, options: tls.options() }));
      const bytes = Buffer.concat(trial.stand.tap.wires[0]?.sent ?? []);
      assert.ok(bytes.includes(Buffer.of(0x16, 0x03)), 'there is no TLS handshake on the wire');
      if (subject.secret !== undefined) assert.ok(!bytes.includes(subject.secret), 'a secret went in the clear');
    });

    const bad: Readonly<
      Record<string, () => { readonly server: TlsServerOptions; readonly client: TlsClientOptions }>
    > = {
      TLS_UNTRUSTED: () => ({ server: authority().issue(), client: {} }),
      TLS_EXPIRED: () => ({ server: authority().issue({ isExpired: true }), client: tls.options() }),
      TLS_NAME_MISMATCH: () => ({
        server: authority().issue({ names: ['DNS:other.example'] }),
        client: tls.options(),
      }),
      TLS_PIN_MISMATCH: () => ({ server: authority().issue(), client: { ...tls.options(), pins: ['no key'] } }),
    };
    for (const [code, make] of Object.entries(bad)) {
      define(`refuses a peer (${mode}) with ${code}`, async (trial) => {
        const { server, client } = make();
        await trial.start({ tls: { mode, options: server } });
        const { error } = await trial.stand.fail(trial.exchange(undefined, { mode, options: client }));
        assert.equal(error.code, code);
        if (subject.secret !== undefined) {
          const bytes = Buffer.concat(trial.stand.tap.wires[0]?.sent ?? []);
          assert.ok(!bytes.includes(subject.secret), 'a secret went in the clear');
        }
      });
    }

    define(`does not go on in the clear with a peer that has no TLS (${mode})`, async (trial) => {
      await trial.start({});
      const { error } = await trial.stand.fail(trial.exchange(undefined, { mode, options: tls.options() }));
      assert.ok(error.code.startsWith('TLS_') || error.code === 'TIMEOUT', `it failed with ${error.code}`);
      if (mode === 'starttls') assert.equal(error.code, 'TLS_REFUSED');
      const bytes = Buffer.concat(trial.stand.tap.wires[0]?.sent ?? []);
      if (subject.secret !== undefined) assert.ok(!bytes.includes(subject.secret), 'a secret went in the clear');
    });
  }

  return cases;
}

/** Both ends of the TLS of a protocol that is never without. */
interface DefaultTls {
  readonly server: TlsServerOptions;
  readonly client: TlsClientOptions;
}

/** One client and its peer. */
class Trial implements AsyncDisposable {
  readonly stand = new Stand();
  readonly #subject: ClientSubject;
  readonly #tls: DefaultTls | undefined;
  #peer: Peer | undefined;
  #client: ConnectedClient | undefined;

  constructor(subject: ClientSubject, tls: DefaultTls | undefined) {
    this.#subject = subject;
    this.#tls = tls;
  }

  async start(options?: RightPeerOptions): Promise<void> {
    const right = this.#tls === undefined ? {} : { tls: { mode: 'implicit', options: this.#tls.server } as const };
    this.#peer ??= await this.#subject.startPeer(options ?? right, this.stand.peerRuntime);
  }

  async stopPeer(): Promise<void> {
    await this.start();
    await this.#peer?.close();
  }

  /** A client that has to come to stand. */
  async connect(shape: WireShape = {}): Promise<ConnectedClient> {
    await this.start();
    this.stand.tap.shape = shape;
    return this.stand.succeed(this.#connect(createScope({ clock: this.stand.clock })));
  }

  /** Connects, asks once, drains. */
  async exchange(scope: Scope = createScope({ clock: this.stand.clock }), tls?: ClientConnect['tls']): Promise<void> {
    await this.start();
    const { session, request } = await this.#connect(scope, tls);
    try {
      await request(scope);
    } finally {
      session.abort();
    }
  }

  /** From now on nothing comes from the peer. */
  mute(): void {
    for (const wire of this.stand.tap.wires) wire.mute();
    this.stand.tap.shape = { fate: 'silence', after: 0 };
  }

  /** What has not come meanwhile comes now. */
  unmute(): void {
    for (const wire of this.stand.tap.wires) wire.unmute();
    this.stand.tap.shape = {};
  }

  async finish(): Promise<void> {
    this.#client?.session.abort();
    await this.#peer?.close();
    await this.stand.checkNothingIsLeft();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client?.session.abort();
    await this.#peer?.close();
  }

  async #connect(scope: Scope, given?: ClientConnect['tls']): Promise<ConnectedClient> {
    const port = this.#peer?.port ?? 0;
    const tls = given ?? (this.#tls && { mode: 'implicit', options: this.#tls.client });
    const options = { host: 'localhost', port, timeouts: TIMEOUTS, ...(tls !== undefined && { tls }) };
    this.#client = await this.#subject.connect(options, scope, this.stand.runtime);
    return this.#client;
  }
}

/** Where in what a good peer sends a connection may meet its fate. */
async function positions(newTrial: () => Trial): Promise<readonly number[]> {
  await using trial = newTrial();
  await trial.start();
  await trial.stand.succeed(trial.exchange());
  const total = Math.max(...trial.stand.tap.wires.map(({ fromPeer }) => fromPeer));
  if (total <= MAX_POSITIONS) return Array.from({ length: total }, (_, at) => at);
  return Array.from({ length: MAX_POSITIONS }, (_, index) => Math.floor((index * (total - 1)) / (MAX_POSITIONS - 1)));
}

function assertNetError(error: RoundhouseError): void {
  assert.ok(error instanceof NetError, `it failed with ${error.code}, which is not of the network`);
  assert.notEqual(error.peer, null, `${error.code} does not name the peer`);
}
