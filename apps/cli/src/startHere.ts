import { createLogger, createServer, type Settings } from '@roundhouse/server';
import { openSession } from '@roundhouse/tn3270';
import { removeLocalServer, writeLocalServer } from './home.ts';
import type { Io } from './io.ts';

/** A server in this process, known to the other commands of this user until it stops. */
export interface ServerHere extends AsyncDisposable {
  readonly url: string;
}

/** Raises PORT_IN_USE. */
export async function startHere(settings: Settings, { env, version }: Io): Promise<ServerHere> {
  await using parts = new AsyncDisposableStack();
  const { port, token, logLevel } = settings;
  const server = parts.use(createServer({ port, token, version }, { openSession, log: createLogger(logLevel) }));
  const { url } = await server.start();
  await writeLocalServer(env, { url, token });
  parts.defer(() => removeLocalServer(env, { url, token }));
  const running = parts.move();
  return { url, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
