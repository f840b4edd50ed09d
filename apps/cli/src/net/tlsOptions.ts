import type { TlsClientOptions } from '@roundhouse/net';
import type { Command } from 'commander';
import { readText } from '../input.ts';
import type { Io } from '../io.ts';

export interface TlsFlags {
  readonly ca?: string;
  readonly tlsInsecure?: true;
  readonly serverName?: string;
}

/** Options of commands that speak TLS with a service. */
export function withTlsOptions(command: Command): Command {
  return command
    .option('--ca <file>', 'PEM file of the authorities to trust instead of the public ones')
    .option('--server-name <name>', 'name to ask for and to check instead of the host')
    .option('--tls-insecure', 'take any certificate');
}

export async function tlsOf({ ca, tlsInsecure, serverName }: TlsFlags, io: Io): Promise<TlsClientOptions> {
  return {
    ...(ca !== undefined && { ca: await readText(ca, io) }),
    ...(serverName !== undefined && { serverName }),
    ...(tlsInsecure === true && { verify: false }),
  };
}
