import { createServer, type Http2Server } from 'node:http2';
import { createScope, type Scope } from '@roundhouse/core';
import { createMemoryNetwork, createRuntime, duplexOf, type NetRuntime, type TlsServerOptions } from '@roundhouse/net';
import { type CertificateAuthority, createCertificateAuthority, FakeClock } from '@roundhouse/testing';
import { resolveEndpoint } from '@roundhouse/traffic';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { serveDns } from '../dns/server/server.ts';
import { parseZone } from '../dns/zone/text.ts';
import { serveGrpc } from '../grpc/index.ts';
import { serveSmtp } from '../smtp/serve.ts';
import { echo } from '../websocket/echo.fixture.ts';
import { serveWebSocket } from '../websocket/server.ts';
import { createUrlProbe, PROBE_SCHEMES, probeUrl, type ProbeOptions, type ProbeReport } from './index.ts';
import { readProbeUrl } from './probeUrl.ts';

let authority: CertificateAuthority;
let tls: TlsServerOptions;
let clock: FakeClock;
let runtime: NetRuntime;
let scope: Scope;

beforeAll(() => {
  authority = createCertificateAuthority();
  tls = authority.issue();
});
beforeEach(() => {
  clock = new FakeClock(Date.now());
  const { dialer, listen, datagrams } = createMemoryNetwork();
  runtime = createRuntime({ clock, dialer, listen, datagrams });
  scope = createScope({ clock });
});
afterEach(async () => {
  scope.end();
  await clock.advance(60_000);
  expect(clock.pendingTimers).toBe(0);
});

const probe = (url: string, options: ProbeOptions = {}): Promise<ProbeReport> =>
  probeUrl(url, { tls: { ca: authority.cert }, ...options }, scope, runtime);
const names = ({ phases }: ProbeReport): string[] => phases.map(({ name }) => name);

/** Answers whatever comes, or speaks first; null says nothing. */
async function listen(
  answer: string | null,
  { tls: own, speaksFirst = false }: { tls?: TlsServerOptions; speaksFirst?: boolean } = {},
): Promise<number> {
  const listener = await runtime.listen(
    { host: 'localhost', port: 0, ...(own && { tls: own }) },
    (transport) => {
      const stream = duplexOf(transport);
      if (speaksFirst) stream.write(answer);
      else stream.on('data', () => void (answer !== null && stream.write(answer)));
    },
    scope,
  );
  return listener.port;
}

describe('a probe', () => {
  it('tells how long each phase took, and facts', async () => {
    const port = await listen('HTTP/1.1 200 OK\r\nServer: test\r\n\r\n', { tls });
    const report = await probe(`https://localhost:${port}/health?x=1`);
    expect(report).toMatchObject({
      outcome: 'ok',
      facts: { status: 200, server: 'test', tls_version: 'TLSv1.3', certificate_days_left: 1 },
    });
    expect(names(report)).toEqual(['connect', 'tls', 'request']);
    expect(report.phases.every(({ ok, elapsedMs }) => ok && elapsedMs >= 0)).toBe(true);
    expect(report).not.toHaveProperty('error');
  });

  it.each<[scheme: string, phases: string[]]>([
    ['tcp', ['connect']],
    ['tls', ['connect', 'tls']],
  ])('of %s connects and leaves', async (scheme, phases) => {
    const port = await listen(null, scheme === 'tls' ? { tls } : {});
    const report = await probe(`${scheme}://localhost:${port}`);
    expect(report.outcome).toBe('ok');
    expect(names(report)).toEqual(phases);
  });

  it.each(['ws', 'wss'])('of %s makes a handshake, has a ping answered, and takes leave', async (scheme) => {
    await using server = await serveWebSocket(scheme === 'wss' ? { tls } : {}, echo, runtime, scope);
    const report = await probe(`${scheme}://localhost:${server.port}/`);
    expect(report).toMatchObject({ outcome: 'ok', facts: { close_code: 1000 } });
    const first = scheme === 'ws' ? ['connect'] : ['connect', 'tls'];
    expect(names(report)).toEqual([...first, 'negotiate', 'request', 'close']);
  });

  it.each(['h2c', 'h2'])('of %s waits for the settings and asks', async (scheme) => {
    const server: Http2Server = createServer();
    server.on('stream', (stream) => stream.respond({ ':status': 204, server: 'two' }, { endStream: true }));
    const options = scheme === 'h2' ? { tls: { ...tls, alpn: ['h2'] } } : {};
    const { port } = await runtime.listen(
      { host: 'localhost', port: 0, ...options },
      (transport) => void server.emit('connection', duplexOf(transport)),
      scope,
    );
    const report = await probe(`${scheme}://localhost:${port}/`);
    expect(report).toMatchObject({ outcome: 'ok', facts: { status: 204, server: 'two' } });
    expect(names(report).slice(-2)).toEqual(['negotiate', 'request']);
  });

  it('of smtp takes the greeting and leaves', async () => {
    await using server = await serveSmtp({ hostname: 'mail.example' }, { message: async () => {} }, runtime, scope);
    const report = await probe(`smtp://localhost:${server.port}`);
    expect(report).toMatchObject({ outcome: 'ok' });
    expect(names(report)).toEqual(['connect', 'greeting', 'close']);
  });

  it.each([
    ['pop3', '+OK ready\r\n', '+OK bye\r\n'],
    ['pop3s', '+OK ready\r\n', '+OK bye\r\n'],
    ['imap', '* OK [CAPABILITY IMAP4rev2] ready\r\n', '* BYE later\r\nP1 OK done\r\n'],
    ['imaps', '* PREAUTH you\r\n', 'P1 OK\r\n'],
  ])('of %s takes the greeting and leaves', async (scheme, greeting, farewell) => {
    const listener = await runtime.listen(
      { host: 'localhost', port: 0, ...(scheme.endsWith('s') && { tls }) },
      (transport) => {
        const stream = duplexOf(transport);
        stream.write(greeting);
        stream.on('data', () => void stream.end(farewell));
      },
      scope,
    );
    const report = await probe(`${scheme}://localhost:${listener.port}`);
    expect(report.outcome).toBe('ok');
    expect(names(report).slice(-2)).toEqual(['greeting', 'close']);
  });

  it.each(['dns', 'dns+tcp', 'dot', 'doh'])('of %s asks one question', async (scheme) => {
    const zone = parseZone('$TTL 60\n@ SOA ns m 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\n', { origin: 'ex.test' });
    const server = await serveDns({ zones: [zone], tls, https: tls }, runtime, scope);
    const port = { dot: server.tlsPort, doh: server.httpsPort }[scheme as 'dot'] ?? server.port;
    const query = scheme === 'doh' ? 'dns-query?name=ns.ex.test' : 'ns.ex.test';
    const report = await probe(`${scheme}://127.0.0.1:${port}/${query}`);
    expect(report).toMatchObject({ outcome: 'ok', facts: { name: 'ns.ex.test', type: 'A', records: 1 } });
    expect(names(report).at(-1)).toBe('request');
    server.abort();
  });

  it.each<[scheme: string, phases: string[]]>([
    ['grpc', ['connect', 'negotiate', 'request']],
    ['grpcs', ['connect', 'tls', 'request']],
  ])('of %s asks for the health of the server, or of a service', async (scheme, phases) => {
    await using server = await serveGrpc(scheme === 'grpcs' ? { tls } : {}, [], runtime, scope);
    server.health.set('example.Sick', 'NOT_SERVING');
    const url = `${scheme}://localhost:${server.port}`;
    const report = await probe(url);
    expect(report).toMatchObject({ outcome: 'ok', facts: { serving_status: 'SERVING' } });
    expect(names(report)).toEqual(phases);
    const error = {
      code: 'PEER_UNAVAILABLE',
      message: expect.stringContaining('example.Sick does not serve') as string,
    };
    expect(await probe(`${url}/example.Sick`)).toMatchObject({ outcome: 'failed', error });
    expect(await probe(`${url}/example.None`)).toMatchObject({ outcome: 'failed', error: { code: 'PEER_NOT_FOUND' } });
  });

  it.each<[what: string, scheme: string, answer: string | null, code: string, phase: string]>([
    ['is refused', 'http', 'HTTP/1.1 403 Forbidden\r\n\r\n', 'PEER_REFUSED', 'request'],
    ['may be tried later', 'http', 'HTTP/1.1 503 Busy\r\n\r\n', 'PEER_UNAVAILABLE', 'request'],
    ['finds no page', 'http', 'HTTP/1.1 404 Not Found\r\n\r\n', 'PEER_NOT_FOUND', 'request'],
    ['wants a log-in', 'http', 'HTTP/1.1 401 Unauthorized\r\n\r\n', 'PEER_LOGIN_REFUSED', 'request'],
    ['speaks something else', 'http', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 'PROTOCOL_VIOLATION', 'request'],
    ['speaks no TLS', 'https', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'TLS_PROTOCOL', 'tls'],
    ['speaks no WebSocket', 'ws', 'HTTP/1.1 200 OK\r\n\r\n', 'PEER_REFUSED', 'negotiate'],
    ['has no time', 'imap', '* BYE come again\r\n', 'PEER_UNAVAILABLE', 'greeting'],
    ['speaks no IMAP', 'imap', '+OK ready\r\n', 'PROTOCOL_VIOLATION', 'greeting'],
    ['does not know LOGOUT', 'imap', '* OK\r\nP1 BAD what?\r\n', 'PROTOCOL_VIOLATION', 'close'],
    ['says more and more', 'imap', '* OK\r\n'.repeat(30), 'PROTOCOL_VIOLATION', 'close'],
    ['speaks no HTTP/2', 'h2c', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'PROTOCOL_VIOLATION', 'negotiate'],
  ])('of a peer that %s says so: %s', async (_what, scheme, answer, code, phase) => {
    const port = await listen(answer, { speaksFirst: scheme === 'imap' });
    const report = await probe(`${scheme}://localhost:${port}/`);
    expect(report).toMatchObject({ outcome: 'failed', error: { code } });
    expect(report.error?.hint).not.toBe('');
    expect(report.phases.at(-1)).toMatchObject({ name: phase, ok: false, code });
  });

  it('of nobody is CONNECT_REFUSED', async () => {
    const report = await probe('tcp://localhost:9');
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'CONNECT_REFUSED' } });
  });

  it('of a certificate that nobody vouches for is TLS_UNTRUSTED', async () => {
    const report = await probe(`tls://localhost:${await listen(null, { tls })}`, { tls: {} });
    expect(report).toMatchObject({ outcome: 'failed', error: { code: 'TLS_UNTRUSTED' } });
  });

  it.each(PROBE_SCHEMES.filter((scheme) => scheme !== 'tcp'))(
    'of a silent peer (%s) is a TIMEOUT at its time, and nothing is left',
    async (scheme) => {
      const port = await listen(null);
      // The first probe of a scheme loads it, which takes time of another clock.
      await probe(`${scheme}://127.0.0.1:9/?type=NOTHING`, { timeoutMs: 0 });
      let report: ProbeReport | undefined;
      const host = scheme === 'dns' ? '127.0.0.1' : 'localhost';
      void probe(`${scheme}://${host}:${port}/`, { timeoutMs: 1_000 }).then((value) => (report = value));
      for (let step = 0; step < 100 && report === undefined; step++) await clock.advance(20);
      expect(report).toMatchObject({ outcome: 'failed', error: { code: 'TIMEOUT' } });
      expect(report?.elapsedMs).toBeLessThanOrEqual(1_000);
    },
  );

  it.each([
    ['localhost:80', 'no scheme'],
    ['gopher://localhost/', 'gopher is no scheme'],
    ['constructor://localhost/', 'constructor is no scheme'],
    ['https://', 'no host'],
    ['tcp://localhost', 'no port'],
    ['https://joe:sesame@localhost/', 'user name'],
  ])('of %s is refused at the door', async (url, reason) => {
    const error: unknown = await probe(url).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'NET_OPTION_INVALID' });
    expect(String(error)).toContain(reason);
    expect(String(error)).not.toContain('sesame');
  });

  it.each([
    ['smtp://a.example', 25],
    ['smtp://a.example:80', 80],
    ['https://a.example:443', 443],
    ['http://[::1]:00080/?q=:9', 80],
    // A backslash ends the host as a slash does.
    ['tcp://a.example:7\\:65536', 7],
    ['http://a.example\\:65536', 80],
  ])('of %s goes to port %d', (text, port) => expect(readProbeUrl(text).address.port).toBe(port));

  it('rejects when its caller gives it up', async () => {
    const port = await listen(null);
    const probing = probe(`http://localhost:${port}/`);
    await clock.advance(0);
    scope.end();
    await expect(probing).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('whose caller has no more time is a TIMEOUT that tells how far it came', async () => {
    const port = await listen(null);
    using patience = scope.child({ timeoutMs: 500 });
    const probing = probeUrl(`http://localhost:${port}/`, { timeoutMs: 500 }, patience, runtime);
    await clock.advance(500);
    expect(await probing).toMatchObject({
      outcome: 'failed',
      error: { code: 'TIMEOUT' },
      phases: [
        { name: 'connect', ok: true },
        { name: 'request', ok: false, code: 'TIMEOUT' },
      ],
    });
  });

  it('is one of endpoints as well', async () => {
    const port = await listen('HTTP/1.1 500 Oops\r\n\r\n');
    const kind = createUrlProbe('http', (target: string) => target, {}, runtime);
    const endpoint = resolveEndpoint({ id: 'a', target: `http://localhost:${port}/` });
    expect(await kind.check(endpoint, scope)).toMatchObject({
      outcome: 'failed',
      steps: [
        { name: 'connect', ok: true },
        { name: 'request', ok: false },
      ],
      error: { code: 'PEER_REFUSED' },
    });
  });
});
