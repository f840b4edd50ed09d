import { fileURLToPath } from 'node:url';

/** Keep memory small: no threads of the engine, a small heap, and buffers collected when the daemon says so. */
const ENGINE_FLAGS = ['--single-threaded', '--max-semi-space-size=1', '--expose-gc'];

/** Command that starts the log daemon; a second one of the same run directory ends at once. */
export function logDaemonCommand(runDirectory: string, logDirectory: string): readonly [string, ...string[]] {
  const isSource = import.meta.url.endsWith('.ts');
  const main = fileURLToPath(new URL(`./daemon/main.${isSource ? 'ts' : 'js'}`, import.meta.url));
  return [
    process.execPath,
    ...ENGINE_FLAGS,
    ...(isSource ? ['--conditions=source'] : []),
    main,
    runDirectory,
    logDirectory,
  ];
}
