import { type Client, createClient } from '@roundhouse/api';
import { startScript } from './jsonChild.ts';
import { scriptPath } from './script.ts';

/** The server of the product in another process, and a client of its API. */
export interface ServerChild {
  readonly url: string;
  readonly token: string;
  /** Keeps its connections. */
  readonly client: Client;
}

/** Starts a server that has no sessions yet; it belongs to `parts`. */
export function startServer(parts: AsyncDisposableStack): Promise<ServerChild> {
  return start(parts);
}

/** The same with a front door whose terminals get sessions of `group`, which is yet to be configured. */
export async function startServerWithFrontDoor(
  parts: AsyncDisposableStack,
  group: string,
): Promise<ServerChild & { readonly frontPort: number }> {
  const { frontPort, ...server } = await start(parts, group);
  if (frontPort === null) throw new Error('The server has opened no front door');
  return { ...server, frontPort };
}

async function start(
  parts: AsyncDisposableStack,
  ...args: readonly string[]
): Promise<ServerChild & { readonly frontPort: number | null }> {
  const child = parts.use(await startScript(scriptPath('serverProcess'), ...args));
  const address = await child.next<{ url: string; token: string; frontPort: number | null }>();
  return { ...address, client: parts.use(createClient({ url: address.url, token: address.token })) };
}
