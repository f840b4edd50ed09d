import { runServer } from '@roundhouse/server';
import { openSession } from '@roundhouse/tn3270';

/**
 * What `roundhouse up` runs, as a process: `installationProcess.ts FILE HOME`. Prints `{"url":…,"token":…}` and serves
 * until it is ended.
 */
const [file, home] = process.argv.slice(2) as [string, string];
const { url, token } = await runServer({
  version: 'bench',
  openSession,
  variables: {},
  home,
  sources: { file },
  defaults: { port: 0, frontPort: undefined, logFilter: 'info', token: undefined },
});
process.stdout.write(`${JSON.stringify({ url, token })}\n`);
