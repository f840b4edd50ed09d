import {
  type CertificateAuthority,
  clientContract,
  type ClientSubject,
  createCertificateAuthority,
  serverContract,
  type ServerSubject,
} from '@roundhouse/testing';
import { beforeAll, describe, it } from 'vitest';
import { Echo, echoService } from './echo.fixture.ts';
import { connectGrpc, serveGrpc } from './index.ts';
import { loadLibrary } from './library.ts';

let made: CertificateAuthority;
beforeAll(async () => {
  made = createCertificateAuthority();
  // Loaded with the first connection, which takes real time: the clock of the kit would run on meanwhile.
  await loadLibrary();
});

const client: ClientSubject = {
  protocol: 'grpc',
  isExclusive: false,
  tlsModes: ['implicit'],
  async connect({ host, port, tls, timeouts }, scope, runtime) {
    const session = await connectGrpc({ host, port, timeouts, ...(tls && { tls: tls.options }) }, scope, runtime);
    const echo = session.client(Echo);
    return { session, request: (own) => echo.say({ text: 'hello' }, own) };
  },
  async startPeer({ tls }, runtime) {
    const server = await serveGrpc(tls === undefined ? {} : { tls: tls.options }, [echoService()], runtime);
    return { port: server.port, close: async () => server.abort() };
  },
};

/** A frame of HTTP/2. RFC 9113 §4.1. */
function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Fields as literals that are never indexed. RFC 7541 §6.2.3. */
function fields(all: Readonly<Record<string, string>>): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
  return Buffer.concat(Object.entries(all).flatMap(([name, value]) => [Buffer.of(0x10), text(name), text(value)]));
}

const [DATA, HEADERS, SETTINGS, END_STREAM, END_HEADERS] = [0, 1, 4, 0x1, 0x4];

/** A unary call of Say, whole. */
function call(stream: number, message: Uint8Array): Buffer {
  const head = fields({
    ':method': 'POST',
    ':scheme': 'http',
    ':authority': 'localhost',
    ':path': '/roundhouse.test.Echo/Say',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const body = Buffer.concat([Buffer.of(0, 0, 0, 0, message.length), message]);
  return Buffer.concat([frame(HEADERS, END_HEADERS, stream, head), frame(DATA, END_STREAM, stream, body)]);
}

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** The text of the answer; behind it a length, a type and flags: those of the HEADERS that end the stream. */
const HELLO = /hello[^]{3}[^ -~\x80-\xff]{2}/;

const server: ServerSubject = {
  protocol: 'grpc',
  serve: (options, runtime, scope) => serveGrpc(options, [echoService()], runtime, scope),
  hasTls: false,
  dialogue: [
    // The server's settings come first of all.
    { send: Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, Buffer.alloc(0))]), expect: /^[^]{3}[^ -~\x80-\xff]{2}/ },
    { send: call(1, Buffer.from('0a0568656c6c6f', 'hex')), expect: HELLO },
    { send: call(3, Buffer.from('0a0568656c6c6f', 'hex')), expect: HELLO },
  ],
};

describe('a client of gRPC holds the contract and', () => {
  for (const { title, run } of clientContract(client, () => made)) it(title, run, 60_000);
});

describe('a server of gRPC holds the contract and', () => {
  for (const { title, run } of serverContract(server, () => made)) it(title, run, 60_000);
});
