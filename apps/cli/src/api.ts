import { readFile } from 'node:fs/promises';
import type { Client } from '@roundhouse/api';
import type { Command } from 'commander';
import { cliError } from './errors.ts';
import { type LocalServer, readLocalServer } from './home.ts';
import type { Io } from './io.ts';

/** Options of every command that calls the API. */
export interface ApiOptions {
  readonly url?: string;
  readonly token?: string;
  readonly json?: boolean;
}

const DEFAULT_URL = 'http://127.0.0.1:7070';

export function withApiOptions(command: Command): Command {
  return command
    .option('--url <url>', 'address of the server (ROUNDHOUSE_URL; default: the one that runs here)')
    .option('--token <token>', 'bearer token (ROUNDHOUSE_TOKEN; default: that of the server that runs here)')
    .option('--json', 'write the answer as JSON');
}

/** A client for the server that the options, the environment or a running `roundhouse` name. Raises TOKEN_MISSING. */
export async function connect(options: ApiOptions, io: Io): Promise<Client> {
  return clientOf(await findServer(options, io), io);
}

/** `ROUNDHOUSE_CA` names a file of the authorities to trust, for servers with a certificate of their own. */
export async function clientOf(server: LocalServer, { env, clock }: Io): Promise<Client> {
  const { createClient } = await import('@roundhouse/api');
  const caFile = env['ROUNDHOUSE_CA'];
  const ca = caFile ? await readAuthorities(caFile) : undefined;
  return createClient({ ...server, ...(ca === undefined ? {} : { ca }), ...(clock === undefined ? {} : { clock }) });
}

async function readAuthorities(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const { code = 'it cannot be read' } = cause as NodeJS.ErrnoException;
    throw cliError('ARGUMENT_INVALID', { details: { argument: `ROUNDHOUSE_CA ${file}`, reason: code }, cause });
  }
}

/** Raises TOKEN_MISSING. */
export async function findServer(options: ApiOptions, { env }: Io): Promise<LocalServer> {
  const local = await readLocalServer(env);
  const url = options.url || env['ROUNDHOUSE_URL'] || local?.url || DEFAULT_URL;
  // The token of the server here is for that server only, wherever --url points.
  const own = local !== undefined && sameOrigin(url, local.url) ? local.token : undefined;
  const token = options.token || env['ROUNDHOUSE_TOKEN'] || own;
  if (token === undefined) throw cliError('TOKEN_MISSING', { details: { url } });
  return { url, token };
}

function sameOrigin(a: string, b: string): boolean {
  return URL.canParse(a) && URL.canParse(b) && new URL(a).origin === new URL(b).origin;
}
