import {
  type CertificateAuthority,
  clientContract,
  createCertificateAuthority,
  serverContract,
} from '@roundhouse/testing';
import type { Scope } from '@roundhouse/core';
import { describe, it } from 'vitest';
import { framed } from './frames.ts';
import { encodeMessage } from './message/encode.ts';
import { createResolver } from './resolver/resolver.ts';
import { serveDns } from './server/server.ts';
import { parseZone } from './zone/text.ts';

let made: CertificateAuthority | undefined;
const authority = (): CertificateAuthority => (made ??= createCertificateAuthority());

/** Numbers that are text on the wire, `ABCD`, at the end of both answers. */
const ZONE = parseZone('$TTL 60\n@ SOA ns m 1 2 3 4 1094861636\n@ NS ns\nns A 65.66.67.68\n', { origin: 'ex.test' });

describe('A DNS resolver over TCP and TLS', () => {
  const cases = clientContract(
    {
      protocol: 'dns',
      isExclusive: false,
      tlsModes: ['implicit'],
      async connect({ host, port, tls, timeouts }, scope, runtime) {
        const address = `${host}:${port}`;
        const server =
          tls === undefined
            ? ({ address, transport: 'tcp' } as const)
            : ({ address, transport: 'tls', tls: tls.options } as const);
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
        const server = await serveDns({ zones: [ZONE], ...(tls && { tls: tls.options }) }, runtime);
        return { port: server.tlsPort ?? server.port, close: async () => server.abort() };
      },
    },
    authority,
  );
  for (const { title, run } of cases) it(title, run);
});

describe('A DNS server over TCP', () => {
  const query = (type: 'A' | 'MX'): Uint8Array =>
    framed(encodeMessage({ id: 0x4141, questions: [{ name: 'ns.ex.test', type }] }));
  const cases = serverContract(
    {
      protocol: 'dns',
      // Its TLS has a port of its own.
      hasTls: false,
      serve: ({ tls: _none, ...options }, runtime, scope) => serveDns({ zones: [ZONE], ...options }, runtime, scope),
      dialogue: [
        { send: query('A'), expect: /^..AA.*ABCD$/s },
        { send: query('MX'), expect: /^..AA.*ABCD$/s },
      ],
    },
    authority,
  );
  for (const { title, run } of cases) it(title, run);
});
