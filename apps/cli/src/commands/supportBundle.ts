import { open, writeFile } from 'node:fs/promises';
import type { Client } from '@roundhouse/api';
import { isRoundhouseError, Secret, systemClock } from '@roundhouse/core';
import { Command } from 'commander';
import { type ApiOptions, clientOf, findServer, withApiOptions } from '../api.ts';
import { cliError } from '../errors.ts';
import { examineHere, type InstallationOptions, withInstallationOptions } from '../installation.ts';
import type { Io } from '../io.ts';
import { errorLines, printable, writeJson } from '../render.ts';

type SupportBundleOptions = ApiOptions & InstallationOptions;

/** What a running server says of itself. */
interface ServerState {
  readonly configuration: unknown;
  readonly metrics: string;
  readonly slowest: Awaited<ReturnType<Client['exportMetrics']>>['slowest'];
  readonly resources: Readonly<Record<string, readonly unknown[]>>;
}

export function supportBundleCommand(io: Io): Command {
  const command = new Command('support-bundle')
    .description('write the state of a server to an archive for those who help, without its secrets')
    .argument('[file]', 'archive to write (default: roundhouse-support-TIME.tar.gz, here)');
  return withApiOptions(withInstallationOptions(command)).action(
    async (file: string | undefined, { config, set, ...options }: SupportBundleOptions) => {
      const { supportBundle } = await import('@roundhouse/server');
      const now = (io.clock ?? systemClock).now();
      const examination = await examineHere({ ...(config && { config }), ...(set && { set }) }, io);
      const { state, token } = await askServer(options, io);
      const bundle = await supportBundle(
        {
          version: io.version,
          facts: examination.facts,
          findings: examination.findings,
          configuration: examination.configuration,
          metrics: '',
          slowest: [],
          resources: {},
          ...state,
          logLines: examination.logFile === null ? [] : await lastLines(examination.logFile),
          environment: io.env,
          secrets: [...examination.secrets, ...(token === undefined ? [] : [new Secret(token)])],
        },
        now,
      );
      const path = file ?? `roundhouse-support-${new Date(now).toISOString().replaceAll(/[:.]/g, '-')}.tar.gz`;
      await writeNew(path, bundle);
      if (options.json === true)
        writeJson(io.stdout, { file: path, bytes: bundle.length, server: state !== undefined });
      else io.stdout.write(`${printable(path)} is written. Have a look before you pass it on.\n`);
    },
  );
}

/** Without a server that answers, the archive has what the machine says. */
async function askServer(options: ApiOptions, io: Io): Promise<{ state?: ServerState; token?: string }> {
  let token: string | undefined;
  try {
    const server = await findServer(options, io);
    ({ token } = server);
    using client = await clientOf(server, io);
    return { state: await stateOf(client), token };
  } catch (error) {
    if (!isRoundhouseError(error)) throw error;
    io.stderr.write(`roundhouse: left out what the server would say: ${errorLines(error)[0] ?? error.code}\n`);
    return token === undefined ? {} : { token };
  }
}

async function stateOf(client: Client): Promise<ServerState> {
  const { RESOURCE_KIND_NAMES } = await import('@roundhouse/api');
  const lists = await Promise.all(
    RESOURCE_KIND_NAMES.map(async (kind) => [kind, (await client.listResources(kind)).items] as const),
  );
  const [configuration, metrics, { slowest }, usage, operations] = await Promise.all([
    client.getConfiguration(),
    client.exportMetricsCsv(),
    client.exportMetrics(),
    client.getUsage(),
    client.listOperations(),
  ]);
  return {
    configuration,
    metrics,
    slowest,
    resources: { ...Object.fromEntries(lists), limit: usage.limits, operation: operations.items },
  };
}

/** Of the log, bytes from its end. */
const MAX_LOG_BYTES = 4_194_304;

async function lastLines(path: string): Promise<readonly string[]> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    const from = Math.max(0, size - MAX_LOG_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    const lines = buffer.toString('utf8', 0, bytesRead).split(/(?<=\n)/);
    // The first may be a part of a line.
    return from === 0 ? lines : lines.slice(1);
  } catch {
    return [];
  }
}

/** For the owner's eyes alone, and never over another file. */
async function writeNew(path: string, content: Buffer): Promise<void> {
  try {
    await writeFile(path, content, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    const { code = 'it cannot be written' } = cause as NodeJS.ErrnoException;
    throw cliError('ARGUMENT_INVALID', { details: { argument: `file ${path}`, reason: code }, cause });
  }
}
