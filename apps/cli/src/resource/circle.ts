import { RESOURCE_KINDS } from '@roundhouse/api';
import type { Wanted } from './manifest.ts';
import { idsNamed } from './references.ts';

/** Workers of which each depends on the next, and the last on the first; undefined where there are no such ones. */
export function circleOf(wanted: readonly Wanted[]): readonly Wanted[] | undefined {
  const workers = new Map(wanted.filter(({ kind }) => kind === 'worker').map((each) => [each.id, each]));
  const done = new Set<Wanted>();
  const visit = (each: Wanted, path: readonly Wanted[]): readonly Wanted[] | undefined => {
    if (path.includes(each)) return path.slice(path.indexOf(each));
    if (done.has(each)) return undefined;
    done.add(each);
    for (const id of dependenciesOf(each)) {
      const other = workers.get(id);
      const circle = other && visit(other, [...path, each]);
      if (circle !== undefined) return circle;
    }
    return undefined;
  };
  for (const each of workers.values()) {
    const circle = visit(each, []);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

function dependenciesOf({ input }: Wanted): readonly string[] {
  return RESOURCE_KINDS.worker.references.flatMap((reference) => idsNamed(reference, input));
}
