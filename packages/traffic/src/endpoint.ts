import { trafficError } from './errors.ts';

/** How often an endpoint may be given out: after a restart a host cannot take all its logons at once. */
export interface LogonRate {
  /** In the long run, above 0 up to 100,000. */
  readonly perSecond: number;
  /** At once, after a rest: whole, 1 … 100,000. Default: one second's, at least 1. */
  readonly burst?: number;
}

/** An endpoint as it is configured. `Target` is what its protocol needs to reach it; traffic never looks into it. */
export interface EndpointOptions<Target> {
  /** Unique within its group; 1 … 200 characters. */
  readonly id: string;
  readonly target: Target;
  /** Share of the traffic relative to its neighbours, 0 … 1,000; 0 takes none. Default 1. */
  readonly weight?: number;
  /** Tier: endpoints of the lowest number that can take traffic take all of it. Whole, 0 … 100, default 0. */
  readonly priority?: number;
  /**
   * How much of each resource it has, e.g. `{ sessions: 200, 'lu:POOLA': 20 }`; unlimited where nothing is said. Whole
   * numbers from 0, at most 100 resources. Each lease takes one of `sessions`.
   */
  readonly limits?: Readonly<Record<string, number>>;
  /** Default: no rate. */
  readonly logons?: LogonRate | null;
}

/** A checked endpoint. */
export interface Endpoint<Target> {
  readonly id: string;
  readonly target: Target;
  readonly weight: number;
  readonly priority: number;
  readonly limits: Readonly<Record<string, number>>;
  readonly logons: Required<LogonRate> | null;
}

const MAX_ID_LENGTH = 200;
const MAX_WEIGHT = 1_000;
const MAX_PRIORITY = 100;
const MAX_LOGONS = 100_000;
const MAX_RESOURCES = 100;

/** Checks and completes. Raises ENDPOINT_OPTION_INVALID. */
export function resolveEndpoint<Target>(options: EndpointOptions<Target>): Endpoint<Target> {
  const { id, target, weight = 1, priority = 0, limits = {}, logons = null } = options;
  const check = (isRight: boolean, option: string, expected: string): void => {
    if (!isRight) throw trafficError('ENDPOINT_OPTION_INVALID', { details: { endpoint: id, option, expected } });
  };
  check(id.length > 0 && id.length <= MAX_ID_LENGTH, 'id', `a name of 1 to ${MAX_ID_LENGTH} characters`);
  check(weight >= 0 && weight <= MAX_WEIGHT, 'weight', `a number from 0 to ${MAX_WEIGHT}`);
  check(isWhole(priority, 0, MAX_PRIORITY), 'priority', `a whole number from 0 to ${MAX_PRIORITY}`);
  const resources = Object.entries(limits);
  check(resources.length <= MAX_RESOURCES, 'limits', `at most ${MAX_RESOURCES} resources`);
  for (const [resource, limit] of resources) {
    check(isWhole(limit, 0, Number.MAX_SAFE_INTEGER), `limits.${resource}`, 'a whole number from 0');
  }
  if (logons === null) return { id, target, weight, priority, limits: { ...limits }, logons };
  const { perSecond, burst = Math.max(1, Math.floor(perSecond)) } = logons;
  check(perSecond > 0 && perSecond <= MAX_LOGONS, 'logons.per_second', `a number above 0 up to ${MAX_LOGONS}`);
  check(isWhole(burst, 1, MAX_LOGONS), 'logons.burst', `a whole number from 1 to ${MAX_LOGONS}`);
  return { id, target, weight, priority, limits: { ...limits }, logons: { perSecond, burst } };
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
