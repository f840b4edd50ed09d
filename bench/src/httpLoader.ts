import { fileURLToPath } from 'node:url';
import { isInstalled, startPeer } from '@roundhouse/testing';
import { startScript } from './jsonChild.ts';
import { scriptPath } from './script.ts';

/** GET requests on kept connections, as many as go. */
export interface HttpLoad {
  /** E.g. `http://127.0.0.1:7070`. */
  readonly origin: string;
  /** Read in turn. */
  readonly paths: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
}

export interface LoadFacts {
  readonly readsPerSecond: number;
  readonly p99Ms: number;
  /** Answers that were not 200, and requests without an answer. */
  readonly errors: number;
}

const ROTATE = fileURLToPath(new URL('../src/rotate.lua', import.meta.url));
const MS = { us: 1e-3, ms: 1, s: 1e3, m: 60e3 } as const;

/** The program that puts the load on: wrk, or a Node client where it is not installed, which costs more itself. */
export const loaderName = (): string => (isInstalled('wrk') ? 'wrk' : 'a Node client (wrk is not installed)');

/** Runs the load from another process. */
export function load(options: HttpLoad): Promise<LoadFacts> {
  return isInstalled('wrk') ? loadWithWrk(options) : loadWithNode(options);
}

async function loadWithNode(options: HttpLoad): Promise<LoadFacts> {
  await using child = await startScript(scriptPath('httpLoad'), JSON.stringify(options));
  return await child.next<LoadFacts>();
}

async function loadWithWrk({ origin, paths, headers, connections, seconds }: HttpLoad): Promise<LoadFacts> {
  const headerOptions = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const options = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...headerOptions, '-s', ROTATE];
  await using wrk = await startPeer('wrk', [...options, origin, '--', ...paths]);
  await wrk.exited;
  return readWrk(wrk.output) ?? Promise.reject(wrk.failure('its report cannot be read'));
}

/** Reads the report of wrk; undefined when it is none. */
export function readWrk(report: string): LoadFacts | undefined {
  const rate = /^Requests\/sec:\s+([\d.]+)$/m.exec(report);
  const p99 = /^\s+99%\s+([\d.]+)(us|ms|s|m)\s*$/m.exec(report);
  if (rate === null || p99 === null) return undefined;
  const refused = /^\s+Non-2xx or 3xx responses: (\d+)$/m.exec(report);
  const broken = /^\s+Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)$/m.exec(report);
  const errors = [...(refused ?? []).slice(1), ...(broken ?? []).slice(1)].map(Number);
  return {
    readsPerSecond: Number(rate[1]),
    p99Ms: Number(p99[1]) * MS[p99[2] as keyof typeof MS],
    errors: errors.reduce((sum, each) => sum + each, 0),
  };
}
