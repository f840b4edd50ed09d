import type { EndpointInput, EndpointProbeInput } from '@roundhouse/api';
import { type Command, Option } from 'commander';
import type { ApiOptions } from '../../api.ts';
import { parseCount } from '../../arguments.ts';

/** Options of the commands that say what an endpoint is. */
export interface SettingOptions extends ApiOptions {
  readonly group?: string;
  readonly weight?: number;
  readonly priority?: number;
  readonly maxSessions?: number;
  readonly tls?: boolean;
  readonly probe?: NonNullable<EndpointProbeInput['kind']>;
  readonly probeUrl?: string;
}

export const TELNET_PORT = 23;
export const TELNETS_PORT = 992;

export function withSettings(command: Command): Command {
  return command
    .option('--group <name>', 'group that it takes traffic for')
    .option('--weight <n>', 'share of the traffic, 0 to 1000', parseCount)
    .option('--priority <n>', 'tier, 0 to 100; 0 is used first', parseCount)
    .option('--max-sessions <n>', 'most sessions at a time', parseCount)
    .option('--tls', 'TLS from the first byte')
    .addOption(
      new Option('--probe <kind>', 'how far its health is checked').choices([
        'tcp',
        'tls',
        'telnet',
        'tn3270',
        'none',
      ] satisfies Array<SettingOptions['probe']>),
    )
    .option('--probe-url <url>', 'what has to answer as well; with --probe none in its place');
}

/** What the options say, and nothing that they do not. */
export function settingsOf(options: SettingOptions): Omit<Partial<EndpointInput>, 'id' | 'host' | 'port'> {
  const { group, weight, priority, maxSessions, tls, probe, probeUrl } = options;
  const asked = { ...(probe !== undefined && { kind: probe }), ...(probeUrl !== undefined && { url: probeUrl }) };
  return {
    ...(group === undefined ? {} : { group }),
    ...(weight === undefined ? {} : { weight }),
    ...(priority === undefined ? {} : { priority }),
    ...(maxSessions === undefined ? {} : { max_sessions: maxSessions }),
    ...(tls === undefined ? {} : { tls }),
    ...(Object.keys(asked).length === 0 ? {} : { probe: asked }),
  };
}
