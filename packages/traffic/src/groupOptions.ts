import { nearest } from '@roundhouse/core';
import type { ChoicePolicy, PanicRule } from './choose.ts';
import { trafficError } from './errors.ts';
import { STRATEGY_NAMES, type StrategyName } from './strategy/strategies.ts';

export interface EndpointGroupOptions {
  /** 1 … 200 characters. */
  readonly id: string;
  /** Default `p2c`. */
  readonly strategy?: StrategyName;
  readonly affinity?: AffinityOptions;
  /** Default `queue`. */
  readonly panic?: PanicRule;
  /**
   * A tier is in panic, and given no request while another is not, when less than this share of it is not unhealthy; 0,
   * the default, when all of it is. 0 … 1.
   */
  readonly panicThreshold?: number;
  readonly queue?: QueueOptions;
  readonly failback?: FailbackOptions;
  /** Decisions that can be explained afterwards, 1 … 100,000. Default 256. */
  readonly maxDecisions?: number;
}

/** What can change in a group that lives: how many decisions it keeps is settled with its beginning. */
export type GroupConfiguration = Omit<EndpointGroupOptions, 'id' | 'maxDecisions'>;

/** What the key of a request means. */
export interface AffinityOptions {
  /**
   * `none`: nothing. `hash`: it falls on an endpoint by weighted rendezvous hashing. `sticky`, the default: it goes
   * where it went last, and by hash the first time.
   */
  readonly mode?: 'none' | 'hash' | 'sticky';
  /** By hash an endpoint takes at most this × its share of the leases, 1 … 100. Default 1.25. */
  readonly loadFactor?: number;
  /** Keys remembered, 1 … 1,000,000. Default 10,000. */
  readonly maxKeys?: number;
  /** How long a key that is not used is remembered, ms. Default 1 h. */
  readonly timeoutMs?: number;
}

export interface QueueOptions {
  /** Requests that may wait, 0 … 10,000; 0 refuses at once. Default 1,000. */
  readonly max?: number;
  /** Longest wait of one, ms. Default 10 s. */
  readonly timeoutMs?: number;
}

/** The return of leases from a lower tier when a better one is back: few at a time, lest the better one is flooded. */
export interface FailbackOptions {
  /** `manual`: none is asked to. `when_idle`, the default: when they are idle. `immediate`: at once. */
  readonly mode?: 'manual' | 'when_idle' | 'immediate';
  /** How long the better tier must have been there before, ms. Default 10 s. */
  readonly delayMs?: number;
  /** Leases asked in each interval, 1 … 10,000. Default 10. */
  readonly batch?: number;
  /** ms, from 1. Default 1 s. */
  readonly intervalMs?: number;
}

/** Options after the door. */
export interface ResolvedGroupOptions {
  readonly id: string;
  readonly policy: ChoicePolicy;
  readonly affinity: Required<AffinityOptions>;
  readonly queue: Required<QueueOptions>;
  readonly failback: Required<FailbackOptions>;
  readonly maxDecisions: number;
}

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;
const MAX_ID_LENGTH = 200;
const PANIC_RULES: readonly PanicRule[] = ['spread', 'queue', 'refuse'];
const AFFINITY_MODES = ['none', 'hash', 'sticky'] as const;
const FAILBACK_MODES = ['manual', 'when_idle', 'immediate'] as const;

/** Checks and completes. Raises GROUP_OPTION_INVALID. */
export function resolveGroupOptions(options: EndpointGroupOptions): ResolvedGroupOptions {
  const { id, affinity = {}, queue = {}, failback = {} } = options;
  const invalid = (option: string, expected: string, hint?: string): Error =>
    trafficError('GROUP_OPTION_INVALID', {
      details: { group: id, option, expected },
      ...(hint !== undefined && { hint }),
    });
  const within = (option: string, value: number, least: number, most: number): number => {
    if (!(value >= least && value <= most)) throw invalid(option, `a number from ${least} to ${most}`);
    return value;
  };
  const whole = (option: string, value: number, least: number, most: number): number => {
    if (!Number.isInteger(value)) throw invalid(option, `a whole number from ${least} to ${most}`);
    return within(option, value, least, most);
  };
  const oneOf = <T extends string>(option: string, value: T, names: readonly T[]): T => {
    if (names.includes(value)) return value;
    const meant = nearest(value, names);
    throw invalid(option, `one of ${names.join(', ')}`, meant === undefined ? undefined : `Did you mean ${meant}?`);
  };

  if (id.length === 0 || id.length > MAX_ID_LENGTH) throw invalid('id', `a name of 1 to ${MAX_ID_LENGTH} characters`);
  const loadFactor = within('affinity.load_factor', affinity.loadFactor ?? 1.25, 1, 100);
  return {
    id,
    policy: {
      strategy: oneOf('strategy', options.strategy ?? 'p2c', STRATEGY_NAMES),
      panic: oneOf('panic', options.panic ?? 'queue', PANIC_RULES),
      panicThreshold: within('panic_threshold', options.panicThreshold ?? 0, 0, 1),
      loadFactor,
    },
    affinity: {
      mode: oneOf('affinity.mode', affinity.mode ?? 'sticky', AFFINITY_MODES),
      loadFactor,
      maxKeys: whole('affinity.max_keys', affinity.maxKeys ?? 10_000, 1, 1_000_000),
      timeoutMs: within('affinity.timeout_ms', affinity.timeoutMs ?? HOUR, 1, 365 * DAY),
    },
    queue: {
      max: whole('queue.max', queue.max ?? 1_000, 0, 10_000),
      timeoutMs: within('queue.timeout_ms', queue.timeoutMs ?? 10 * SECOND, 1, DAY),
    },
    failback: {
      mode: oneOf('failback.mode', failback.mode ?? 'when_idle', FAILBACK_MODES),
      delayMs: within('failback.delay_ms', failback.delayMs ?? 10 * SECOND, 0, DAY),
      batch: whole('failback.batch', failback.batch ?? 10, 1, 10_000),
      intervalMs: within('failback.interval_ms', failback.intervalMs ?? SECOND, 1, HOUR),
    },
    maxDecisions: whole('max_decisions', options.maxDecisions ?? 256, 1, 100_000),
  };
}
