import { startScript } from './jsonChild.ts';
import { scriptPath } from './script.ts';

/** A demo host in a process of its own. */
export interface DemoHostChild {
  readonly port: number;
  readonly pid: number;
}

/** Starts a demo host; it belongs to `parts`. */
export async function startDemoHost(parts: AsyncDisposableStack): Promise<DemoHostChild> {
  const child = parts.use(await startScript(scriptPath('demoHostProcess')));
  const { port } = await child.next<{ port: number }>();
  return { port, pid: child.pid };
}
