import { hashText } from './affinity.ts';
import { trafficError } from './errors.ts';

export interface LeaseRequest {
  /** Requests of the same key go to the same endpoint where they can; up to 1,024 characters. */
  readonly key?: string;
  /** Resources wanted beside the session, e.g. `{ 'lu:POOLA': 1 }`; whole numbers from 1, at most 16 resources. */
  readonly demand?: Readonly<Record<string, number>>;
  /** Ids of endpoints not to choose, e.g. those just tried; at most 1,000. */
  readonly avoid?: readonly string[];
  /** Id of the one endpoint to take, whatever its tier. */
  readonly endpoint?: string;
  /** Who waits goes first by this, 0 the most urgent, 9 the least; then by arrival. Default 5. */
  readonly priorityClass?: number;
}

/** A checked request. */
export interface ResolvedLeaseRequest {
  readonly key: string | null;
  readonly keyHash: number | null;
  readonly demand: ReadonlyMap<string, number>;
  readonly avoid: ReadonlySet<string>;
  readonly endpoint: string | null;
  readonly priorityClass: number;
  /** Wants nothing particular: if one such request finds no endpoint, no other does. */
  readonly isPlain: boolean;
}

export const PRIORITY_CLASSES = 10;

const DEFAULT_PRIORITY_CLASS = 5;
const MAX_KEY_LENGTH = 1_024;
const MAX_RESOURCES = 16;
const MAX_AVOIDED = 1_000;
const NO_DEMAND: ReadonlyMap<string, number> = new Map();
const NONE_AVOIDED: ReadonlySet<string> = new Set();

/** Raises LEASE_REQUEST_INVALID. */
export function resolveLeaseRequest(group: string, request: LeaseRequest): ResolvedLeaseRequest {
  const { key = null, demand, avoid, endpoint = null, priorityClass = DEFAULT_PRIORITY_CLASS } = request;
  const check = (isRight: boolean, field: string, expected: string): void => {
    if (!isRight) throw trafficError('LEASE_REQUEST_INVALID', { details: { group, field, expected } });
  };
  check(key === null || key.length <= MAX_KEY_LENGTH, 'key', `at most ${MAX_KEY_LENGTH} characters`);
  check(
    Number.isInteger(priorityClass) && priorityClass >= 0 && priorityClass < PRIORITY_CLASSES,
    'priority_class',
    `a whole number from 0 to ${PRIORITY_CLASSES - 1}`,
  );
  check(avoid === undefined || avoid.length <= MAX_AVOIDED, 'avoid', `at most ${MAX_AVOIDED} ids`);
  const resources = demand === undefined ? [] : Object.entries(demand);
  check(resources.length <= MAX_RESOURCES, 'demand', `at most ${MAX_RESOURCES} resources`);
  for (const [resource, amount] of resources) {
    check(resource !== 'sessions', 'demand.sessions', 'left out: a lease is one session');
    check(Number.isSafeInteger(amount) && amount >= 1, `demand.${resource}`, 'a whole number from 1');
  }
  return {
    key,
    keyHash: key === null ? null : hashText(key),
    demand: resources.length === 0 ? NO_DEMAND : new Map(resources),
    avoid: avoid === undefined || avoid.length === 0 ? NONE_AVOIDED : new Set(avoid),
    endpoint,
    priorityClass,
    isPlain: resources.length === 0 && endpoint === null && (avoid === undefined || avoid.length === 0),
  };
}
