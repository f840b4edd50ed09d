import { nearest } from '@roundhouse/core';
import type { KeyedList, Reference } from '../definition.ts';
import { type MapNode, nodeAt, trail } from '../node.ts';
import { covers, type Path, parsePattern, select } from '../path.ts';
import type { Faults } from '../report/faults.ts';
import { passagesTo } from './issues.ts';

export interface ReferenceContext {
  readonly root: MapNode;
  /** Plain data of `root`. */
  readonly value: unknown;
  readonly faults: Faults;
  readonly format: (path: Path) => string;
  /** Paths that the schema has found at fault. */
  readonly faulty: readonly Path[];
}

const MAX_NAMED = 12;

/** Names that nothing has. */
export function checkReferences(references: readonly Reference[], context: ReferenceContext): void {
  for (const { from, to, target = `\`${to}\`` } of references) {
    const targets = parsePattern(to);
    // A target without a readable name may be the very one that is looked for.
    if (context.faulty.some((path) => covers(targets, path)) || someBroken(to, context)) continue;
    const known = new Set(select(context.value, targets).flatMap(({ value }) => (isId(value) ? [String(value)] : [])));
    for (const { path, value } of select(context.value, parsePattern(from))) {
      if (typeof value !== 'string' || known.has(value)) continue;
      const node = nodeAt(context.root, path);
      if (node === undefined || node.isBroken === true) continue;
      context.faults.add({
        phase: 'references',
        code: 'CONFIG_REFERENCE',
        place: node.place,
        path: context.format(path),
        details: { path: context.format(path), name: value, target, key: value },
        expected:
          known.size === 0
            ? undefined
            : [...known]
                .slice(0, MAX_NAMED)
                .map((name) => `\`${name}\``)
                .join(', '),
        suggestion: nearest(value, known),
        related: passagesTo(context.root, path),
      });
    }
  }
}

function someBroken(to: string, { root, value }: ReferenceContext): boolean {
  const segments = parsePattern(to).segments.slice(0, -1);
  return select(value, { text: to, segments }).some(({ path }) => {
    const node = trail(root, path).at(-1);
    if (node?.isBroken === true) return true;
    const name = node?.kind === 'map' ? node.entries.get(parsePattern(to).segments.at(-1) ?? '')?.value : undefined;
    return name?.isBroken === true;
  });
}

/** Two items of one id in a keyed list. */
export function checkIds(lists: readonly KeyedList[], context: ReferenceContext): void {
  for (const { path: list, key } of lists) {
    for (const { path, value } of select(context.value, parsePattern(list))) {
      if (!Array.isArray(value)) continue;
      const first = new Map<string, Path>();
      for (const { path: at, value: id } of select(value, parsePattern(`[].${key}`))) {
        if (!isId(id)) continue;
        const here = [...path, ...at];
        const known = first.get(String(id));
        if (known === undefined) {
          first.set(String(id), here);
          continue;
        }
        const node = nodeAt(context.root, here);
        if (node === undefined) continue;
        const earlier = nodeAt(context.root, known);
        context.faults.add({
          phase: 'references',
          code: 'CONFIG_DUPLICATE_ID',
          place: node.place,
          path: context.format(here),
          details: { id: String(id), list: context.format(path), key },
          related: earlier === undefined ? [] : [{ message: 'first here', place: earlier.place }],
        });
      }
    }
  }
}

function isId(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}
