import type { ScreenSize } from '@roundhouse/tn3270';
import { parseAddress } from '@roundhouse/net';
import { cliError } from '../errors.ts';

/** Whom to connect to. */
export interface Target {
  readonly host: string;
  readonly port: number;
  /** LU or pool names, tried in order. */
  readonly lus: readonly string[];
}

const TELNET_PORT = 23;
const TELNETS_PORT = 992;

/** Reads `[LU[,LU]@]HOST[:PORT]`. Raises ADDRESS_INVALID. */
export function parseTarget(text: string, withTls: boolean): Target {
  const at = text.lastIndexOf('@');
  const lus = at < 0 ? [] : text.slice(0, at).split(',');
  return { ...parseAddress(text.slice(at + 1), withTls ? TELNETS_PORT : TELNET_PORT), lus };
}

/** Reads `ROWSxCOLUMNS`. Raises ARGUMENT_INVALID. */
export function parseOversize(text: string): ScreenSize {
  const match = /^(\d{1,5})x(\d{1,5})$/i.exec(text);
  if (match !== null) return { rows: Number(match[1]), columns: Number(match[2]) };
  throw cliError('ARGUMENT_INVALID', { details: { argument: `size "${text}"`, reason: 'write it like 60x132' } });
}

/** Rows of the models with 80 columns, the largest first. */
const MODEL_ROWS = [
  ['3279-4-E', 43],
  ['3279-3-E', 32],
] as const;

/** The largest model whose screen the window shows together with the operator information area. */
export function modelFor(window: ScreenSize): string {
  return MODEL_ROWS.find(([, rows]) => window.rows > rows)?.[0] ?? '3279-2-E';
}
