import { nearest } from '@roundhouse/core';
import { isReference } from './compose/secrets.ts';
import { coreScalar } from './compose/scalar.ts';
import { idOf } from './compose/merge.ts';
import { type ConfigDocument, isSecretPath, pathFormat } from './document.ts';
import { configError } from './errors.ts';
import { childOf, type ConfigNode, leaves, nodeAt, type ScalarValue, trail } from './node.ts';
import { parseAddress, type Path } from './path.ts';
import { describePlace, type LayerKind } from './source.ts';

/** What one layer says of one value. */
export interface Origin {
  /** As in `endpoints[east].port`. */
  readonly path: string;
  readonly layer: LayerKind;
  /** `file:line:column`, or the name of a variable, setting, override or layer. */
  readonly place: string;
  /** A secret is masked; `{}` or `[]` where the layer says no single value. */
  readonly value: ScalarValue;
  readonly wins: boolean;
}

const MASK = '[secret]';

/**
 * Every layer that set the value at `address` (`endpoints[east].port`), strongest first; of a map or a list, for each
 * value in it. Raises CONFIG_PATH_UNKNOWN.
 */
export function explain(document: ConfigDocument, address: string): Origin[] {
  const path = locate(document, address);
  const format = pathFormat(document.root, document.keyOf);
  const origins: Origin[] = [];
  for (const leaf of leaves(nodeAt(document.root, path) as ConfigNode, path)) {
    const shownPath = format(leaf.path);
    for (const [index, node] of [leaf.node, ...covered(document.root, leaf.path)].entries()) {
      const value = shownValue(document, leaf.path, node);
      const { layer } = node.place.source;
      origins.push({ path: shownPath, layer, place: describePlace(node.place), value, wins: index === 0 });
    }
  }
  return origins;
}

/** What a value is shown as: secrets masked, references to them as they are written. */
export function shownValue({ secrets }: ConfigDocument, path: Path, node: ConfigNode): ScalarValue {
  if (node.kind !== 'scalar') return node.kind === 'map' ? '{}' : '[]';
  if (node.reference !== undefined) return node.reference;
  return isSecretPath(secrets, path) && node.value !== null && !isReference(node)
    ? MASK
    : node.isInjected === true && typeof node.value === 'string'
      ? coreScalar(node.value)
      : node.value;
}

/** What the layers below say of the same path, also where a whole map or list was replaced above it. */
function covered(root: ConfigNode, path: Path): ConfigNode[] {
  const nodes = trail(root, path);
  return nodes
    .flatMap((node, depth) =>
      (node.shadowed ?? []).flatMap((lower) => {
        let at: ConfigNode | undefined = lower;
        for (const part of path.slice(depth)) at = at === undefined ? undefined : childOf(at, part);
        return at === undefined ? [] : [{ at, depth }];
      }),
    )
    .toSorted((a, b) => b.depth - a.depth)
    .map(({ at }) => at);
}

function locate({ root, keyOf }: ConfigDocument, address: string): Path {
  const fail = (reason: string, hint?: string): Error =>
    configError('CONFIG_PATH_UNKNOWN', { details: { path: address, reason }, ...(hint === undefined ? {} : { hint }) });
  const parts = parseAddress(address);
  if (parts === undefined) throw fail('that is not a path');
  let node: ConfigNode = root;
  const path: (string | number)[] = [];
  for (const part of parts) {
    const names = namesIn(node, keyOf(path));
    const index = names.indexOf(part);
    const step = node.kind === 'list' ? (index === -1 && /^\d+$/.test(part) ? Number(part) : index) : part;
    const child = childOf(node, step);
    if (child === undefined) {
      const near = nearest(part, names);
      throw fail(`nothing is called \`${part}\` there`, near === undefined ? undefined : `Did you mean \`${near}\`?`);
    }
    path.push(step);
    node = child;
  }
  return path;
}

function namesIn(node: ConfigNode, key: string | undefined): string[] {
  if (node.kind === 'map') return [...node.entries.keys()];
  return node.kind === 'list' && key !== undefined ? node.items.map((item) => idOf(item, key) ?? '') : [];
}
