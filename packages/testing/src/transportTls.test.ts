import { createScope, type RoundhouseError, type Scope } from '@roundhouse/core';
import {
  type ConnectPhase,
  connectTcp,
  createMemoryPair,
  type Listener,
  listen,
  type TlsClientOptions,
  type TlsServerOptions,
  type Transport,
} from '@roundhouse/net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from './certificate.ts';
import { FakeClock } from './clock.ts';

const authority = createCertificateAuthority('Ours');
const stranger = createCertificateAuthority('Somebody Else');
const server = authority.issue();
const clientCertificate = authority.issue({ use: 'client', commonName: 'operator' });
const trust: TlsClientOptions = { ca: authority.cert };

let scope: Scope;
let listener: Listener | undefined;
let accepted: PromiseWithResolvers<Transport>;
let clientErrors: RoundhouseError[];

beforeEach(() => {
  scope = createScope();
  accepted = Promise.withResolvers();
  clientErrors = [];
});

afterEach(() => {
  listener?.destroy();
  listener = undefined;
  scope.end();
});

async function serve(tls?: TlsServerOptions, extra: { tlsTimeoutMs?: number; scope?: Scope } = {}): Promise<number> {
  // An error may come after the test: it belongs to this listener's list.
  const errors = clientErrors;
  listener = await listen(
    {
      host: '127.0.0.1',
      port: 0,
      ...(tls && { tls }),
      ...(extra.tlsTimeoutMs !== undefined && { tlsTimeoutMs: extra.tlsTimeoutMs }),
      onClientError: (error) => errors.push(error),
    },
    accepted.resolve,
    extra.scope ?? scope,
  );
  return listener.port;
}

function dial(port: number, tls?: TlsClientOptions, host = '127.0.0.1'): Promise<Transport> {
  return connectTcp({ host, port, ...(tls && { tls }) }, scope);
}

async function failure(promise: Promise<unknown>): Promise<RoundhouseError> {
  return promise.then(
    () => expect.unreachable('it did not fail'),
    (error: RoundhouseError) => error,
  );
}

/** Resolves with the error that ended the transport. */
function ending(transport: Transport): Promise<RoundhouseError | undefined> {
  return new Promise((resolve) => {
    transport.start({ data() {}, ended: () => void transport.close(), closed: resolve });
  });
}

async function turnsUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe('TLS client', () => {
  it('tells the facts of a verified session and each phase', async () => {
    const port = await serve(server);
    const phases: ConnectPhase[] = [];
    const transport = await connectTcp({ host: 'localhost', port, tls: trust }, scope, {
      onPhase: (phase) => phases.push(phase),
    });
    expect(phases).toEqual(['resolve', 'connect', 'tls']);
    expect(transport.tls).toMatchObject({
      protocol: 'TLSv1.3',
      cipher: expect.stringMatching(/^TLS_/),
      verified: true,
      certificate: { subject: 'CN=server', issuer: 'CN=Ours', names: ['localhost', '127.0.0.1'] },
    });
  });

  it('refuses a private authority it was not given, and says which and what to do', async () => {
    const error = await failure(dial(await serve(server), {}));
    expect(error).toMatchObject({ code: 'TLS_UNTRUSTED', phase: 'tls', details: { issuer: 'CN=Ours' } });
    expect(error.message).toContain('issuer CN=Ours');
    expect(error.hint).toContain('`ca`');
  });

  it('refuses a certificate of another authority than the one given', async () => {
    expect(await failure(dial(await serve(server), { ca: stranger.cert }))).toMatchObject({ code: 'TLS_UNTRUSTED' });
  });

  it('refuses an expired certificate and says when it ended', async () => {
    const error = await failure(dial(await serve(authority.issue({ isExpired: true })), trust));
    expect(error).toMatchObject({ code: 'TLS_EXPIRED', details: { valid_to: expect.stringMatching(/GMT$/) } });
  });

  it('refuses a certificate for another name and says which names it has', async () => {
    const port = await serve(authority.issue({ names: ['DNS:host.example', 'DNS:other.example'] }));
    expect(await failure(dial(port, trust))).toMatchObject({
      code: 'TLS_NAME_MISMATCH',
      details: { names: 'host.example, other.example', expected: '127.0.0.1' },
    });
    const transport = await dial(port, { ...trust, serverName: 'host.example' });
    expect(transport.tls?.verified).toBe(true);
  });

  it('goes on unverified only when told so', async () => {
    const transport = await dial(await serve(server), { verify: false });
    expect(transport.tls).toMatchObject({ verified: false, certificate: { issuer: 'CN=Ours' } });
  });

  it('names a peer that does not speak TLS', async () => {
    const port = await serve();
    void accepted.promise.then((transport) => {
      transport.start({ data: () => void transport.write(Buffer.from('220 hello\r\n')), ended() {}, closed() {} });
    });
    const error = await failure(dial(port, trust));
    expect(error).toMatchObject({ code: 'TLS_PROTOCOL', phase: 'tls', sent: 'none' });
    expect(error.message).toContain('does not speak TLS');
  });

  it('names a peer that hangs up in the handshake', async () => {
    const port = await serve();
    void accepted.promise.then((transport) => transport.close());
    expect(await failure(dial(port, trust))).toMatchObject({ code: 'TLS_PROTOCOL', phase: 'tls' });
  });

  it('does not speak a version below the minimum', async () => {
    const port = await serve({ ...server, minVersion: 'TLSv1.3' });
    const transport = await dial(port, { ...trust, minVersion: 'TLSv1.3' });
    expect(transport.tls?.protocol).toBe('TLSv1.3');
  });

  it('names certificates and keys that are no use', async () => {
    const port = await serve(server);
    expect(await failure(dial(port, { ...trust, cert: 'x', key: 'y' }))).toMatchObject({
      code: 'TLS_MATERIAL_INVALID',
    });
    expect(await failure(dial(port, { ...trust, cert: server.cert }))).toMatchObject({ code: 'TLS_MATERIAL_INVALID' });
    const mixed = { cert: server.cert, key: clientCertificate.key };
    expect(await failure(serve(mixed))).toMatchObject({ code: 'TLS_MATERIAL_INVALID' });
  });

  it('gives up a silent peer at the deadline, in phase tls', async () => {
    const port = await serve();
    const clock = new FakeClock();
    using limited = createScope({ clock, timeoutMs: 5_000 });
    const dialling = failure(connectTcp({ host: '127.0.0.1', port, tls: trust }, limited));
    await accepted.promise;
    await clock.advance(5_000);
    expect(await dialling).toMatchObject({ code: 'TIMEOUT', phase: 'tls', details: { timeout_ms: 5_000 } });
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('client certificates', () => {
  const demanding: TlsServerOptions = { ...server, clientCa: authority.cert };

  it('are checked against the authority of the listener', async () => {
    const port = await serve(demanding);
    await dial(port, { ...trust, ...clientCertificate });
    const transport = await accepted.promise;
    expect(transport.tls).toMatchObject({ verified: true, certificate: { subject: 'CN=operator', issuer: 'CN=Ours' } });
  });

  it.each(['absent', 'of a stranger'])('that are %s keep the client out, and both sides learn why', async (kind) => {
    const port = await serve(demanding);
    const own = kind === 'absent' ? {} : stranger.issue({ use: 'client' });
    // In TLS 1.3 the client has finished before the server has looked.
    const error = await dial(port, { ...trust, ...own }).then(ending, (failed: RoundhouseError) => failed);
    await turnsUntil(() => clientErrors.length > 0);
    expect(clientErrors).toMatchObject([{ code: 'TLS_CLIENT_CERTIFICATE', phase: 'tls' }]);
    if (kind === 'absent') expect(error).toMatchObject({ code: 'TLS_CLIENT_CERTIFICATE', phase: 'tls' });
    expect(listener?.connections.size).toBe(0);
  });
});

describe('TLS listener', () => {
  it('survives garbage, a hang-up and a reset, and serves the next client', async () => {
    const port = await serve(server);
    const garbage = await dial(port);
    const afterGarbage = ending(garbage);
    garbage.write(Buffer.from('GET / HTTP/1.0\r\n\r\n'));
    await afterGarbage;
    await (await dial(port)).close();
    (await dial(port)).destroy();
    await turnsUntil(() => clientErrors.length === 3);
    expect(clientErrors.map(({ code }) => code)).toEqual(['TLS_PROTOCOL', 'TLS_PROTOCOL', 'TLS_PROTOCOL']);
    expect((await dial(port, trust)).tls?.verified).toBe(true);
  });

  it('cuts a client that does not finish its handshake', async () => {
    const clock = new FakeClock();
    const port = await serve(server, { tlsTimeoutMs: 3_000, scope: createScope({ clock }) });
    const silent = ending(await dial(port));
    await turnsUntil(() => listener?.connections.size === 1);
    await clock.advance(3_000);
    expect(clientErrors).toMatchObject([{ code: 'TIMEOUT', phase: 'tls' }]);
    await silent;
    await turnsUntil(() => listener?.connections.size === 0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('tells of a client that does not accept its certificate', async () => {
    const port = await serve(server);
    await failure(dial(port, { ca: stranger.cert }));
    await turnsUntil(() => clientErrors.length === 1);
    expect(clientErrors).toMatchObject([{ code: 'TLS_PROTOCOL', phase: 'tls' }]);
  });
});

describe('STARTTLS', () => {
  it.each(['TCP', 'memory'])(
    'goes on in TLS after plain text, with early handshake bytes given back (%s)',
    async (kind) => {
      let near: Transport;
      let far: Transport;
      if (kind === 'TCP') {
        near = await dial(await serve(), undefined, 'localhost');
        far = await accepted.promise;
      } else [near, far] = createMemoryPair();
      const heard: string[] = [];
      const secured = Promise.withResolvers<void>();
      far.start({
        data(chunk) {
          const text = Buffer.from(chunk).toString('latin1');
          if (far.tls !== null) return void heard.push(text);
          // The agreement is five bytes; the ClientHello may stand behind it in the same chunk.
          heard.push(text.slice(0, 5));
          const options = { role: 'server', ...server } as const;
          far.upgradeTls(options, scope, chunk.subarray(5)).then(secured.resolve, secured.reject);
        },
        ended: () => void far.close(),
        closed() {},
      });
      near.start({
        data: (chunk) => void heard.push(`near ${Buffer.from(chunk).toString()}`),
        ended() {},
        closed() {},
      });
      near.write(Buffer.from('start'));
      await near.upgradeTls(trust, scope);
      await secured.promise;
      expect(near.tls?.verified).toBe(true);
      expect(far.tls?.protocol).toBe('TLSv1.3');
      near.write(Buffer.from('secret'));
      await turnsUntil(() => heard.length === 2);
      far.write(Buffer.from('answer'));
      await turnsUntil(() => heard.length === 3);
      expect(heard).toEqual(['start', 'secret', 'near answer']);
      await near.close();
    },
  );

  it('delivers nothing until whoever waits for the upgrade has gone on', async () => {
    const [near, far] = createMemoryPair();
    const order: string[] = [];
    near.start({ data: () => void order.push('data'), ended() {}, closed() {} });
    const serving = far.upgradeTls({ role: 'server', ...server }, scope).then(() => far.write(Buffer.from('x')));
    await near.upgradeTls(trust, scope);
    order.push('upgraded');
    await serving;
    await turnsUntil(() => order.length === 2);
    expect(order).toEqual(['upgraded', 'data']);
    near.destroy();
  });

  it('closes the transport with the error of a failed upgrade', async () => {
    const [near, far] = createMemoryPair();
    const closed = ending(near);
    far.upgradeTls({ role: 'server', ...server }, scope).catch(() => {});
    const error = await failure(near.upgradeTls({}, scope));
    expect(error).toMatchObject({ code: 'TLS_UNTRUSTED', phase: 'tls', peer: 'memory:2' });
    expect(await closed).toBe(error);
    expect(near.state).toBe('closed');
  });

  it('ends with its scope, in the middle', async () => {
    const [near] = createMemoryPair();
    const upgrading = failure(near.upgradeTls(trust, scope));
    scope.end();
    expect(await upgrading).toMatchObject({ code: 'CANCELLED' });
    expect(near.state).toBe('closed');
  });

  it('drops what is written meanwhile and refuses a second layer', async () => {
    const [near, far] = createMemoryPair();
    const upgrading = Promise.all([
      near.upgradeTls(trust, scope),
      far.upgradeTls({ role: 'server', ...server }, scope),
    ]);
    expect(near.write(Buffer.from('plain'))).toBe(false);
    await upgrading;
    expect(await failure(near.upgradeTls(trust, scope))).toMatchObject({ code: 'NOT_SUPPORTED' });
    expect(near.state).toBe('open');
    near.destroy();
  });
});
