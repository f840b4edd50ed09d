import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope } from '@roundhouse/core';
import { freePort, isInstalled, startPeer } from '@roundhouse/testing';

export const HAPROXY = 'haproxy';

const START_TIMEOUT_MS = 10_000;
const POLL_MS = 20;

export const haproxyAvailable = (): boolean => isInstalled(HAPROXY);

/** The note on haproxy where it is not there. */
export function missingHaproxy(): readonly string[] {
  if (haproxyAvailable()) return [];
  return ['haproxy is not installed, so nothing is compared with it (Debian: apt install haproxy).'];
}

/** Starts haproxy as a plain TCP relay to `port` of this machine and gives its own port; it belongs to `parts`. */
export async function startHaproxy(parts: AsyncDisposableStack, port: number): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'roundhouse-haproxy-'));
  parts.defer(() => rm(directory, { recursive: true }));
  const config = join(directory, 'haproxy.cfg');
  const control = join(directory, 'control');
  const ownPort = await freePort();
  await writeFile(config, configOf(ownPort, port, control));
  const peer = parts.use(await startPeer(HAPROXY, ['-db', '-f', config]));
  using scope = createScope({ what: 'The start of haproxy', timeoutMs: START_TIMEOUT_MS });
  // A connection to the relay itself would be one to the host behind it.
  while (!(await answers(control, scope.signal))) {
    if (peer.exit !== undefined) throw peer.failure('it ended early');
    await scope.sleep(POLL_MS);
  }
  return ownPort;
}

/** One frontend, one backend, no health checks; for the rest its defaults. */
function configOf(ownPort: number, port: number, control: string): string {
  return `global
  stats socket ${control}
defaults
  mode tcp
  timeout connect 5s
  timeout client 5m
  timeout server 5m
frontend terminals
  bind 127.0.0.1:${ownPort}
  default_backend host
backend host
  server host 127.0.0.1:${port}
`;
}

/** Whether haproxy answers on its control socket: it does so only after it has bound its ports. */
async function answers(path: string, signal: AbortSignal): Promise<boolean> {
  const socket = connect(path);
  try {
    socket.write('show version\n');
    await once(socket, 'data', { signal });
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
