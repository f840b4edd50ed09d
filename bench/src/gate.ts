import { SCREEN_KINDS } from '@roundhouse/testing';
import { STRATEGY_NAMES } from '@roundhouse/traffic';
import type { Figure } from './figure.ts';
import { SILENT_CLIENTS } from './silentClients.ts';

/** What a figure is held to. */
export interface Bar {
  /** Id of the figure. */
  readonly figure: string;
  /** The median, or the ratio to the peer's. */
  readonly of: 'median' | 'ratio';
  readonly bound: 'at least' | 'below' | 'at most';
  readonly limit: number;
  /** Missing it fails a run in any case, as it is a fault and no matter of the machine. */
  readonly always?: true;
}

export const BARS: readonly Bar[] = [
  { figure: 'decode.dense.mb_per_s', of: 'median', bound: 'at least', limit: 500 },
  { figure: 'decode.form.mb_per_s', of: 'median', bound: 'at least', limit: 500 },
  { figure: 'decode.ext.mb_per_s', of: 'median', bound: 'at least', limit: 250 },
  { figure: 'cpu.dense', of: 'ratio', bound: 'at most', limit: 1 / 3 },
  { figure: 'cpu.form', of: 'ratio', bound: 'at most', limit: 1 / 3 },
  { figure: 'cpu.ext', of: 'ratio', bound: 'at most', limit: 1 / 3 },
  { figure: 'first_screen', of: 'median', bound: 'below', limit: 5 },
  { figure: 'session.held_kb', of: 'median', bound: 'at most', limit: 150 },
  { figure: 'session.rss_kb', of: 'median', bound: 'at most', limit: 150 },
  { figure: 'session_full.failed', of: 'median', bound: 'at most', limit: 0, always: true },
  { figure: 'rest.reads_per_s', of: 'median', bound: 'at least', limit: 5_000 },
  { figure: 'rest.p99_ms', of: 'median', bound: 'below', limit: 10 },
  { figure: 'rest.errors', of: 'median', bound: 'at most', limit: 0, always: true },
  ...[...STRATEGY_NAMES, 'hash'].map(
    (name): Bar => ({ figure: `decision.${name}`, of: 'median', bound: 'below', limit: 2 }),
  ),
  { figure: 'create.ms', of: 'median', bound: 'below', limit: 10 },
  { figure: 'warm.ms', of: 'median', bound: 'below', limit: 2 },
  { figure: 'failover.seconds', of: 'median', bound: 'below', limit: 5 },
  { figure: 'failover.lost', of: 'median', bound: 'at most', limit: 0, always: true },
  { figure: 'front_door.added_ms', of: 'median', bound: 'below', limit: 0.3 },
  ...SCREEN_KINDS.map((kind): Bar => ({ figure: `front_door.${kind}`, of: 'ratio', bound: 'at least', limit: 0.8 })),
  ...['whoami', 'endpoint'].flatMap((request): Bar[] => [
    { figure: `api.${request}.per_s`, of: 'median', bound: 'at least', limit: 10_000 },
    { figure: `api.${request}.p99_ms`, of: 'median', bound: 'below', limit: 20 },
    { figure: `api.${request}.errors`, of: 'median', bound: 'at most', limit: 0, always: true },
  ]),
  { figure: 'logging.info', of: 'ratio', bound: 'at least', limit: 0.98 },
  { figure: 'webhook.latency_ms', of: 'median', bound: 'below', limit: 20 },
  { figure: 'webhook.per_s', of: 'median', bound: 'at least', limit: 2_000 },
  { figure: 'webhook.lost', of: 'median', bound: 'at most', limit: 0, always: true },
  { figure: 'webhook.rejected', of: 'median', bound: 'at most', limit: 0, always: true },
  ...['short', 'templates'].map(
    (file): Bar => ({ figure: `config.${file}.first_ms`, of: 'median', bound: 'below', limit: 300 }),
  ),
  ...['mixed', 'unmet'].map((rules): Bar => ({ figure: `policy.${rules}`, of: 'median', bound: 'below', limit: 5 })),
  ...workerBars(),
  { figure: 'dns.per_s', of: 'ratio', bound: 'at least', limit: 0.6 },
  { figure: 'dns.cached_ms', of: 'median', bound: 'below', limit: 1 },
  ...SILENT_CLIENTS.flatMap(({ name }): Bar[] => [
    { figure: `silent.${name}.late_ms`, of: 'median', bound: 'below', limit: 50 },
    { figure: `silent.${name}.freed_ms`, of: 'median', bound: 'below', limit: 50 },
  ]),
  { figure: 'websocket.p99_ms', of: 'median', bound: 'below', limit: 10 },
  { figure: 'websocket.lost', of: 'median', bound: 'at most', limit: 0, always: true },
  { figure: 'websocket.idle_mb', of: 'median', bound: 'below', limit: 400 },
  { figure: 'websocket.idle_missing', of: 'median', bound: 'at most', limit: 0, always: true },
  { figure: 'http.server_least_per_s', of: 'median', bound: 'at least', limit: 10_000 },
  { figure: 'http.server_per_s', of: 'ratio', bound: 'at least', limit: 0.85 },
  { figure: 'http.server2_per_s', of: 'ratio', bound: 'at least', limit: 0.9 },
  { figure: 'http.client_per_s', of: 'ratio', bound: 'at least', limit: 0.9 },
  { figure: 'serving.memory_mb', of: 'median', bound: 'at most', limit: 60 },
  { figure: 'serving.drain_s', of: 'median', bound: 'below', limit: 5 },
  { figure: 'serving.drain_cut', of: 'median', bound: 'at most', limit: 0, always: true },
  { figure: 'growth.screens', of: 'median', bound: 'below', limit: 5, always: true },
  { figure: 'growth.sessions', of: 'median', bound: 'below', limit: 5, always: true },
  { figure: 'audit.group.records_s', of: 'median', bound: 'at least', limit: 20_000 },
  { figure: 'audit.group.p99_ms', of: 'median', bound: 'at most', limit: 10 },
  { figure: 'audit.strict.records_s', of: 'median', bound: 'at least', limit: 2_000 },
  { figure: 'auditedApi.endpoint', of: 'ratio', bound: 'at least', limit: 0.97 },
  { figure: 'auditedApi.screen', of: 'ratio', bound: 'at least', limit: 0.97 },
  { figure: 'audit.verify.records_s', of: 'median', bound: 'at least', limit: 150_000 },
  ...['newest', 'common', 'user', 'time', 'words', 'phrase', 'nothing'].map(
    (query): Bar => ({ figure: `auditSearch.${query}`, of: 'median', bound: 'below', limit: 20 }),
  ),
];

/** The product is held to its targets, the supervisor alone to the better peer; what must never happen, both. */
function workerBars(): Bar[] {
  const [product, alone] = ['workers.roundhouse_up', 'workers.supervisor_alone'];
  const targets = { start_100_s: 1, start_500_s: 4, stop_500_s: 3, replaced_ms: 50, idle_percent: 0.3 };
  const faster = ['start_100_s', 'start_500_s', 'stop_100_s', 'stop_500_s', 'replaced_ms'];
  return [
    ...Object.entries(targets).map(
      ([id, limit]): Bar => ({ figure: `${product}.${id}`, of: 'median', bound: 'at most', limit }),
    ),
    { figure: `${product}.capture_mb_per_s`, of: 'median', bound: 'at least', limit: 150 },
    ...faster.map((id): Bar => ({ figure: `${alone}.${id}`, of: 'ratio', bound: 'below', limit: 1 })),
    { figure: `${alone}.capture_mb_per_s`, of: 'ratio', bound: 'at least', limit: 1 },
    { figure: `${alone}.pss_mb`, of: 'median', bound: 'at most', limit: 95 },
    { figure: `${alone}.idle_percent`, of: 'median', bound: 'at most', limit: 0.3 },
    ...[product, alone].flatMap((ours): Bar[] => [
      { figure: `${ours}.capture_lost`, of: 'median', bound: 'at most', limit: 0, always: true },
      { figure: `${ours}.survival.alive`, of: 'median', bound: 'at least', limit: 5, always: true },
      { figure: `${ours}.survival.duplicates`, of: 'median', bound: 'at most', limit: 0, always: true },
      { figure: `${ours}.survival.kept`, of: 'median', bound: 'at least', limit: 5, always: true },
    ]),
  ];
}

export interface Verdict {
  readonly bar: Bar;
  readonly value: number;
  readonly met: boolean;
}

/** Holds a figure to its bar; undefined when it has none, or when the peer that it is compared with is missing. */
export function judge({ id, median, peer }: Figure): Verdict | undefined {
  const bar = BARS.find(({ figure }) => figure === id);
  if (bar === undefined) return undefined;
  const value = bar.of === 'median' ? median : peer?.ratio;
  return value === undefined ? undefined : { bar, value, met: isMet(bar, value) };
}

function isMet({ bound, limit }: Bar, value: number): boolean {
  switch (bound) {
    case 'at least':
      return value >= limit;
    case 'at most':
      return value <= limit;
    case 'below':
      return value < limit;
  }
}
