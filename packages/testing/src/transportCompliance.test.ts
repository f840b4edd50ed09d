import { createScope } from '@roundhouse/core';
import {
  connectTcp,
  createMemoryPair,
  listen,
  type TlsClientOptions,
  type TlsServerOptions,
  type Transport,
} from '@roundhouse/net';
import { describe, it } from 'vitest';
import { createCertificateAuthority } from './certificate.ts';
import { type MakeTransportPair, transportCompliance } from './transportCompliance.ts';

const authority = createCertificateAuthority();
const server: TlsServerOptions = authority.issue();
const client: TlsClientOptions = { ca: authority.cert };

function overTcp(tls?: { client: TlsClientOptions; server: TlsServerOptions }): MakeTransportPair {
  return async (clock, limits = {}) => {
    const scope = createScope({ clock });
    const accepted = Promise.withResolvers<Transport>();
    const listener = await listen(
      { host: '127.0.0.1', port: 0, limits, ...(tls && { tls: tls.server }) },
      accepted.resolve,
      scope,
    );
    const to = { host: '127.0.0.1', port: listener.port, limits, ...(tls && { tls: tls.client }) };
    const near = await connectTcp(to, scope);
    return { near, far: await accepted.promise, release: () => listener.closeAll() };
  };
}

const inMemory: MakeTransportPair = async (clock, limits = {}) => {
  const [near, far] = createMemoryPair({ clock, limits });
  return { near, far, release: async () => {} };
};

const upgraded: MakeTransportPair = async (clock, limits) => {
  const pair = await inMemory(clock, limits);
  const scope = createScope({ clock });
  await Promise.all([pair.far.upgradeTls({ role: 'server', ...server }, scope), pair.near.upgradeTls(client, scope)]);
  return pair;
};

const KINDS: Readonly<Record<string, MakeTransportPair>> = {
  TCP: overTcp(),
  TLS: overTcp({ client, server }),
  memory: inMemory,
  'TLS in memory': upgraded,
};

describe.each(Object.keys(KINDS))('%s transport', (kind) => {
  const traits = { tellsCutFromEnd: !kind.startsWith('TLS') };
  for (const { title, run } of transportCompliance(KINDS[kind] as MakeTransportPair, traits)) it(title, run);

  if (kind === 'TCP') {
    const accepting: MakeTransportPair = async (clock, limits) => {
      const { near, far, release } = await overTcp()(clock, limits);
      return { near: far, far: near, release };
    };
    for (const { title, run } of transportCompliance(accepting)) it(`${title} (accepting side)`, run);
  }
});
