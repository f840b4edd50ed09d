import type { z } from 'zod';
import { coreScalar } from '../compose/scalar.ts';
import { type ConfigNode, covering, mapItems, type MapNode, mapValues, nodeOf, type ScalarNode } from '../node.ts';
import { formatPath, type Path } from '../path.ts';
import type { Faults } from '../report/faults.ts';
import { namedSource, wholeOf } from '../source.ts';
import { childShapes, defaultsOf, type Shapes, shapesOf, takes } from './shape.ts';

const DEFAULTS = wholeOf(namedSource('defaults', 'default'));

/**
 * The tree as the schema sees it: texts from outside have the type that is expected, and what is not written has the
 * schema's default, as the weakest layer.
 */
export function settle(root: MapNode, schema: z.ZodObject, faults: Faults): MapNode {
  return settleNode(root, shapesOf(schema, root), [], faults) as MapNode;
}

function settleNode(node: ConfigNode, shapes: Shapes, path: Path, faults: Faults): ConfigNode {
  const settleChild = (child: ConfigNode, part: string | number): ConfigNode =>
    isOpen(child) ? settleNode(child, childShapes(shapes, part, child), [...path, part], faults) : child;
  if (node.kind === 'scalar') return settleScalar(node, shapes, path, faults);
  if (node.kind === 'list') return mapItems(node, settleChild);
  const defaults = defaultsOf(shapes);
  const written = mapValues(node, (value, key) => {
    const settled = settleChild(value, key);
    return defaults.has(key) ? coveringLast(settled, nodeOf(defaults.get(key), DEFAULTS)) : settled;
  });
  const missing = [...defaults].filter(([key]) => !written.entries.has(key));
  if (missing.length === 0) return written;
  const entries = new Map(written.entries);
  for (const [key, fallback] of missing) {
    entries.set(key, { keyPlace: DEFAULTS, value: settleChild(nodeOf(fallback, DEFAULTS), key) });
  }
  return { ...written, entries };
}

/** Only a scalar is covered as a whole; of a map each part has a default of its own. */
function coveringLast(node: ConfigNode, fallback: ConfigNode): ConfigNode {
  if (node.kind === 'map') return node;
  return node.shadowed === undefined ? covering(node, fallback) : { ...node, shadowed: [...node.shadowed, fallback] };
}

const BOOLEAN_WORD = /^(?:y|n|yes|no|on|off)$/i;

/** Whether it depends on the schema what becomes of it: most scalars are as they are written. */
function isOpen(node: ConfigNode): boolean {
  if (node.kind === 'scalar') return node.isBroken !== true && (node.isInjected === true || isBooleanWord(node));
  return node.kind === 'map' || node.isBroken !== true;
}

function isBooleanWord({ isPlain, value }: ScalarNode): boolean {
  return isPlain === true && typeof value === 'string' && BOOLEAN_WORD.test(value);
}

function settleScalar(node: ScalarNode, shapes: Shapes, path: Path, faults: Faults): ScalarNode {
  if (typeof node.value !== 'string') return node;
  if (node.isInjected === true && node.reference === undefined) {
    const { isInjected: _, ...rest } = node;
    return { ...rest, value: typedFor(node.value, shapes) };
  }
  if (isBooleanWord(node) && takes(shapes, true) && takes(shapes, node.value)) {
    faults.add({
      phase: 'schema',
      severity: 'warning',
      code: 'CONFIG_BOOLEAN_WORD',
      place: node.place,
      path: formatPath(path),
      details: { word: node.value },
      suggestion: booleanFor(node.value),
    });
  }
  return node;
}

function typedFor(text: string, shapes: Shapes): ScalarNode['value'] {
  const typed = coreScalar(text);
  if (typeof typed === 'string' || takes(shapes, typed)) return typed;
  return takes(shapes, text) ? text : typed;
}

/** The truth value that a word of YAML 1.1 stood for; undefined for other words. */
export function booleanFor(word: string): string | undefined {
  if (!BOOLEAN_WORD.test(word)) return undefined;
  return /^(?:y|yes|on)$/i.test(word) ? 'true' : 'false';
}

/** Plain data, as schemas and checks want it. */
export function plainOf(node: ConfigNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plainOf);
  const plain: Record<string, unknown> = {};
  for (const [key, entry] of node.entries) plain[key] = plainOf(entry.value);
  return plain;
}
