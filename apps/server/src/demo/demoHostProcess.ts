import { isRoundhouseError } from '@roundhouse/core';
import { startDemoHost } from './demoHost.ts';

/**
 * One demo host as a process: `demoHostProcess PORT NAME`, with an IPC channel. Sends `{ port }`, or `{ code }` and ends
 * when it cannot listen. It ends with the process that started it.
 */
const [port, name] = process.argv.slice(2);

process.once('disconnect', () => process.exit(0));
// A terminal sends its Ctrl-C to every process in front: this one ends with its parent, after the good-byes.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

try {
  const host = await startDemoHost({ host: '127.0.0.1', port: Number(port), name: name as string });
  process.send?.({ port: host.port });
} catch (error) {
  process.send?.({ code: isRoundhouseError(error) ? error.code : 'INTERNAL' }, () => process.exit(1));
}
