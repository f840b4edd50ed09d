import { createServer } from 'node:net';
import type { Scope } from '@roundhouse/core';
import type { Finding } from '../definition.ts';
import type { Path } from '../path.ts';
import { reasonOf } from '../systemError.ts';

/** Whether this process could listen on the TCP port now (0: any will do): it does so for a moment. */
export async function checkPort(path: Path, host: string, port: number, scope: Scope): Promise<readonly Finding[]> {
  if (port === 0) return [];
  const server = createServer();
  const leave = scope.onEnd(() => server.close());
  try {
    await scope.race(
      new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host, port, exclusive: true }, resolve);
      }),
    );
    return [];
  } catch (error) {
    scope.throwIfEnded();
    const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    return [{ path, code: 'CONFIG_PORT_TAKEN', details: { address, reason: reasonOf(error) } }];
  } finally {
    leave();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  }
}
