import { nearest } from '@roundhouse/core';
import type { z } from 'zod';
import { shapesAt, takesAnything } from '../check/shape.ts';
import { isReference } from '../compose/secrets.ts';
import { isSecretPath } from '../document.ts';
import { type ConfigNode, leaves, type MapNode } from '../node.ts';
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
  const keys = keysOf(secrets);
  const isKey = memoized((part) => nearest(part, keys) !== undefined);
  const maps = keysOf(secrets.filter(({ segments }) => segments.at(-1) === '*'));
  const isMap = memoized((part) => nearest(part, maps) !== undefined);
  const ranges = new Map<Source, { start: number; end: number }[]>();
  for (const root of secrets.length === 0 ? [] : roots) {
    for (const { path, node } of leaves(root)) {
      // Within templates, directives and misspelt sections secrets have other paths, but the same key, or one like it.
      const names = path.filter((part) => typeof part === 'string');
      const isLikeOne = isKey(names.at(-1) ?? '') || names.slice(0, -1).some(isMap);
      const isMoved = isLikeOne && !isPlanned(schema, root, path);
      if (!isMoved && !isSecretPath(secrets, path)) continue;
      for (const each of [node, ...(node.shadowed ?? [])]) {
        const { place } = each;
        if (place.source.text === undefined || isWrittenAsReference(each)) continue;
        const known = ranges.get(place.source) ?? [];
        known.push({ start: place.start, end: place.end });
        ranges.set(place.source, known);
      }
    }
  }
  return { ranges, keys: isUnderstood ? [] : [...keys] };
}

/** The keys that the patterns end in, or that maps of secrets have. */
function keysOf(secrets: readonly Pattern[]): ReadonlySet<string> {
  return new Set(secrets.flatMap(({ segments }) => segments.filter((part) => part !== '[]' && part !== '*').slice(-1)));
}

/** Few keys, many leaves. */
function memoized(find: (part: string) => boolean): (part: string) => boolean {
  const known = new Map<string, boolean>();
  return (part) => {
    const found = known.get(part) ?? find(part);
    known.set(part, found);
    return found;
  };
}

/** A reference tells nothing of the secret. */
function isWrittenAsReference(node: ConfigNode): boolean {
  return isReference(node) || (node.kind === 'scalar' && node.reference !== undefined);
}

/** Whether the schema has a place for what stands there. */
function isPlanned(schema: z.ZodObject, root: MapNode, path: Path): boolean {
  for (let length = 1; length <= path.length; length++) {
    const shapes = shapesAt(schema, root, path.slice(0, length));
    // A strict object takes nothing under a key that it does not know.
    if (shapes.every(({ def: { type } }) => type === 'never')) return false;
    if (takesAnything(shapes)) return true;
  }
  return true;
}
