import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { EndpointProbeInput } from '@roundhouse/api';
import { createScope, type Scope } from '@roundhouse/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endpointProbeOf, urlProbe } from './urlProbe.ts';

let scope: Scope;
let service: Server;
let port: number;
let status: number | null;
beforeEach(async () => {
  scope = createScope();
  status = 200;
  service = createServer((_request, response) => {
    if (status !== null) response.writeHead(status).end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => service.once('listening', resolve));
  port = (service.address() as AddressInfo).port;
});
afterEach(() => {
  scope.end();
  service.closeAllConnections();
  service.close();
});

const TARGET = { isVerified: true, serverName: undefined, ca: undefined };
const PLACE = { id: 'lpar1', weight: 1, priority: 0, limits: {}, logons: null };

async function probeEndpoint(settings: EndpointProbeInput, of = port) {
  const probe = endpointProbeOf(settings, 5_000, () => Promise.reject(new Error('no secrets')));
  const session = {
    endpoint: 'lpar1',
    host: '127.0.0.1',
    port: of,
    tls: undefined,
    startTls: undefined,
    compat: undefined,
  };
  const result = await probe?.check({ ...PLACE, target: session }, scope);
  return result && { ...result, steps: result.steps.map(({ name, ok }) => `${name} ${ok ? 'ok' : 'failed'}`) };
}

describe('the probe of an endpoint', () => {
  const url = (): string => `http://127.0.0.1:${port}/ready`;

  it('asks a URL behind the ladder of its host', async () => {
    const result = await probeEndpoint({ kind: 'tcp', url: url() });
    expect(result).toMatchObject({ outcome: 'ok', steps: ['tcp ok', 'url_connect ok', 'url_request ok'] });
  });

  it('asks a URL in the place of the ladder', async () => {
    expect(await probeEndpoint({ kind: 'none', url: { address: url() } }, 9)).toMatchObject({
      outcome: 'ok',
      steps: ['url_connect ok', 'url_request ok'],
    });
  });

  it('asks no URL of a host that does not answer', async () => {
    expect(await probeEndpoint({ kind: 'tcp', url: url() }, 9)).toMatchObject({
      outcome: 'failed',
      steps: ['tcp failed'],
      error: { code: 'CONNECT_REFUSED' },
    });
  });

  it('fails with the URL, and says where', async () => {
    status = 503;
    expect(await probeEndpoint({ kind: 'tcp', url: url() })).toMatchObject({
      outcome: 'failed',
      steps: ['tcp ok', 'url_connect ok', 'url_request failed'],
      error: { code: 'PEER_UNAVAILABLE' },
    });
  });

  it('is that of the host alone without a URL, and none at all with neither', async () => {
    expect((await probeEndpoint({ kind: 'tcp' }))?.steps).toEqual(['tcp ok']);
    expect(await probeEndpoint({ kind: 'none' })).toBeUndefined();
  });
});

describe('the probe of a URL', () => {
  it('of whoever says nothing ends with the time that there is, and tells how far it came', async () => {
    status = null;
    using patience = scope.child({ timeoutMs: 300 });
    const target = { ...TARGET, url: `http://127.0.0.1:${port}/` };
    expect(await urlProbe.check({ ...PLACE, target }, patience)).toMatchObject({
      outcome: 'failed',
      steps: [
        { name: 'connect', ok: true },
        { name: 'request', ok: false, code: 'TIMEOUT' },
      ],
      error: { code: 'TIMEOUT' },
    });
  });
});
