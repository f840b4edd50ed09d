import { fileURLToPath } from 'node:url';

/** What keeps the heap small; nothing of V8 runs beside the one thread, which writes about as fast as without. */
const ENGINE_FLAGS = ['--single-threaded', '--max-semi-space-size=1'];

/** Command that starts the log daemon; a second one of the same run directory ends at once. */
export function logDaemonCommand(runDirectory: string, logDirectory: string): readonly [string, ...string[]] {
  const isSource = import.meta.url.endsWith('.ts');
  const main = fileURLToPath(new URL(`./daemon/main.${isSource ? 'ts' : 'js'}`, import.meta.url));
  return [process.execPath, ...ENGINE_FLAGS, ...(isSource ? ['--conditions=source'] : []), main, runDirectory, logDirectory];
}
