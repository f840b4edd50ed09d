import { isSecretPath } from '../document.ts';
import { leaves, type MapNode } from '../node.ts';
import type { Pattern } from '../path.ts';
import type { Source } from '../source.ts';
import type { Masks } from './excerpt.ts';

/** Where secrets are written. Of texts that were not understood all that follows the key of a secret is hidden. */
export function masksOf(roots: readonly MapNode[], secrets: readonly Pattern[], isUnderstood: boolean): Masks {
  const keys = new Set(
    secrets.flatMap(({ segments }) => segments.filter((part) => part !== '[]' && part !== '*').slice(-1)),
  );
  const ranges = new Map<Source, { start: number; end: number }[]>();
  for (const root of secrets.length === 0 ? [] : roots) {
    for (const { path, node } of leaves(root)) {
      // Within templates and directives secrets have other paths, but the same key.
      const key = path.findLast((part) => typeof part === 'string');
      if (!isSecretPath(secrets, path) && !keys.has(String(key))) continue;
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
