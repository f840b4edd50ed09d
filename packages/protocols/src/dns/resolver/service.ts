import type { Random } from '@roundhouse/resilience';
import type { ResourceRecord } from '../message/message.ts';

/** Where a service is to be had. */
export interface ServiceTarget {
  /** Without the dot of the root, as a dialer takes it. */
  readonly host: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** The targets of SRV records in the order in which they are to be tried: RFC 2782, "Usage rules". */
export function orderTargets(records: readonly ResourceRecord[], random: Random): ServiceTarget[] {
  const targets = records.flatMap(({ data }): ServiceTarget[] => {
    if (data.type !== 'SRV' || data.target === '.') return [];
    const { target, port, priority, weight } = data;
    return [{ host: target.slice(0, -1), port, priority, weight }];
  });
  const priorities = [...new Set(targets.map(({ priority }) => priority))].toSorted((a, b) => a - b);
  return priorities.flatMap((priority) =>
    draw(
      targets.filter((target) => target.priority === priority),
      random,
    ),
  );
}

/** Draws one after the other, each by its share of the weight of those that are left; those without weight go last, mostly. */
function draw(targets: readonly ServiceTarget[], random: Random): ServiceTarget[] {
  const left = targets.toSorted((a, b) => a.weight - b.weight);
  const drawn: ServiceTarget[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    // From 0 to the total, both included.
    let point = Math.floor(random() * (total + 1));
    const at = left.findIndex(({ weight }) => (point -= weight) <= 0);
    drawn.push(...left.splice(at, 1));
  }
  return drawn;
}
