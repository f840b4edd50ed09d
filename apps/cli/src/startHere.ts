import { createLogger, createServer, type FrontDoorOptions, type Server, type Settings } from '@roundhouse/server';
import { openSession } from '@roundhouse/tn3270';
import { removeLocalServer, writeLocalServer } from './home.ts';
import type { Io } from './io.ts';

/** A server in this process, known to the other commands of this user until it stops. */
export interface ServerHere extends AsyncDisposable {
  readonly url: string;
  /** Port of the front door; null without one. */
  readonly frontPort: number | null;
  /** For configuration from within the process. */
  readonly gateway: Server['gateway'];
}

/** Raises PORT_IN_USE. */
export async function startHere(
  settings: Settings,
  { env, version }: Io,
  frontDoor?: FrontDoorOptions,
): Promise<ServerHere> {
  await using parts = new AsyncDisposableStack();
  const { port, token, logLevel } = settings;
  const server = parts.use(
    createServer(
      { port, token, version, ...(frontDoor && { frontDoor }) },
      { openSession, log: createLogger(logLevel) },
    ),
  );
  const { url, frontPort } = await server.start();
  await writeLocalServer(env, { url, token });
  parts.defer(() => removeLocalServer(env, { url, token }));
  const running = parts.move();
  return { url, frontPort, gateway: server.gateway, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
