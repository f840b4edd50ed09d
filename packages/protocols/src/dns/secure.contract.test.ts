import type { Scope } from '@roundhouse/core';
import type { NetServer, TlsServerOptions } from '@roundhouse/net';
import {
  type CertificateAuthority,
  clientContract,
  type ClientSubject,
  createCertificateAuthority,
  serverContract,
  type ServerSubject,
} from '@roundhouse/testing';
import { describe, it } from 'vitest';
import { FLAG, frame, literals, PREFACE, TYPE } from '../http/conformance/frames.fixture.ts';
import { framed } from './frames.ts';
import { encodeMessage } from './message/encode.ts';
import { createResolver } from './resolver/resolver.ts';
import { type DnsServer, serveDns } from './server/server.ts';
import { parseZone } from './zone/text.ts';

// Loaded with the first connection, which takes real time: the clock of the kit would run on meanwhile.
await import('node:http2');

let made: CertificateAuthority | undefined;
const authority = (): CertificateAuthority => (made ??= createCertificateAuthority());

/** Numbers that are text on the wire, `ABCD`, at the end of both answers. */
const ZONE = parseZone('$TTL 60\n@ SOA ns m 1 2 3 4 1094861636\n@ NS ns\nns A 65.66.67.68\n', { origin: 'ex.test' });

const ways = { tls: 'tlsPort', https: 'httpsPort' } as const;
type Way = keyof typeof ways;

const client = (way: Way): ClientSubject => ({
  protocol: 'dns',
  protocols: ['dns', way === 'tls' ? 'dot' : 'doh'],
  isExclusive: false,
  isAlwaysTls: true,
  tlsModes: ['implicit'],
  async connect({ host, port, tls, timeouts }, scope, runtime) {
    const server = { address: `${host}:${port}`, transport: way, ...(tls && { tls: tls.options }) };
    const session = createResolver({ servers: [server], rounds: 1, timeouts }, runtime);
    const request = (own: Scope) => session.resolve('ns.ex.test', 'A', own, { usesCache: false });
    try {
      // It connects with its first question.
      await request(scope);
    } catch (error) {
      session.abort();
      throw error;
    }
    return { session, request };
  },
  async startPeer({ tls }, runtime) {
    const server = await serveDns({ zones: [ZONE], ...(tls && { [way]: tls.options }) }, runtime);
    return { port: server[ways[way]] ?? server.port, close: async () => server.abort() };
  },
});

describe.each(['tls', 'https'] as const)('a DNS resolver over %s holds the contract and', (way) => {
  for (const { title, run } of clientContract(client(way), authority)) it(title, run);
});

/** The server as it is seen from its port for TLS or HTTPS. */
function seenFrom(server: DnsServer, port: number): NetServer {
  return {
    protocol: server.protocol,
    address: { ...server.address, port },
    port,
    closed: server.closed,
    get state() {
      return server.state;
    },
    get inFlight() {
      return server.inFlight;
    },
    stats: () => server.stats(),
    setTls: (tls) => server.setTls(tls),
    drain: (options) => server.drain(options),
    abort: (reason) => server.abort(reason),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const query = (type: 'A' | 'MX'): Uint8Array =>
  encodeMessage({ id: 0x4141, questions: [{ name: 'ns.ex.test', type }] });

const server = (way: Way, alpn: string, dialogue: ServerSubject['dialogue']): ServerSubject => ({
  protocol: 'dns',
  hasTls: true,
  isAlwaysTls: true,
  alpn: [alpn],
  dialogue,
  async serve({ tls, ...options }, runtime, scope) {
    const made = await serveDns({ zones: [ZONE], ...options, [way]: tls as TlsServerOptions }, runtime, scope);
    return seenFrom(made, made[ways[way]] as number);
  },
});

describe('a DNS server over TLS holds the contract and', () => {
  const subject = server('tls', 'dot', [
    { send: framed(query('A')), expect: /^..AA.*ABCD$/s },
    { send: framed(query('MX')), expect: /^..AA.*ABCD$/s },
  ]);
  for (const { title, run } of serverContract(subject, authority)) it(title, run);
});

/** The server has taken the client's settings. */
const SETTINGS_TAKEN = new RegExp(frame(TYPE.SETTINGS, FLAG.ACK, 0).toString('latin1'));

describe('a DNS server over HTTPS holds the contract and', () => {
  const post = (stream: number, type: 'A' | 'MX'): Uint8Array =>
    Buffer.concat([
      frame(
        TYPE.HEADERS,
        FLAG.END_HEADERS,
        stream,
        literals(
          [':method', 'POST'],
          [':scheme', 'https'],
          [':path', '/dns-query'],
          [':authority', 'localhost'],
          ['content-type', 'application/dns-message'],
        ),
      ),
      frame(TYPE.DATA, FLAG.END_STREAM, stream, query(type)),
    ]);
  const subject = server('https', 'h2', [
    {
      send: Buffer.concat([PREFACE, frame(TYPE.SETTINGS, 0, 0)]),
      expect: SETTINGS_TAKEN,
    },
    { send: Buffer.concat([frame(TYPE.SETTINGS, FLAG.ACK, 0), post(1, 'A')]), expect: /AA.*ABCD/s },
    { send: post(3, 'MX'), expect: /AA.*ABCD/s },
  ]);
  for (const { title, run } of serverContract(subject, authority)) it(title, run);
});
