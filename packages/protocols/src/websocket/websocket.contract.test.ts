import {
  type CertificateAuthority,
  clientContract,
  type ClientSubject,
  createCertificateAuthority,
  serverContract,
  type ServerSubject,
} from '@roundhouse/testing';
import { describe, it } from 'vitest';
import { serveHttp } from '../http/index.ts';
import { connectWebSocket } from './client.ts';
import { echo, serveEcho } from './echo.fixture.ts';
import { serveWebSocket } from './server.ts';
import { webSocketHook } from './upgrade.ts';

// Loaded with the first connection, which takes real time: the clock of the kit would run on meanwhile.
await import('ws');

let made: CertificateAuthority | undefined;
const authority = (): CertificateAuthority => (made ??= createCertificateAuthority());

const client: ClientSubject = {
  protocol: 'websocket',
  isExclusive: false,
  tlsModes: ['implicit'],
  async connect({ host, port, tls, timeouts }, scope, runtime) {
    const url = `${tls === undefined ? 'ws' : 'wss'}://${host}:${port}/`;
    const session = await connectWebSocket({ url, timeouts, ...(tls && { tls: tls.options }) }, scope, runtime);
    return { session, request: (own) => session.ping(own) };
  },
  async startPeer({ tls }, runtime) {
    const server = await serveEcho(tls === undefined ? {} : { tls: tls.options }, runtime);
    return { port: server.port, close: async () => server.abort() };
  },
};

/** RFC 8441: over a stream of HTTP/2, to a server of both versions. */
const clientOfHttp2: ClientSubject = {
  ...client,
  async connect({ host, port, tls, timeouts }, scope, runtime) {
    const url = `${tls === undefined ? 'ws' : 'wss'}://${host}:${port}/`;
    const options = { url, timeouts, http: '2' as const, ...(tls && { tls: tls.options }) };
    const session = await connectWebSocket(options, scope, runtime);
    return { session, request: (own) => session.ping(own) };
  },
  async startPeer({ tls }, runtime) {
    const upgrade = webSocketHook({}, echo, runtime);
    const options = { h2c: true, upgrade, ...(tls && { tls: tls.options }) };
    const server = await serveHttp(options, () => ({ status: 404 }), runtime);
    return { port: server.port, close: async () => server.abort() };
  },
};

const HANDSHAKE = [
  'GET /chat HTTP/1.1',
  'Host: localhost',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  '',
  '',
].join('\r\n');
/** RFC 6455 §5.7: a masked text, "Hello". */
const HELLO = Buffer.from('818537fa213d7f9f4d5158', 'hex');

const server: ServerSubject = {
  protocol: 'websocket',
  serve: (options, runtime, scope) => serveWebSocket(options, echo, runtime, scope),
  hasTls: true,
  dialogue: [
    { send: HANDSHAKE, expect: /^HTTP\/1\.1 101 .*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n\r\n$/s },
    { send: HELLO, expect: /^\x81.Hello$/s },
    // An empty ping, masked by nothing.
    { send: Buffer.from('898000000000', 'hex'), expect: /^\x8a.$/s },
  ],
};

describe('the WebSocket client keeps the contract: it', () => {
  for (const { title, run } of clientContract(client, authority)) it(title, run, 60_000);
});

describe('the WebSocket client over HTTP/2 keeps the contract: it', () => {
  for (const { title, run } of clientContract(clientOfHttp2, authority)) it(title, run, 60_000);
});

describe('the WebSocket server keeps the contract: it', () => {
  for (const { title, run } of serverContract(server, authority)) it(title, run, 60_000);
});
