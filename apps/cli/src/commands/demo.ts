import { Command } from 'commander';
import type { DemoHost } from '../demoHosts.ts';
import type { Io } from '../io.ts';
import type { ServerHere } from '../startHere.ts';

/** Group of the demo hosts. */
const GROUP = 'demo';
const FRONT_PORT = 3270;

export function demoCommand(io: Io): Command {
  return new Command('demo')
    .summary('run two demonstration hosts and the server until Ctrl-C')
    .description('run two TN3270 demo hosts and the server in the foreground until SIGINT or SIGTERM')
    .action(async () => {
      const { readSettings } = await import('@roundhouse/server');
      const settings = readSettings(io.env);
      const { startHere } = await import('../startHere.ts');
      const { startDemoHosts } = await import('../demoHosts.ts');
      const { stopRequested } = await import('../foreground.ts');
      const stopped = stopRequested();
      await using parts = new AsyncDisposableStack();
      const { hosts } = parts.use(await startDemoHosts(settings.demoPorts, (line) => io.stdout.write(`${line}\n`)));
      const server = parts.use(await startHere(settings, io, { port: settings.frontPort ?? FRONT_PORT, group: GROUP }));
      await configure(server, hosts);
      io.stdout.write(welcome(server, settings.token, hosts));
      await stopped;
    });
}

/** Probed every second, so that a killed host is noticed while somebody looks. */
async function configure({ resources }: ServerHere, hosts: readonly DemoHost[]): Promise<void> {
  const by = 'demo';
  await resources.create('endpoint_group', { id: GROUP }, { by });
  for (const { name, port } of hosts) {
    const probe = { interval_ms: 1_000, timeout_ms: 1_000, fall: 2, slow_start_ms: 10_000 };
    const id = name.toLowerCase();
    await resources.create('endpoint', { id, host: '127.0.0.1', port, group: GROUP, probe }, { by });
  }
}

function welcome({ url, frontPort }: ServerHere, token: string, hosts: readonly DemoHost[]): string {
  const [first] = hosts as readonly [DemoHost];
  const lines = hosts.map(({ name, port, pid }) => `127.0.0.1:${port}  ${name}, pid ${pid}`);
  return `Roundhouse demo

  API    ${url}
  Token  ${token}
  Hosts  ${lines.join('\n         ')}
         any user id, password DEMO; both are endpoints of the group "${GROUP}"
  Door   127.0.0.1:${frontPort}   for terminal emulators: c3270 127.0.0.1:${frontPort}

Open a session:

  curl -s -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' \\
    -d '{"host":"127.0.0.1","port":${first.port}}' ${url}/api/v1/sessions

or with the command line, which knows the address and the token:

  npx roundhouse session open --group ${GROUP}
  npx roundhouse session list
  npx roundhouse watch

Kill a host (kill -9 ${first.pid}) and watch its sessions move. Ctrl-C stops everything.
`;
}
