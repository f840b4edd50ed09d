import { Command } from 'commander';
import { homeDirectory, removeLocalServer, writeLocalServer } from '../home.ts';
import type { Io } from '../io.ts';
import { withFaults, writeDiagnostics } from './config/faults.ts';

interface UpOptions {
  readonly config?: string;
  readonly port?: string;
  readonly set?: readonly string[];
}

export function upCommand(io: Io): Command {
  return new Command('up')
    .description('run the server in the foreground until SIGINT or SIGTERM; SIGHUP reads the configuration again')
    .option('--config <file>', 'configuration file (ROUNDHOUSE_CONFIG)')
    .option('--set <path=value...>', 'a setting above the file, like server.port=7071 or endpoints[east].weight=2')
    .option('--port <port>', 'port of the API without a file (ROUNDHOUSE_PORT; default 7070)')
    .action(async ({ config = io.env['ROUNDHOUSE_CONFIG'], port, set }: UpOptions) => {
      const { readSettings, runServer } = await import('@roundhouse/server');
      const { openSession } = await import('@roundhouse/tn3270');
      const settings = readSettings(port === undefined ? io.env : { ...io.env, ROUNDHOUSE_PORT: port });
      const { stopRequested, onHangUp } = await import('../foreground.ts');
      const stopped = stopRequested();
      await using server = await withFaults(
        io,
        runServer({
          version: io.version,
          openSession,
          variables: io.env,
          home: homeDirectory(io.env),
          sources: { ...(config ? { file: config } : {}), ...(set === undefined ? {} : { settings: set }) },
          defaults: {
            port: settings.port,
            frontPort: settings.frontPort,
            logFilter: settings.logFilter,
            token: settings.isTokenNew ? undefined : settings.token,
          },
        }),
      );
      const { url, frontPort, token, isTokenNew } = server;
      await writeLocalServer(io.env, { url, token });
      await using _local = { [Symbol.asyncDispose]: () => removeLocalServer(io.env, { url, token }) };
      using _hangUp = onHangUp(() => void server.reload());
      await writeDiagnostics(io, server.warnings);
      io.stdout.write(`API    ${url}\n`);
      if (frontPort !== null) io.stdout.write(`Door   127.0.0.1:${frontPort}\n`);
      if (isTokenNew)
        io.stdout.write(`Token  ${token}\n       It is not shown again; ${homeDirectory(io.env)}/token has it.\n`);
      await stopped;
    });
}
