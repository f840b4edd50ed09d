import { Command } from 'commander';
import { parseDuration } from '../../arguments.ts';
import type { VerdictIo } from '../../io.ts';
import { type TlsFlags, withTlsOptions } from '../../net/tlsOptions.ts';

interface DnsFlags extends TlsFlags {
  readonly server?: string;
  readonly timeout: string;
  readonly json?: true;
}

export function dnsCommand(io: VerdictIo): Command {
  const command = new Command('dns')
    .description('look a name up, at the name servers of this machine or at another')
    .argument('<name>', 'an absolute name, e.g. www.example, or an address to find the name of')
    .argument('[type]', 'of the records, e.g. AAAA, MX, TXT, SRV, CAA', 'A')
    .option('--server <url>', 'dns://HOST, dns+tcp://HOST, dot://HOST or doh://HOST/dns-query, or an address')
    .option('--timeout <time>', 'how long the whole of it may take', '10s')
    .option('--json', 'as JSON');
  return withTlsOptions(command).action(async (name: string, type: string, flags: DnsFlags) => {
    const timeoutMs = parseDuration(flags.timeout);
    const { lookUp } = await import('../../net/dns.ts');
    await lookUp(name, type, { ...flags, timeoutMs }, io);
  });
}
