import { serverError } from './errors.ts';
import { parseLogFilter } from './log/filter.ts';
import { LOG_MODULES } from './log/modules.ts';
import { checkToken, generateToken } from './token.ts';

/** What a server needs to know, from the environment. */
export interface Settings {
  /** Port of the API; 0 for any free one. */
  readonly port: number;
  /** Bearer token, given or made. */
  readonly token: string;
  /** Whether the token was made here and nobody knows it yet. */
  readonly isTokenNew: boolean;
  /** Ports of the demo hosts; 0 for any free one. */
  readonly demoPorts: readonly [number, number];
  /** Port of the TN3270 front door; 0 for any free one, undefined where none was named. */
  readonly frontPort: number | undefined;
  /** What is logged: a level, and levels of modules. */
  readonly logFilter: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the `ROUNDHOUSE_…` variables; an empty one counts as absent. Raises SETTING_INVALID. */
export function readSettings(env: Environment): Settings {
  const token = env['ROUNDHOUSE_TOKEN'];
  return {
    port: readPort('ROUNDHOUSE_PORT', env['ROUNDHOUSE_PORT'] || '7070'),
    isTokenNew: !token,
    token: token ? checkToken(token, 'ROUNDHOUSE_TOKEN') : generateToken(),
    demoPorts: readDemoPorts(env['ROUNDHOUSE_DEMO_PORTS'] || '3271,3272'),
    frontPort: env['ROUNDHOUSE_FRONT_PORT']
      ? readPort('ROUNDHOUSE_FRONT_PORT', env['ROUNDHOUSE_FRONT_PORT'])
      : undefined,
    logFilter: readLogFilter(env['ROUNDHOUSE_LOG'] || 'info'),
  };
}

function readPort(name: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw invalid(name, 'a port is a number from 0 to 65535');
}

function readDemoPorts(text: string): readonly [number, number] {
  const name = 'ROUNDHOUSE_DEMO_PORTS';
  const [first, second, ...rest] = text.split(',').map((each) => readPort(name, each.trim()));
  if (first === undefined || second === undefined || rest.length > 0) {
    throw invalid(name, 'two ports with a comma between them are wanted, like 3271,3272');
  }
  return [first, second];
}

function readLogFilter(text: string): string {
  try {
    parseLogFilter(text, LOG_MODULES);
    return text;
  } catch (error) {
    throw invalid('ROUNDHOUSE_LOG', (error as Error).message);
  }
}

function invalid(name: string, reason: string): Error {
  return serverError('SETTING_INVALID', { details: { name, reason } });
}
