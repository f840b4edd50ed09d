import { Command } from 'commander';
import { parseDuration } from '../../arguments.ts';
import type { VerdictIo } from '../../io.ts';
import { type TlsFlags, withTlsOptions } from '../../net/tlsOptions.ts';

interface ProbeFlags extends TlsFlags {
  readonly timeout: string;
  readonly json?: true;
}

export function probeCommand(io: VerdictIo): Command {
  const command = new Command('probe')
    .description('connect to a service and make one harmless request, each phase timed; ends with 7 when it fails')
    .argument('<url>', 'e.g. https://HOST/health, wss://HOST/chat, smtp://HOST, tls://HOST:PORT, tcp://HOST:PORT')
    .option('--timeout <time>', 'how long the whole of it may take', '10s')
    .option('--json', 'as JSON');
  return withTlsOptions(command).action(async (url: string, flags: ProbeFlags) => {
    const timeoutMs = parseDuration(flags.timeout);
    const { probe } = await import('../../net/probe.ts');
    await probe(url, { ...flags, timeoutMs }, io);
  });
}
