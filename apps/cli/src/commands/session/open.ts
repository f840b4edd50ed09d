import type { CreateSession } from '@roundhouse/api';
import { Command, Option } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseDuration } from '../../arguments.ts';
import type { Io } from '../../io.ts';
import { sessionFacts, writeJson } from '../../render.ts';

interface OpenOptions extends ApiOptions {
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
    .argument('<host[:port]>', `host to connect to (port ${TELNET_PORT}, with TLS ${TELNETS_PORT})`)
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
  return withApiOptions(command).action(async (address: string, options: OpenOptions) => {
    const { parseAddress } = await import('@roundhouse/net');
    const { host, port } = parseAddress(address, options.tls === true ? TELNETS_PORT : TELNET_PORT);
    using client = await connect(options, io);
    const session = await client.createSession(request(host, port, options));
    if (options.json === true) writeJson(io.stdout, session);
    else io.stdout.write(`${session.id}\n${sessionFacts(session)}`);
  });
}

function request(host: string, port: number, options: OpenOptions): CreateSession {
  const { lu, model, codePage, user, application, wait, timeout } = options;
  return {
    host,
    port,
    wait,
    ...(options.tls === true ? { tls: { verify: options.verify } } : {}),
    ...(lu === undefined ? {} : { lu: [...lu] }),
    ...(model === undefined ? {} : { model }),
    ...(codePage === undefined ? {} : { code_page: codePage }),
    ...(user === undefined ? {} : { user }),
    ...(application === undefined ? {} : { application }),
    ...(timeout === undefined ? {} : { timeout_ms: timeout }),
  };
}
