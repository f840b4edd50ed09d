import { type AddressInfo, connect, createServer } from 'node:net';
import type { Scope } from '@roundhouse/core';
import type { PeerProcess } from './peerProcess.ts';

const HOST = '127.0.0.1';
const POLL_MS = 20;

/** A TCP port of 127.0.0.1 that was free a moment ago: for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, HOST, resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** Resolves when a program takes connections at a port of 127.0.0.1. Rejects with PEER_FAILED when it ends before. */
export async function untilListening(peer: PeerProcess, port: number, scope: Scope): Promise<void> {
  while (!(await takesConnections(port, scope))) {
    if (peer.exit !== undefined) throw peer.failure('it ended before it answered');
    await scope.sleep(POLL_MS);
  }
  if (peer.exit !== undefined) throw peer.failure('it ended before it answered');
}

async function takesConnections(port: number, scope: Scope): Promise<boolean> {
  const socket = connect({ host: HOST, port });
  try {
    return await scope.race(
      new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true));
        socket.once('error', () => resolve(false));
      }),
    );
  } finally {
    socket.destroy();
  }
}
