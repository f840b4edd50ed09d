import { Command } from 'commander';
import type { Io } from '../io.ts';

export function demoCommand(io: Io): Command {
  return new Command('demo')
    .description('run two TN3270 demo hosts and the server in the foreground until SIGINT or SIGTERM')
    .action(async () => {
      const { readSettings } = await import('@roundhouse/server');
      const settings = readSettings(io.env);
      const { startHere } = await import('../startHere.ts');
      const { startDemoHosts } = await import('../demoHosts.ts');
      const { stopRequested } = await import('../foreground.ts');
      const stopped = stopRequested();
      await using parts = new AsyncDisposableStack();
      const hosts = parts.use(await startDemoHosts(settings.demoPorts));
      const server = parts.use(await startHere(settings, io));
      io.stdout.write(welcome(server.url, settings.token, hosts.ports));
      await stopped;
    });
}

function welcome(url: string, token: string, [first, second]: readonly [number, number]): string {
  return `Roundhouse demo

  API    ${url}
  Token  ${token}
  Hosts  127.0.0.1:${first}  127.0.0.1:${second}   (any user id, password DEMO)

Open a session:

  curl -s -H 'Authorization: Bearer ${token}' -H 'Content-Type: application/json' \\
    -d '{"host":"127.0.0.1","port":${first}}' ${url}/api/v1/sessions

or with the command line, which knows the address and the token:

  npx roundhouse session open 127.0.0.1:${first}
  npx roundhouse session list

Ctrl-C stops everything.
`;
}
