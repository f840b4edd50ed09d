import { Command } from 'commander';
import { parseDuration } from '../../arguments.ts';
import type { VerdictIo } from '../../io.ts';
import { type TlsFlags, withTlsOptions } from '../../net/tlsOptions.ts';

interface HttpFlags extends TlsFlags {
  readonly request?: string;
  readonly header: readonly string[];
  readonly data?: string;
  readonly include?: true;
  readonly http: string;
  readonly timeout: string;
  readonly json?: true;
}

export function httpCommand(io: VerdictIo): Command {
  const several = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  const command = new Command('http')
    .description('make a request and print what comes back; ends with 1 for a status from 400')
    .argument('<url>', 'http://… or https://…')
    .option('-X, --request <method>', 'default GET, with data POST')
    .option('-H, --header <name: value>', 'a field of the request; may be given several times', several, [])
    .option('-d, --data <text>', 'what to send; @FILE reads a file, @- standard input')
    .option('-i, --include', 'print the status and the fields too')
    .option('--http <version>', '1.1 or 2; default: as the server offers over TLS, else 1.1')
    .option('--timeout <time>', 'how long the whole of it may take', '30s')
    .option('--json', 'status, fields, times and body as JSON');
  return withTlsOptions(command).action(async (url: string, flags: HttpFlags) => {
    const timeoutMs = parseDuration(flags.timeout);
    const { call } = await import('../../net/http.ts');
    await call(url, { ...flags, timeoutMs }, io);
  });
}
