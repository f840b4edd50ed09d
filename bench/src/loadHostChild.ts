import { fileURLToPath } from 'node:url';
import type { LoadResult, ScreenKind } from '@roundhouse/testing';
import { type JsonChild, startScript } from './jsonChild.ts';

/** A load host in another process: it prints a LoadResult for each client that has finished. */
export interface LoadHostChild {
  readonly port: number;
  result(): Promise<LoadResult>;
}

/** Starts a host that sends `screens` to each of `clients`; it belongs to `parts`. */
export async function startLoadHost(
  parts: AsyncDisposableStack,
  kind: ScreenKind,
  screens: number,
  clients = 1,
): Promise<LoadHostChild> {
  const script = fileURLToPath(import.meta.resolve('@roundhouse/testing/loadHostProcess'));
  const child: JsonChild = parts.use(await startScript(script, 0, kind, screens, clients));
  const { port } = await child.next<{ port: number }>();
  return { port, result: () => child.next<LoadResult>() };
}
