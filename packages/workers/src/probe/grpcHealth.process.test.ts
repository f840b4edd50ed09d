import { writeFileSync } from 'node:fs';
import * as http from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { createScope, type RoundhouseError } from '@roundhouse/core';
import { createCertificateAuthority, type PeerProcess } from '@roundhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PythonGrpc, pythonGrpcAvailable } from '../contract/python.fixture.ts';
import { checkGrpc } from './grpcHealth.ts';

const HOST = '127.0.0.1';
const SCRIPT = new URL('./grpcHealth.fixture.py', import.meta.url);

async function checked(port: number, service = '', isTls = false, timeoutMs = 5_000): Promise<unknown> {
  using scope = createScope({ timeoutMs, what: 'The probe' });
  return await checkGrpc({ kind: 'grpc', host: HOST, port, isTls, service }, scope).catch((error: unknown) => error);
}

describe.skipIf(!pythonGrpcAvailable())('the gRPC check of a server that is not ours', () => {
  let python: PythonGrpc;
  const peers: PeerProcess[] = [];
  let health: number;
  let secure: number;
  let bare: number;

  beforeAll(async () => {
    python = new PythonGrpc();
    const { cert, key } = createCertificateAuthority().issue();
    const [keyFile, certFile] = [join(python.directory, 'key.pem'), join(python.directory, 'cert.pem')];
    writeFileSync(keyFile, key);
    writeFileSync(certFile, cert);
    const begin = async (...args: string[]): Promise<number> => {
      const { peer, line } = await python.start(SCRIPT, args);
      peers.push(peer);
      return Number(line);
    };
    [health, secure, bare] = await Promise.all([begin('health'), begin('health', keyFile, certFile), begin('bare')]);
  });

  afterAll(async () => {
    await Promise.all(peers.map((peer) => peer.close()));
    python[Symbol.dispose]();
  });

  it('passes with SERVING', async () => {
    expect(await checked(health)).toBeUndefined();
  });

  it('passes over TLS, whoever has signed the certificate', async () => {
    expect(await checked(secure, '', true)).toBeUndefined();
  });

  it.each([
    ['sick', 'PROBE_NOT_SERVING', 'says of sick: NOT_SERVING'],
    ['unset', 'PROBE_NOT_SERVING', 'says of unset: UNKNOWN'],
    ['absent', 'RPC_FAILED', 'answered grpc.health.v1.Health/Check with NOT_FOUND: there is no such service: ä %'],
    ['broken', 'PEER_NO_ANSWER', 'gave no answer: the message is cut off'],
  ])('of the service %s fails with %s', async (service, code, text) => {
    const error = await checked(health, service);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toContain(text);
  });

  it('of a server without the service fails with UNIMPLEMENTED', async () => {
    expect(await checked(bare)).toMatchObject({ code: 'RPC_FAILED', details: { rpc_status: 'UNIMPLEMENTED' } });
  });

  it('ends with its time', async () => {
    const error = await checked(health, 'slow', false, 200);
    const { code, details } = error as RoundhouseError;
    // The server knows that time too, and may be the first to say so.
    expect([code, details?.['rpc_status']]).toContain('DEADLINE_EXCEEDED');
  });

  it('without TLS of a server that wants it, and the other way round, fails with a reason', async () => {
    expect(await checked(secure)).toMatchObject({ code: 'PEER_NO_ANSWER' });
    expect(await checked(health, '', true)).toMatchObject({ code: 'PEER_NO_ANSWER' });
  });
});

describe('the gRPC check of what is no gRPC server', () => {
  const servers: Server[] = [];
  const listening = async (server: Server): Promise<number> => {
    servers.push(server);
    server.listen(0, HOST);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  afterAll(() => {
    for (const server of servers) server.close();
  });

  it('fails with a reason', async () => {
    const web = await listening(http.createServer((_request, response) => response.end('hello')));
    const cutting = await listening(createServer((socket) => socket.destroy()));
    const ending = await listening(createServer((socket) => socket.on('error', () => {}).end()));
    const silent = await listening(createServer((socket) => socket.on('error', () => {})));
    expect(await checked(web)).toMatchObject({ code: 'PEER_NO_ANSWER' });
    expect(await checked(cutting)).toMatchObject({ code: 'PEER_NO_ANSWER' });
    expect(await checked(ending)).toMatchObject({ code: 'PEER_NO_ANSWER' });
    expect(await checked(silent, '', false, 200)).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    servers.pop()?.close();
    const gone = await listening(createServer());
    servers.pop()?.close();
    expect(await checked(gone)).toMatchObject({ code: 'CONNECT_REFUSED' });
  });
});
