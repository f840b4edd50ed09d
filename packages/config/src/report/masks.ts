import type { z } from 'zod';
import { shapesAt } from '../check/shape.ts';
import { isSecretPath } from '../document.ts';
import { leaves, type MapNode } from '../node.ts';
import type { Pattern } from '../path.ts';
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
      const isMoved = keys.has(String(key)) && shapesAt(schema, root, path).length === 0;
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
