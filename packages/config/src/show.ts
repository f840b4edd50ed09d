import { Document, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { ConfigDocument } from './document.ts';
import { shownValue } from './explain.ts';
import type { ConfigNode } from './node.ts';
import type { Path } from './path.ts';
import { describePlace } from './source.ts';

export interface ShowOptions {
  /** Says behind each value where it comes from. Default false. */
  readonly layers?: boolean;
}

/** The effective configuration as YAML, defaults included and secrets masked. */
export function show(document: ConfigDocument, options: ShowOptions = {}): string {
  const yaml = new Document();
  yaml.contents = yamlOf(document.root, [], document, options.layers === true) as typeof yaml.contents;
  return yaml.toString({ lineWidth: 0 });
}

function yamlOf(
  node: ConfigNode,
  path: Path,
  document: ConfigDocument,
  hasLayers: boolean,
): Scalar | YAMLMap | YAMLSeq {
  const child = (inner: ConfigNode, part: string | number): Scalar | YAMLMap | YAMLSeq =>
    yamlOf(inner, [...path, part], document, hasLayers);
  if (node.kind === 'map') {
    const map = new YAMLMap();
    for (const [key, entry] of node.entries) map.set(new Scalar(key), child(entry.value, key));
    return map;
  }
  if (node.kind === 'list') {
    const list = new YAMLSeq();
    list.items = node.items.map(child);
    return list;
  }
  const scalar = new Scalar(shownValue(document, path, node));
  if (hasLayers) scalar.comment = ` ${describePlace(node.place)}`;
  return scalar;
}
