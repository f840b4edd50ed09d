import type { EndpointGroupInput, EndpointInput } from '@roundhouse/api';
import { isDeepStrictEqual } from 'node:util';
import { endpointTarget } from '../session/target.ts';
import { groupSettings } from './settings.ts';

type Fields<Input> = Record<Exclude<keyof Input, 'id'>, unknown>;

/** The fields of a group with their defaults: what says the same in other words is the same. */
export function groupFields(input: EndpointGroupInput) {
  const { strategy, affinity, queue, panic, failback, fallback, failover, warm } = groupSettings(input);
  return {
    strategy,
    affinity,
    queue,
    panic,
    failback,
    fallback,
    failover,
    model: input.model ?? null,
    code_page: input.code_page ?? null,
    lu: input.lu ?? null,
    navigation: input.navigation ?? null,
    warm: warm === undefined ? null : { ...warm, recycle: input.warm?.recycle ?? null },
    labels: input.labels ?? {},
  } satisfies Fields<EndpointGroupInput>;
}

/** The fields of an endpoint with their defaults. */
export function endpointFields(input: EndpointInput) {
  const { host, port, tls, startTls, compat } = endpointTarget(input);
  return {
    host,
    port,
    tls: tls ?? false,
    start_tls: startTls ?? null,
    compat: compat ?? {},
    group: input.group ?? null,
    weight: input.weight ?? 1,
    priority: input.priority ?? 0,
    max_sessions: input.max_sessions ?? null,
    lu_pools: input.lu_pools ?? {},
    logons_per_s: input.logons_per_s ?? null,
    probe: input.probe ?? {},
    labels: input.labels ?? {},
  } satisfies Fields<EndpointInput>;
}

/** Names of the fields that are not the same. */
export function changedFields<T extends Readonly<Record<string, unknown>>>(before: T, after: T): string[] {
  return Object.keys(after).filter((name) => !isDeepStrictEqual(before[name], after[name]));
}
