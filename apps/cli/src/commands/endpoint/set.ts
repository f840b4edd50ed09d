import type { EndpointInput, EndpointResource } from '@roundhouse/api';
import { Command } from 'commander';
import { connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { facts, writeJson } from '../../render.ts';
import { type SettingOptions, settingsOf, withSettings } from './settings.ts';

export function setCommand(io: Io): Command {
  const command = new Command('set')
    .description('change an endpoint; what is not named stays as it is shown')
    .argument('<id>', 'endpoint id')
    .argument('[host[:port]]', 'where the host listens now');
  return withApiOptions(withSettings(command))
    .option('--no-tls', 'no TLS from the first byte')
    .addHelpText(
      'after',
      '\nCertificates, STARTTLS checks and single behaviours that were given through the API are not shown by it, and\n' +
        'are not kept: keep those in a file, and use "roundhouse apply".',
    )
    .action(async (id: string, address: string | undefined, options: SettingOptions) => {
      using client = await connect(options, io);
      const before = await client.getResource('endpoint', id);
      const endpoint = await client.putResource('endpoint', id, await changed(before, address, options), {
        version: before.version,
      });
      if (options.json === true) writeJson(io.stdout, endpoint);
      else io.stdout.write(facts(endpoint));
    });
}

async function changed(
  before: EndpointResource,
  address: string | undefined,
  options: SettingOptions,
): Promise<Omit<EndpointInput, 'id'>> {
  const { host, port, tls, group, weight, priority, max_sessions, lu_pools, logons_per_s, probe, labels } = before;
  const { parseAddress } = await import('@roundhouse/net');
  const { probe: probeChange, ...settings } = settingsOf(options);
  return {
    tls,
    group,
    weight,
    priority,
    max_sessions,
    lu_pools,
    logons_per_s,
    labels,
    ...settings,
    ...(address === undefined ? { host, port } : parseAddress(address, port)),
    probe: { ...probe, ...probeChange },
  };
}
