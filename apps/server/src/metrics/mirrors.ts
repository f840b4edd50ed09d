import type { Clock } from '@roundhouse/core';
import type { MetricRegistry, Sample } from './registry.ts';
import { type EndpointFigures, type MetricSources, samplesByName } from './sources.ts';
import { WORKER_MIRRORS } from './workerMirrors.ts';

export interface Mirror {
  readonly type: 'gauge' | 'counter';
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly maxSeries?: number;
  readonly read: (sources: MetricSources, clock: Clock) => readonly Sample[];
}

const STATUSES = ['healthy', 'degraded', 'unhealthy', 'unknown'] as const;
const MS_PER_SECOND = 1_000;
/** Endpoints that have series of their own. */
const MAX_ENDPOINTS = 2_000;

/** State that others keep. */
const MIRRORS: readonly Mirror[] = [
  {
    type: 'gauge',
    name: 'roundhouse_sessions',
    help: 'Sessions by state.',
    labels: ['state'],
    read: ({ sessionsByState }) => samplesByName('state', sessionsByState?.()),
  },
  {
    type: 'gauge',
    name: 'roundhouse_endpoint_sessions',
    help: 'Sessions by endpoint and group.',
    labels: ['endpoint', 'group'],
    maxSeries: MAX_ENDPOINTS,
    read: perEndpoint(({ sessions }) => sessions),
  },
  {
    type: 'gauge',
    name: 'roundhouse_endpoint_leases',
    help: 'Leases of an endpoint, those that connect included.',
    labels: ['endpoint', 'group'],
    maxSeries: MAX_ENDPOINTS,
    read: perEndpoint(({ leases }) => leases),
  },
  {
    type: 'gauge',
    name: 'roundhouse_endpoint_health',
    help: 'Whether an endpoint has this status: 1 for the one that it has, 0 for the others.',
    labels: ['endpoint', 'group', 'status'],
    maxSeries: STATUSES.length * MAX_ENDPOINTS,
    read: ({ endpoints }) =>
      (endpoints?.() ?? []).flatMap(({ endpoint, group, status }) =>
        STATUSES.map((each) => ({ labels: { endpoint, group, status: each }, value: each === status ? 1 : 0 })),
      ),
  },
  {
    type: 'gauge',
    name: 'roundhouse_connections',
    help: 'Open connections by door.',
    labels: ['door'],
    read: ({ connections }) => samplesByName('door', connections?.()),
  },
  {
    type: 'gauge',
    name: 'roundhouse_queue_length',
    help: 'What waits, by queue.',
    labels: ['queue'],
    read: ({ queues }) => samplesByName('queue', queues?.()),
  },
  {
    type: 'gauge',
    name: 'roundhouse_pending_inputs',
    help: 'Inputs that were sent and not answered yet.',
    labels: [],
    read: ({ pendingInputs }) => one(pendingInputs?.()),
  },
  {
    type: 'gauge',
    name: 'roundhouse_events_last_sequence',
    help: 'Sequence of the newest event.',
    labels: [],
    read: ({ journal }) => one(journal?.().lastSequence),
  },
  {
    type: 'gauge',
    name: 'roundhouse_events_uncommitted',
    help: 'Events that are not durable yet.',
    labels: [],
    read: ({ journal }) => one(journal?.().uncommitted),
  },
  {
    type: 'counter',
    name: 'roundhouse_events_lost_total',
    help: 'Events that could not be made durable.',
    labels: [],
    read: ({ journal }) => one(journal?.().lost),
  },
  {
    type: 'gauge',
    name: 'roundhouse_webhook_pending',
    help: 'Deliveries that wait, by webhook.',
    labels: ['webhook'],
    read: ({ webhooks }) =>
      (webhooks?.() ?? []).map(({ webhook, pending }) => ({ labels: { webhook }, value: pending })),
  },
  {
    type: 'gauge',
    name: 'roundhouse_webhook_dead_letters',
    help: 'Deliveries that were given up, by webhook.',
    labels: ['webhook'],
    read: ({ webhooks }) => (webhooks?.() ?? []).map(({ webhook, dead }) => ({ labels: { webhook }, value: dead })),
  },
  {
    type: 'gauge',
    name: 'roundhouse_limit_used',
    help: 'How much of a limit is used.',
    labels: ['limit'],
    read: ({ limits }) => (limits?.() ?? []).map(({ limit, used }) => ({ labels: { limit }, value: used })),
  },
  {
    type: 'gauge',
    name: 'roundhouse_limit_capacity',
    help: 'How much a limit allows.',
    labels: ['limit'],
    read: ({ limits }) => (limits?.() ?? []).map(({ limit, capacity }) => ({ labels: { limit }, value: capacity })),
  },
  {
    type: 'gauge',
    name: 'roundhouse_certificate_expiry_seconds',
    help: 'Seconds until the certificate of a listener expires; negative when it has.',
    labels: ['listener'],
    read: ({ certificates }, clock) =>
      (certificates?.() ?? []).map(({ listener, expiresAt }) => ({
        labels: { listener },
        value: (expiresAt - clock.now()) / MS_PER_SECOND,
      })),
  },
  {
    type: 'counter',
    name: 'roundhouse_log_lines_total',
    help: 'Log lines by level.',
    labels: ['level'],
    read: ({ logLines }) => samplesByName('level', logLines?.()),
  },
  {
    type: 'counter',
    name: 'roundhouse_log_lines_lost_total',
    help: 'Log lines that found no room while the log could not be written.',
    labels: [],
    read: ({ lostLogLines }) => one(lostLogLines?.()),
  },
];

export function registerMirrors(registry: MetricRegistry, sources: MetricSources, clock: Clock): void {
  for (const { type, name, help, read, ...options } of [...MIRRORS, ...WORKER_MIRRORS]) {
    registry.mirror(type, name, help, { ...options, read: () => read(sources, clock) });
  }
}

function perEndpoint(value: (figures: EndpointFigures) => number): Mirror['read'] {
  return ({ endpoints }) =>
    (endpoints?.() ?? []).map((figures) => ({
      labels: { endpoint: figures.endpoint, group: figures.group },
      value: value(figures),
    }));
}

function one(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : [{ value }];
}
