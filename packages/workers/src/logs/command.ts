import { fileURLToPath } from 'node:url';

/** Keep memory small: no threads of the engine, a small heap, and buffers collected when the daemon says so. */
const ENGINE_FLAGS = ['--single-threaded', '--max-semi-space-size=1', '--expose-gc'];

/** Command that starts the log daemon; a second one of the same run directory ends at once. */
export function logDaemonCommand(runDirectory: string, logDirectory: string): readonly [string, ...string[]] {
  const isSource = import.meta.url.endsWith('.ts');
  // In full: a bundle puts its own program in the place of the one that is built.
  const main = isSource ? new URL('./daemon/main.ts', import.meta.url) : new URL('./daemon/main.js', import.meta.url);
  return [
    process.execPath,
    ...ENGINE_FLAGS,
    ...(isSource ? ['--conditions=source'] : []),
    fileURLToPath(main),
    runDirectory,
    logDirectory,
  ];
}
