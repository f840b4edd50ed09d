import { startDemoHost } from './demoHostChild.ts';
import { startScript } from './jsonChild.ts';
import { scriptPath } from './script.ts';

/** ms that each of `creates` sessions took that a pool of `size` gave out, one after another. */
export async function warmCreateTimes(size: number, creates: number): Promise<readonly number[]> {
  await using parts = new AsyncDisposableStack();
  const host = await startDemoHost(parts);
  const gateway = parts.use(await startScript(scriptPath('warmGateway'), host.port, size, creates));
  return await gateway.next<readonly number[]>();
}
