import { isRoundhouseError } from '@roundhouse/core';
import { serverError, startDemoHost } from '@roundhouse/server';

export interface DemoHosts extends AsyncDisposable {
  readonly ports: readonly [number, number];
}

const HOST = '127.0.0.1';

/** Two hosts with the same bank. Raises PORT_IN_USE; then none of them runs. */
export async function startDemoHosts([first, second]: readonly [number, number]): Promise<DemoHosts> {
  await using parts = new AsyncDisposableStack();
  const one = parts.use(await start(first, 'RHDEMO1'));
  const two = parts.use(await start(second, 'RHDEMO2'));
  const running = parts.move();
  return { ports: [one.port, two.port], [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function start(port: number, name: string): ReturnType<typeof startDemoHost> {
  try {
    return await startDemoHost({ host: HOST, port, name });
  } catch (error) {
    if (!isRoundhouseError(error) || error.code !== 'ADDRESS_IN_USE') throw error;
    const details = { port, host: HOST, variable: 'ROUNDHOUSE_DEMO_PORTS' };
    throw serverError('PORT_IN_USE', { details, cause: error });
  }
}
