import { systemClock } from '@roundhouse/core';
import type { RunningServer } from '@roundhouse/server';
import { Command } from 'commander';
import { unlessUp } from '../alreadyUp.ts';
import { homeDirectory, removeLocalServer, writeLocalServer } from '../home.ts';
import type { Io } from '../io.ts';
import { address } from '../render.ts';
import { startingUp } from '../startup.ts';
import { withFaults, writeDiagnostics } from './config/faults.ts';

interface UpOptions {
  readonly config?: string;
  readonly port?: string;
  readonly set?: readonly string[];
  readonly watch: boolean;
}

export function upCommand(io: Io): Command {
  return new Command('up')
    .description('run the server in the foreground until SIGINT or SIGTERM; SIGHUP reads the configuration again')
    .option('--config <file>', 'configuration file (ROUNDHOUSE_CONFIG)')
    .option('--set <path=value...>', 'a setting above the file, like server.port=7071 or endpoints[east].weight=2')
    .option('--no-watch', 'do not read the configuration again when its files change')
    .option('--port <port>', 'port of the API where the file says none (ROUNDHOUSE_PORT; default 7070)')
    .action(async ({ config = io.env['ROUNDHOUSE_CONFIG'], port, set, watch }: UpOptions) => {
      const { readSettings, runServer } = await import('@roundhouse/server');
      const { openSession } = await import('@roundhouse/tn3270');
      // With what is loaded: V8 takes up what was compiled before only under the same settings of its own.
      const { started } = startingUp(io.clock ?? systemClock, io.keepCompiled ?? (() => {}));
      const settings = readSettings(port === undefined ? io.env : { ...io.env, ROUNDHOUSE_PORT: port });
      const { stopRequested, onHangUp } = await import('../foreground.ts');
      let running: RunningServer | undefined;
      const stopped = stopRequested(() => running?.stopMs ?? 0);
      // Also while it starts: it would end the process otherwise.
      using _hangUp = onHangUp(() => void running?.reload());
      await using server = await unlessUp(
        io,
        withFaults(
          io,
          runServer({
            version: io.version,
            openSession,
            variables: io.env,
            home: homeDirectory(io.env),
            sources: { ...(config ? { file: config } : {}), ...(set === undefined ? {} : { settings: set }) },
            isWatched: watch,
            defaults: {
              port: settings.port,
              frontPort: settings.frontPort,
              logFilter: settings.logFilter,
              token: settings.isTokenNew ? undefined : settings.token,
            },
          }),
        ),
      );
      running = server;
      started();
      const { url, frontDoor, mail, token, isTokenNew } = server;
      await writeLocalServer(io.env, { url, token });
      await using _local = { [Symbol.asyncDispose]: () => removeLocalServer(io.env, { url, token }) };
      await writeDiagnostics(io, server.warnings);
      const lines = [`API    ${url}\n`];
      if (frontDoor !== null) lines.push(`Door   ${address(frontDoor.host, frontDoor.port)}\n`);
      if (mail !== null) lines.push(`Mail   ${address(mail.host, mail.port)}\n`);
      // At once: whoever waits for the first line may leave behind it.
      io.stdout.write(lines.join(''));
      if (isTokenNew)
        io.stdout.write(`Token  ${token}\n       It is not shown again; ${homeDirectory(io.env)}/token has it.\n`);
      await stopped;
    });
}
