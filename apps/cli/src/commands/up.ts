import { Command } from 'commander';
import type { Io } from '../io.ts';

interface UpOptions {
  readonly config?: string;
  readonly port?: string;
}

export function upCommand(io: Io): Command {
  return new Command('up')
    .description('run the server in the foreground until SIGINT or SIGTERM')
    .option('--port <port>', 'port of the API (ROUNDHOUSE_PORT; default 7070)')
    .option('--config <file>', 'configuration file')
    .action(async ({ config, port }: UpOptions) => {
      if (config !== undefined) {
        const { coreError } = await import('@roundhouse/core');
        throw coreError('NOT_SUPPORTED', {
          details: { what: 'A configuration file' },
          hint: 'Leave --config out and use --port and the ROUNDHOUSE_ environment variables.',
        });
      }
      const { readSettings } = await import('@roundhouse/server');
      const settings = readSettings(port === undefined ? io.env : { ...io.env, ROUNDHOUSE_PORT: port });
      const { frontPort } = settings;
      const { startHere } = await import('../startHere.ts');
      const { stopRequested } = await import('../foreground.ts');
      const stopped = stopRequested();
      await using server = await startHere(settings, io, frontPort === undefined ? undefined : { port: frontPort });
      io.stdout.write(`API    ${server.url}\n`);
      if (server.frontPort !== null) io.stdout.write(`Door   127.0.0.1:${server.frontPort}\n`);
      if (settings.isTokenNew) io.stdout.write(`Token  ${settings.token}\n`);
      await stopped;
    });
}
