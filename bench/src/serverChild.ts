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
export async function startServer(parts: AsyncDisposableStack): Promise<ServerChild> {
  const child = parts.use(await startScript(scriptPath('serverProcess')));
  const { url, token } = await child.next<{ url: string; token: string }>();
  return { url, token, client: parts.use(createClient({ url, token })) };
}
