import { Command } from 'commander';
import { parseDuration } from '../../arguments.ts';
import type { Io } from '../../io.ts';
import { type TlsFlags, withTlsOptions } from '../../net/tlsOptions.ts';

interface WsFlags extends TlsFlags {
  readonly header: readonly string[];
  readonly subprotocol: readonly string[];
  readonly timeout: string;
  readonly linger: string;
  readonly compress?: true;
  readonly json?: true;
}

export function wsCommand(io: Io): Command {
  const several = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  const command = new Command('ws')
    .description('send the lines of standard input to a WebSocket, and print what it says')
    .argument('<url>', 'ws://… or wss://…')
    .option('-H, --header <name: value>', 'a field of the request; may be given several times', several, [])
    .option('--subprotocol <name>', 'a sub-protocol to offer; may be given several times', several, [])
    .option('--compress', 'offer compression')
    .option('--timeout <time>', 'how long connecting may take', '10s')
    .option('--linger <time>', 'how long to wait for more after the last line was sent', '1s')
    .option('--json', 'each message as a line of JSON; bytes are in base64');
  return withTlsOptions(command).action(async (url: string, flags: WsFlags) => {
    const times = { timeoutMs: parseDuration(flags.timeout), lingerMs: parseDuration(flags.linger) };
    const { talk } = await import('../../net/webSocket.ts');
    await talk(url, { ...flags, ...times }, io);
  });
}
