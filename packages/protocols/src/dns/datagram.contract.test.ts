import { formatAddress } from '@roundhouse/net';
import { datagramClientContract, datagramServerContract } from '@roundhouse/testing';
import { describe, it } from 'vitest';
import { encodeMessage } from './message/encode.ts';
import { createResolver } from './resolver/resolver.ts';
import { serveDns } from './server/server.ts';
import { parseZone } from './zone/text.ts';

/** Numbers that are text on the wire, `ABCD`, at the end of the answer. */
const ZONE = parseZone('$TTL 60\n@ SOA ns m 1 2 3 4 5\n@ NS ns\nns A 65.66.67.68\n', { origin: 'ex.test' });

describe('a DNS resolver over UDP holds the contract of datagrams and', () => {
  const cases = datagramClientContract({
    protocol: 'dns',
    create(peer, timeouts, runtime) {
      const session = createResolver({ servers: [formatAddress(peer)], attemptMs: 500, timeouts }, runtime);
      return { session, request: (scope) => session.resolve('ns.ex.test', 'A', scope, { usesCache: false }) };
    },
    async startPeer(runtime) {
      const server = await serveDns({ zones: [ZONE] }, runtime);
      return { port: server.port, close: async () => server.abort() };
    },
  });
  for (const { title, run } of cases) it(title, run);
});

describe('a DNS server over UDP holds the contract of datagrams and', () => {
  const questions = [{ name: 'ns.ex.test', type: 'A' }] as const;
  const cases = datagramServerContract({
    protocol: 'dns',
    serve: ({ tls: _none, ...options }, runtime, scope) => serveDns({ zones: [ZONE], ...options }, runtime, scope),
    question: encodeMessage({ id: 0x4141, questions }),
    expect: /^AA.*ABCD$/s,
    // RFC 1035 §4.1.1: with the bit QR it is an answer; two servers would answer each other for ever.
    unanswered: [
      encodeMessage({ id: 1, isResponse: true, questions }),
      encodeMessage({ id: 1, isResponse: true, rcode: 1, questions: [] }),
    ],
  });
  for (const { title, run } of cases) it(title, run);
});
