import type { z } from 'zod';
import { shapesAt, takesAnything } from '../check/shape.ts';
import { isSecretPath } from '../document.ts';
import { leaves, type MapNode } from '../node.ts';
import type { Path, Pattern } from '../path.ts';
import type { Source } from '../source.ts';
import type { Masks } from './excerpt.ts';

/** Where secrets are written. Of texts that were not understood all that follows the key of a secret is hidden. */
export function masksOf(
  roots: readonly MapNode[],
  secrets: readonly Pattern[],
  schema: z.ZodObject,
  isUnderstood: boolean,
): Masks {
  const keys = new Set(
    secrets.flatMap(({ segments }) => segments.filter((part) => part !== '[]' && part !== '*').slice(-1)),
  );
  const ranges = new Map<Source, { start: number; end: number }[]>();
  for (const root of secrets.length === 0 ? [] : roots) {
    for (const { path, node } of leaves(root)) {
      // Within templates, directives and misspelt sections secrets have other paths, but the same key.
      const key = path.findLast((part) => typeof part === 'string');
      const isMoved = keys.has(String(key)) && !isPlanned(schema, root, path);
      if (!isMoved && !isSecretPath(secrets, path)) continue;
      for (const { place } of [node, ...(node.shadowed ?? [])]) {
        if (place.source.text === undefined) continue;
        const known = ranges.get(place.source) ?? [];
        known.push({ start: place.start, end: place.end });
        ranges.set(place.source, known);
      }
    }
  }
  return { ranges, keys: isUnderstood ? [] : [...keys] };
}

/** Whether the schema has a place for what stands there. */
function isPlanned(schema: z.ZodObject, root: MapNode, path: Path): boolean {
  for (let length = 1; length <= path.length; length++) {
    const shapes = shapesAt(schema, root, path.slice(0, length));
    if (shapes.length === 0) return false;
    if (takesAnything(shapes)) return true;
  }
  return true;
}
