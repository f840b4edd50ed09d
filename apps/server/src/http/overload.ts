import { type Route, type RouteName, ROUTES } from '@roundhouse/api';
import type { Clock, Scope } from '@roundhouse/core';
import { httpError } from './errors.ts';

/**
 * What is refused, in this order, when the server has more to do than it can: what brings new work, then what reads
 * much, then every read, then the rest. What tells how the server is always answers.
 */
export const SHED_ORDER = ['openings', 'lists', 'reads', 'rest'] as const;

export type ShedClass = (typeof SHED_ORDER)[number] | 'never';

/** How many classes of SHED_ORDER are refused: 0 none, 4 all. */
type OverloadLevel = 0 | 1 | 2 | 3 | 4;

/** How hard it is for the process; what cannot be known is 0. */
export interface Pressure {
  /** Mean by which the event loop was late lately, ms. */
  readonly loopDelayMs: number;
  /** Part of the heap that V8 may have, 0 … 1. */
  readonly heapRatio: number;
  /** Part of the memory that the process may have, 0 … 1. */
  readonly memoryRatio: number;
}

export interface OverloadOptions {
  /** Requests under way at which everything is refused; the first class is at 70 % of it. Default 2,000. */
  readonly maxOpenRequests?: number;
  /** Lateness of the event loop at which each class of SHED_ORDER is refused, ms. Default 100, 200, 400, 1,000. */
  readonly loopDelayMs?: readonly [number, number, number, number];
  /** The same for the heap. Default 0.85, 0.9, 0.94, 0.97. */
  readonly heapRatio?: readonly [number, number, number, number];
  /** The same for the memory. Default 0.85, 0.9, 0.94, 0.97. */
  readonly memoryRatio?: readonly [number, number, number, number];
}

export interface OverloadDependencies {
  readonly clock: Clock;
  readonly pressure: () => Pressure;
  /** Told when the level has changed, with what made it so. */
  readonly onChange?: (level: OverloadLevel, reason: string) => void;
}

export interface OverloadGuard {
  /** How many classes are refused now. */
  readonly level: OverloadLevel;
  /** They themselves, in the order in which they were given up. */
  readonly refused: readonly ShedClass[];
  readonly openRequests: number;
  /**
   * Counts a request in, unless its class is refused now: raises OVERLOADED with `retry_after_ms`. Each one that was let
   * in is counted out by `leave`, once, when its answer is closed.
   */
  enter(shed: ShedClass): void;
  leave(): void;
}

/**
 * How often the pressure is read, ms: without a request since the time before, and nothing refused, less often, for it
 * wakes an idle process. The first request puts that right.
 */
const SAMPLE_MS = { busy: 500, idle: 5_000 } as const;
/** What a refused caller is told to wait, ms. */
const RETRY_AFTER_MS = 2_000;
/** Parts of `maxOpenRequests` at which each class is refused. */
const OPEN_PARTS = [0.7, 0.8, 0.9, 1] as const;
/** A level is left when the figure is so far below what led to it: otherwise it would flutter. */
const RECOVERY = 0.9;

const MEMORY_STEPS = [0.85, 0.9, 0.94, 0.97] as const;
const LOOP_STEPS = [100, 200, 400, 1_000] as const;

/** Watches the process until the scope ends. */
export function createOverloadGuard(
  options: OverloadOptions,
  { clock, pressure, onChange }: OverloadDependencies,
  scope: Scope,
): OverloadGuard {
  const { maxOpenRequests = 2_000 } = options;
  const { loopDelayMs = LOOP_STEPS, heapRatio = MEMORY_STEPS, memoryRatio = MEMORY_STEPS } = options;
  const openSteps = OPEN_PARTS.map((part) => part * maxOpenRequests);
  const signals = [
    { reason: 'the event loop is late', steps: loopDelayMs, figure: (now: Pressure) => now.loopDelayMs },
    { reason: 'the heap is nearly full', steps: heapRatio, figure: (now: Pressure) => now.heapRatio },
    { reason: 'the memory is nearly full', steps: memoryRatio, figure: (now: Pressure) => now.memoryRatio },
  ].map((signal) => ({ ...signal, level: 0 as OverloadLevel }));
  /** Of the process; what is under way is looked at with each request. */
  let level: OverloadLevel = 0;
  let reason = '';
  let openRequests = 0;

  let isIdle = false;
  let hadRequests = false;

  let timer = clock.setTimer(SAMPLE_MS.busy, sample);
  scope.onEnd(() => timer.cancel());

  function sample(): void {
    look();
    isIdle = level === 0 && openRequests === 0 && !hadRequests;
    hadRequests = false;
    timer = clock.setTimer(isIdle ? SAMPLE_MS.idle : SAMPLE_MS.busy, sample);
  }

  function wake(): void {
    hadRequests = true;
    if (!isIdle || scope.signal.aborted) return;
    isIdle = false;
    timer.cancel();
    timer = clock.setTimer(SAMPLE_MS.busy, sample);
  }

  function look(): void {
    const now = pressure();
    let worst = signals[0] as (typeof signals)[number];
    for (const signal of signals) {
      signal.level = nextLevel(signal.figure(now), signal.steps, signal.level);
      if (signal.level > worst.level) worst = signal;
    }
    if (worst.level === level) return;
    ({ level, reason } = worst);
    onChange?.(level, reason);
  }

  return {
    get level() {
      return Math.max(level, levelOf(openRequests, openSteps)) as OverloadLevel;
    },
    get refused() {
      return SHED_ORDER.slice(0, this.level);
    },
    get openRequests() {
      return openRequests;
    },
    enter(shed) {
      wake();
      if (shed !== 'never') {
        const order = SHED_ORDER.indexOf(shed);
        if (order < level) throw overloaded(reason);
        if (openRequests >= (openSteps[order] as number)) throw overloaded(`${openRequests} requests are under way`);
      }
      openRequests++;
    },
    leave() {
      openRequests--;
    },
  };
}

/** Routes that are of another class than what they ask of their caller says. */
const EXCEPTIONS: Partial<Readonly<Record<RouteName, ShedClass>>> = {
  getMetrics: 'never',
  getUsage: 'never',
  exportMetrics: 'lists',
  getComplianceReport: 'lists',
  exportAudit: 'lists',
  takeAuditCheckpoint: 'rest',
};

/** The class of a route, by what it asks of its caller. */
export function shedClassOf(name: RouteName): ShedClass {
  const exception = EXCEPTIONS[name];
  if (exception !== undefined) return exception;
  const { permission }: Route = ROUTES[name];
  if (permission === 'none') return 'never';
  if (permission === 'authenticated') return 'reads';
  switch (permission.verb) {
    case 'create':
    case 'migrate':
    case 'take_over':
    case 'replay':
      return 'openings';
    case 'list':
    case 'watch':
      return 'lists';
    case 'get':
    case 'read':
      return 'reads';
    default:
      // Input to what is open, and what makes less: closing, draining, setting things right.
      return 'rest';
  }
}

function levelOf(figure: number, steps: readonly number[]): OverloadLevel {
  return steps.filter((step) => figure >= step).length as OverloadLevel;
}

/** Rises at once; falls only when the figure is well below the step that it stands on. */
function nextLevel(figure: number, steps: readonly number[], level: OverloadLevel): OverloadLevel {
  const risen = levelOf(figure, steps);
  if (risen >= level) return risen;
  const fallen = levelOf(
    figure,
    steps.map((step) => step * RECOVERY),
  );
  return Math.min(fallen, level) as OverloadLevel;
}

function overloaded(reason: string): Error {
  return httpError('OVERLOADED', { details: { reason, retry_after_ms: RETRY_AFTER_MS } });
}
