import { type ConfigDocument, pathFormat } from './document.ts';
import { leaves } from './node.ts';
import { matches, parsePattern } from './path.ts';

/**
 * Paths of the texts at `patterns` (`webhooks[].secret`) that the configuration has as they are, and not by a `secret://`
 * reference.
 */
export function plainSecrets({ root, keyOf }: ConfigDocument, patterns: readonly string[]): string[] {
  const parsed = patterns.map(parsePattern);
  const format = pathFormat(root, keyOf);
  return [...leaves(root)].flatMap(({ path, node }) => {
    const isText = node.kind === 'scalar' && typeof node.value === 'string' && node.value !== '';
    if (!isText || node.reference !== undefined) return [];
    // A secret may be a list of them.
    const isMeant = parsed.some((pattern) => matches(pattern, path) || matches(pattern, path.slice(0, -1)));
    return isMeant ? [format(path)] : [];
  });
}
