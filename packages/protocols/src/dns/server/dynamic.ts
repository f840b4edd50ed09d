import type { EndpointGroup } from '@roundhouse/traffic';
import { dnsError } from '../errors.ts';
import { canonicalName, parseName, type WireName } from '../message/name.ts';

/** Addresses of a name that change while the zone stays: asked for with each query. */
export interface DynamicRecords {
  /** Owner, within a zone that is served. What the zone itself has of this name is not shown. */
  readonly name: string;
  /** Seconds, 0 … 86,400; short, as it is how long a change takes to be seen. */
  readonly ttl: number;
  /** IP addresses, at most 64 are shown; none is an answer that there is nothing. What it throws is a SERVFAIL. */
  addresses(): readonly string[];
}

export interface EndpointRecordsOptions<Target> {
  readonly name: string;
  /** Default 5 s. */
  readonly ttl?: number;
  readonly group: EndpointGroup<Target>;
  /** IP address of an endpoint by its id; undefined for one that is not shown. */
  readonly addressOf: (id: string) => string | undefined;
}

const MAX_TTL = 86_400;

/**
 * The endpoints of a group that can take traffic, as addresses of a name: those of the best tier that has any. When all
 * are unhealthy, there is no address.
 */
export function endpointRecords<Target>(options: EndpointRecordsOptions<Target>): DynamicRecords {
  const { name, ttl = 5, group, addressOf } = options;
  return {
    name,
    ttl,
    addresses() {
      const able = group
        .view()
        .endpoints.filter(
          ({ exclusion, status, weight }) => exclusion === 'none' && status !== 'unhealthy' && weight > 0,
        );
      const best = Math.min(...able.map(({ priority }) => priority));
      return able.filter(({ priority }) => priority === best).flatMap(({ id }) => addressOf(id) ?? []);
    },
  };
}

/** By canonical name. Raises DNS_NAME_INVALID or DNS_DATA_INVALID. */
export function indexDynamic(all: readonly DynamicRecords[]): Map<WireName, DynamicRecords> {
  const index = new Map<WireName, DynamicRecords>();
  for (const each of all) {
    if (!(Number.isInteger(each.ttl) && each.ttl >= 0 && each.ttl <= MAX_TTL)) {
      const reason = `the TTL of ${each.name} is ${each.ttl}, and must be from 0 to ${MAX_TTL}`;
      throw dnsError('DNS_DATA_INVALID', { details: { type: 'A', reason } });
    }
    index.set(canonicalName(parseName(each.name)), each);
  }
  return index;
}
