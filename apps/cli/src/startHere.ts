import { createServer, type FrontDoorOptions, openLog, type Server, type Settings } from '@roundhouse/server';
import { systemClock } from '@roundhouse/core';
import { openSession } from '@roundhouse/tn3270';
import { removeLocalServer, writeLocalServer } from './home.ts';
import type { Io } from './io.ts';

/** A server in this process, known to the other commands of this user until it stops. It keeps nothing. */
export interface ServerHere extends AsyncDisposable {
  readonly url: string;
  /** Port of the front door; null without one. */
  readonly frontPort: number | null;
  /** For configuration from within the process. */
  readonly resources: Server['resources'];
}

/** Raises PORT_IN_USE. */
export async function startHere(
  settings: Settings,
  { env, version }: Io,
  frontDoor?: FrontDoorOptions,
): Promise<ServerHere> {
  await using parts = new AsyncDisposableStack();
  const { port, token, logFilter } = settings;
  const log = parts.use(await openLog({ filter: logFilter }, { clock: systemClock }));
  const server = parts.use(
    await createServer({ port, token, version, ...(frontDoor && { frontDoor }) }, { openSession, log }),
  );
  const { url, frontPort } = await server.start();
  await writeLocalServer(env, { url, token });
  parts.defer(() => removeLocalServer(env, { url, token }));
  const running = parts.move();
  return { url, frontPort, resources: server.resources, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
