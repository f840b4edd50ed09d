import { startDemoHost } from '@roundhouse/server';

/** The demo host as a process: prints `{"port":…}` and serves until it is ended. */
const host = await startDemoHost({ port: 0, name: 'BENCH' });
process.stdout.write(`${JSON.stringify({ port: host.port })}\n`);
