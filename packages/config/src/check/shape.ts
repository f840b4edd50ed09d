import { z } from 'zod';
import { childOf, type ConfigNode, type ScalarValue } from '../node.ts';

/** The schemas that may apply at one place: several where a union leaves it open, none where anything goes. */
export type Shapes = readonly z.ZodType[];

const settledShapes = new WeakMap<object, Shapes>();

/** The schemas for what a union and its wrappers leave open, by what is written there. */
export function shapesOf(schema: unknown, node: ConfigNode | undefined): Shapes {
  if (!(schema instanceof z.ZodType)) return [];
  const known = settledShapes.get(schema);
  if (known !== undefined) return known;
  const bare = unwrap(schema);
  if (bare instanceof z.ZodIntersection) return [...shapesOf(bare.def.left, node), ...shapesOf(bare.def.right, node)];
  if (!(bare instanceof z.ZodUnion)) {
    const shapes = [bare];
    settledShapes.set(schema, shapes);
    return shapes;
  }
  const options = (bare.options as readonly z.ZodType[]).flatMap((option) => shapesOf(option, node));
  if (!(bare instanceof z.ZodDiscriminatedUnion)) return options;
  const tag = bare.def.discriminator;
  const sent = node === undefined ? undefined : childOf(node, tag);
  const meant = options.filter(
    (option) =>
      option instanceof z.ZodObject &&
      sent?.kind === 'scalar' &&
      (option.shape[tag] as z.ZodType | undefined)?.safeParse(sent.value).success === true,
  );
  return meant.length > 0 ? meant : options;
}

/** The schemas of a child of a map or a list. */
export function childShapes(shapes: Shapes, part: string | number, child: ConfigNode | undefined): Shapes {
  const [only] = shapes;
  if (only !== undefined && shapes.length === 1) return shapesOf(childSchema(only, part), child);
  return shapes.flatMap((shape) => shapesOf(childSchema(shape, part), child));
}

function childSchema(shape: z.ZodType, part: string | number): unknown {
  if (shape instanceof z.ZodObject) {
    return Object.hasOwn(shape.shape, String(part)) ? shape.shape[String(part)] : shape.def.catchall;
  }
  if (shape instanceof z.ZodRecord) return shape.valueType;
  if (shape instanceof z.ZodArray) return shape.element;
  if (shape instanceof z.ZodTuple) return shape.def.items[Number(part)] ?? shape.def.rest;
  return undefined;
}

/** The schemas at the end of a path through `root`. */
export function shapesAt(schema: z.ZodType, root: ConfigNode, path: readonly (string | number)[]): Shapes {
  let node: ConfigNode | undefined = root;
  let shapes = shapesOf(schema, node);
  for (const part of path) {
    node = node === undefined ? undefined : childOf(node, part);
    shapes = childShapes(shapes, part, node);
  }
  return shapes;
}

/** Names of keys that some of the schemas know. */
export function keysOfShapes(shapes: Shapes): string[] {
  return [...new Set(shapes.flatMap((shape) => (shape instanceof z.ZodObject ? Object.keys(shape.shape) : [])))];
}

/** Whether one of the schemas takes whatever there is. */
export function takesAnything(shapes: Shapes): boolean {
  return shapes.some(({ def: { type } }) => type === 'any' || type === 'unknown');
}

/** Whether keys beyond the known ones are taken. */
export function takesAnyKey(shapes: Shapes): boolean {
  return (
    shapes.length === 0 ||
    takesAnything(shapes) ||
    shapes.some(
      (shape) =>
        shape instanceof z.ZodRecord ||
        (shape instanceof z.ZodObject &&
          shape.def.catchall !== undefined &&
          !(shape.def.catchall instanceof z.ZodNever)),
    )
  );
}

export function isListShape(shapes: Shapes): boolean {
  return shapes.some((shape) => shape instanceof z.ZodArray || shape instanceof z.ZodTuple);
}

/** Whether a scalar of this kind is what one of the schemas is about. */
export function takes(shapes: Shapes, value: ScalarValue): boolean {
  return shapes.some((shape) => {
    const { type } = shape.def;
    if (type === 'any' || type === 'unknown') return true;
    if (shape instanceof z.ZodLiteral) return [...shape.values].some((each) => typeof each === typeof value);
    if (shape instanceof z.ZodEnum) return shape.options.some((each) => typeof each === typeof value);
    if (typeof value === 'string') return type === 'string' || type === 'template_literal' || type === 'custom';
    if (typeof value === 'number') return type === 'number' || type === 'bigint';
    return typeof value === 'boolean' ? type === 'boolean' : type === 'null';
  });
}

const knownDefaults = new WeakMap<object, ReadonlyMap<string, unknown>>();

/** The defaults that a schema of a map states for what is not written. */
export function defaultsOf(shapes: Shapes): ReadonlyMap<string, unknown> {
  const objects = shapes.filter((shape) => shape instanceof z.ZodObject);
  const [object] = objects;
  // Of several variants none can be chosen for its defaults.
  if (object === undefined || objects.length > 1) return new Map();
  const known = knownDefaults.get(object);
  if (known !== undefined) return known;
  const defaults = new Map<string, unknown>();
  for (const [key, schema] of Object.entries(object.shape)) {
    const value = defaultOf(schema);
    if (value !== undefined) defaults.set(key, value);
  }
  knownDefaults.set(object, defaults);
  return defaults;
}

/** Undefined where there is none. */
function defaultOf(schema: unknown): unknown {
  let at = schema;
  while (at instanceof z.ZodType) {
    if (at instanceof z.ZodDefault) return transforms(at) ? undefined : at.def.defaultValue;
    if (at instanceof z.ZodPrefault) return at.def.defaultValue;
    if (!(at instanceof z.ZodOptional || at instanceof z.ZodNullable || at instanceof z.ZodReadonly)) return undefined;
    at = at.unwrap();
  }
  return undefined;
}

/** A default is what comes out; where something else goes in, it cannot be written down as it is. */
function transforms(schema: z.ZodDefault): boolean {
  let at: unknown = schema.unwrap();
  while (at instanceof z.ZodOptional || at instanceof z.ZodNullable) at = at.unwrap();
  return at instanceof z.ZodPipe || at instanceof z.ZodTransform;
}

function unwrap(schema: z.ZodType): z.ZodType {
  let at: unknown = schema;
  for (;;) {
    if (
      at instanceof z.ZodOptional ||
      at instanceof z.ZodNullable ||
      at instanceof z.ZodDefault ||
      at instanceof z.ZodPrefault ||
      at instanceof z.ZodReadonly ||
      at instanceof z.ZodNonOptional ||
      at instanceof z.ZodCatch ||
      at instanceof z.ZodLazy
    ) {
      at = at.unwrap();
    } else if (at instanceof z.ZodPipe) {
      at = at.in instanceof z.ZodTransform ? at.out : at.in;
    } else break;
  }
  return at as z.ZodType;
}
