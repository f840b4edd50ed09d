import { idOf, type KeyOf } from './compose/merge.ts';
import { type MapNode, nodeAt } from './node.ts';
import { formatPath, matches, type Path, type Pattern } from './path.ts';

/** The effective configuration, with the place of every value and what weaker layers said. */
export interface ConfigDocument {
  readonly root: MapNode;
  /** Every file that was read or looked for, in full. */
  readonly paths: readonly string[];
  /** When the first override ends, ms since 1970: load again then. */
  readonly expiresAt: number | undefined;
  readonly keyOf: KeyOf;
  readonly secrets: readonly Pattern[];
}

export function isSecretPath(secrets: readonly Pattern[], path: Path): boolean {
  return secrets.some((pattern) => matches(pattern, path) || matches(pattern, path.slice(0, -1)));
}

/** Writes paths with ids of items where the list has them. */
export function pathFormat(root: MapNode, keyOf: KeyOf): (path: Path) => string {
  return (path) =>
    formatPath(path, (item) => {
      const key = keyOf(item.slice(0, -1));
      return key === undefined ? undefined : idOf(nodeAt(root, item), key);
    });
}
