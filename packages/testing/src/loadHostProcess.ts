import { parseArgs } from 'node:util';
import { LoadHost } from './loadHost.ts';
import { SCREEN_KINDS, type ScreenKind } from './loadScreens.ts';

/**
 * The load host as a process of its own, so that its time is not the client's:
 * `loadHostProcess.ts PORT KIND SCREENS [CLIENTS]`. Prints `{"port":…}` when it listens (PORT 0 takes a free one), then
 * one line of JSON a client. It stays until the last client has gone.
 */
const { positionals } = parseArgs({ allowPositionals: true });
const [port, kind, screens, clients] = positionals;
const isKind = (value: string | undefined): value is ScreenKind => SCREEN_KINDS.some((known) => known === value);
const isCount = (value: string | undefined): value is string => value !== undefined && /^\d+$/.test(value);

if (!isCount(port) || !isKind(kind) || !isCount(screens) || !(clients === undefined || isCount(clients))) {
  process.stderr.write(`usage: loadHostProcess PORT {${SCREEN_KINDS.join('|')}} SCREENS [CLIENTS]\n`);
  process.exitCode = 2;
} else {
  const print = (value: unknown): void => {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  };
  const host = new LoadHost({ kind, screens: Number(screens), clients: Number(clients ?? 1), onResult: print });
  print({ port: await host.listen(Number(port)) });
  await host.finished;
}
