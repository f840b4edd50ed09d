import { Command } from 'commander';
import { connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { facts, writeJson } from '../../render.ts';
import { type SettingOptions, settingsOf, TELNET_PORT, TELNETS_PORT, withSettings } from './settings.ts';

export function addCommand(io: Io): Command {
  const command = new Command('add')
    .description('add an endpoint')
    .argument('<id>', 'id of your choice: letters, digits, dots, dashes and underscores')
    .argument('<host[:port]>', `where the host listens (port ${TELNET_PORT}, with TLS ${TELNETS_PORT})`);
  return withApiOptions(withSettings(command)).action(async (id: string, address: string, options: SettingOptions) => {
    const { parseAddress } = await import('@roundhouse/net');
    const { host, port } = parseAddress(address, options.tls === true ? TELNETS_PORT : TELNET_PORT);
    using client = await connect(options, io);
    const endpoint = await client.createResource('endpoint', { id, host, port, ...settingsOf(options) });
    if (options.json === true) writeJson(io.stdout, endpoint);
    else io.stdout.write(facts(endpoint));
  });
}
