import type { WorkerState } from '@roundhouse/api';
import type { Sample } from './registry.ts';

/** A number for each name, e.g. sessions by state. */
export type ByName = Readonly<Record<string, number>>;

export interface EndpointFigures {
  readonly endpoint: string;
  readonly group: string;
  readonly sessions: number;
  /** Leases, those that connect included. */
  readonly leases: number;
  readonly status: 'healthy' | 'degraded' | 'unhealthy' | 'unknown';
}

interface JournalFigures {
  readonly lastSequence: number;
  /** Not yet durable. */
  readonly uncommitted: number;
  /** Could not be made durable, ever. */
  readonly lost: number;
}

interface WebhookFigures {
  readonly webhook: string;
  readonly pending: number;
  readonly dead: number;
}

interface LimitFigures {
  readonly limit: string;
  readonly used: number;
  readonly capacity: number;
}

/** Null where nothing is known of it. */
export interface WorkerFigures {
  readonly worker: string;
  readonly state: WorkerState;
  /** Instances that it is to have. */
  readonly replicas: number;
  readonly running: number;
  /** Of one core. */
  readonly cpuPercent: number | null;
  readonly rssBytes: number | null;
  /** What is kept of its logs. */
  readonly logBytes: number | null;
  /** Share of each limit that is used, by the instance that uses most. */
  readonly limits: ReadonlyArray<{ readonly limit: string; readonly ratio: number }>;
  /** What its instances tell of themselves. */
  readonly told: ReadonlyArray<{ readonly instance: number; readonly name: string; readonly value: number }>;
}

interface CertificateFigures {
  /** Where it is used, e.g. `api`. */
  readonly listener: string;
  /** ms since 1970. */
  readonly expiresAt: number;
}

/**
 * Where figures that are kept elsewhere come from; each is asked when metrics are read, and answers at once. Whoever has
 * none leaves it out, and its metric has no series.
 */
export interface MetricSources {
  readonly sessionsByState?: () => ByName;
  readonly endpoints?: () => readonly EndpointFigures[];
  readonly workers?: () => readonly WorkerFigures[];
  /** Open connections by door: `api`, `front_door`. */
  readonly connections?: () => ByName;
  /** What waits, by queue: `input`, `placement`, … */
  readonly queues?: () => ByName;
  /** Inputs that were sent and not answered yet. */
  readonly pendingInputs?: () => number;
  readonly journal?: () => JournalFigures;
  readonly webhooks?: () => readonly WebhookFigures[];
  readonly limits?: () => readonly LimitFigures[];
  readonly certificates?: () => readonly CertificateFigures[];
  /** Lines written, by level. */
  readonly logLines?: () => ByName;
  /** Log lines that found no room. */
  readonly lostLogLines?: () => number;
}

/** Where past events are heard. */
export interface WatchedEvents {
  /** Returns a function that ends it. */
  watch(callback: (event: WatchedEvent) => void): () => void;
}

export interface WatchedEvent {
  /** E.g. `roundhouse.session.created`. */
  readonly type: string;
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export function samplesByName(label: string, values: ByName | undefined): readonly Sample[] {
  return Object.entries(values ?? {}).map(([name, value]) => ({ labels: { [label]: name }, value }));
}
