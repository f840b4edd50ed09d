import { Command } from 'commander';
import type { VerdictIo } from '../../io.ts';
import { dnsCommand } from './dns.ts';
import { httpCommand } from './http.ts';
import { mailCommand } from './mail.ts';
import { probeCommand } from './probe.ts';
import { wsCommand } from './ws.ts';

export function netCommand(io: VerdictIo): Command {
  return new Command('net')
    .description('speak with services as a client, and see what answers')
    .addCommand(probeCommand(io))
    .addCommand(httpCommand(io))
    .addCommand(dnsCommand(io))
    .addCommand(wsCommand(io))
    .addCommand(mailCommand(io));
}
