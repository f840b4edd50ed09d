import type { CreateSession } from '@roundhouse/api';
import { Command, Option } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseDuration } from '../../arguments.ts';
import { cliError } from '../../errors.ts';
import type { Io } from '../../io.ts';
import { sessionFacts, writeJson } from '../../render.ts';

interface OpenOptions extends ApiOptions {
  readonly group?: string;
  readonly endpoint?: string;
  readonly affinityKey?: string;
  readonly tls?: boolean;
  /** False by --no-verify. */
  readonly verify: boolean;
  readonly lu?: readonly string[];
  readonly model?: string;
  readonly codePage?: string;
  readonly user?: string;
  readonly application?: string;
  readonly wait: NonNullable<CreateSession['wait']>;
  readonly timeout?: number;
}

const TELNET_PORT = 23;
const TELNETS_PORT = 992;

export function openCommand(io: Io): Command {
  const command = new Command('open')
    .description('open a session and show it; the first word of the output is its id')
    .argument('[host[:port]]', `host to connect to (port ${TELNET_PORT}, with TLS ${TELNETS_PORT})`)
    .option('--group <name>', 'let a group of endpoints choose the host')
    .option('--endpoint <id>', 'endpoint of the group that is wanted')
    .option('--affinity-key <key>', 'equal keys go to the same endpoint of the group where possible')
    .option('--tls', 'TLS from the first byte')
    .option('--no-verify', 'take any certificate')
    .option('--lu <name...>', 'LU or pool names, tried in order')
    .option('--model <name>', 'terminal model, like 3279-2-E')
    .option('--code-page <name>', 'code page of the host, like 037')
    .option('--user <name>', 'user name to tell the host')
    .option('--application <name>', 'what the session is for')
    .addOption(
      new Option('--wait <what>', 'when to come back').choices(['screen', 'connected', 'none']).default('screen'),
    )
    .option('--timeout <time>', 'deadline, like 20s', parseDuration);
  return withApiOptions(command).action(async (address: string | undefined, options: OpenOptions) => {
    const request = { ...(await destination(address, options)), ...profile(options) };
    using client = await connect(options, io);
    const session = await client.createSession(request);
    if (options.json === true) writeJson(io.stdout, session);
    else io.stdout.write(`${session.id}\n${sessionFacts(session)}`);
  });
}

/** A host that is named, or a group that chooses one. */
async function destination(address: string | undefined, options: OpenOptions): Promise<CreateSession> {
  const { group, endpoint, affinityKey, tls, verify } = options;
  if (group === undefined) {
    if (address === undefined) throw invalid('the host', 'give HOST:PORT, or a group with --group');
    if (endpoint !== undefined) throw invalid('--endpoint', 'it goes with --group only');
    if (affinityKey !== undefined) throw invalid('--affinity-key', 'it goes with --group only');
    const { parseAddress } = await import('@roundhouse/net');
    const { host, port } = parseAddress(address, tls === true ? TELNETS_PORT : TELNET_PORT);
    return { host, port, ...(tls === true ? { tls: { verify } } : {}) };
  }
  if (address !== undefined) throw invalid('the host', 'the group chooses it; leave one of the two out');
  if (tls === true || !verify) throw invalid('TLS', 'the endpoints of the group say how they are connected to');
  return {
    group,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(affinityKey === undefined ? {} : { affinity_key: affinityKey }),
  };
}

function profile({ lu, model, codePage, user, application, wait, timeout }: OpenOptions): CreateSession {
  return {
    wait,
    ...(lu === undefined ? {} : { lu: [...lu] }),
    ...(model === undefined ? {} : { model }),
    ...(codePage === undefined ? {} : { code_page: codePage }),
    ...(user === undefined ? {} : { user }),
    ...(application === undefined ? {} : { application }),
    ...(timeout === undefined ? {} : { timeout_ms: timeout }),
  };
}

function invalid(argument: string, reason: string): Error {
  return cliError('ARGUMENT_INVALID', { details: { argument, reason } });
}
