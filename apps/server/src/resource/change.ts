import {
  type Origin,
  RESOURCE_KIND_NAMES,
  RESOURCE_KINDS,
  type ResourceInput,
  type ResourceKind,
  type ResourceKindName,
} from '@roundhouse/api';

/** A resource as it is kept. */
export interface Kept {
  readonly input: ResourceInput<ResourceKindName>;
  readonly version: number;
  readonly origin: Origin;
  /** ms since 1970. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** One step from what is to what is wanted. */
export interface Change {
  readonly kind: ResourceKindName;
  readonly id: string;
  /** Undefined for one that is new. */
  readonly before: Kept | undefined;
  /** Undefined for one that goes. */
  readonly after: { readonly input: ResourceInput<ResourceKindName>; readonly origin: Origin } | undefined;
}

/** Another resource that an input names. */
export interface Named {
  readonly field: string;
  readonly kind: ResourceKindName;
  readonly id: string;
}

/** What an input refers to. */
export function namedBy(kind: ResourceKindName, input: ResourceInput<ResourceKindName>): readonly Named[] {
  const { references = [] }: ResourceKind = RESOURCE_KINDS[kind];
  return references.flatMap(({ field, kind: to, item }) => {
    const value = (input as Readonly<Record<string, unknown>>)[field];
    return [value].flat().flatMap((each) => {
      const id = item === undefined || typeof each === 'string' ? each : fieldOf(each, item);
      return typeof id === 'string' ? [{ field, kind: to as ResourceKindName, id }] : [];
    });
  });
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

/**
 * Changes in the order in which each stands on firm ground: what is referred to is there before, and goes after. Of a
 * circle of references none is first.
 */
export function inOrder(changes: readonly Change[]): readonly Change[] {
  const rank = (kind: ResourceKindName): number => RESOURCE_KIND_NAMES.indexOf(kind);
  const puts = changes.filter(({ after }) => after !== undefined).sort((a, b) => rank(a.kind) - rank(b.kind));
  const removals = changes.filter(({ after }) => after === undefined).sort((a, b) => rank(a.kind) - rank(b.kind));
  return [...byReference(puts, 'after'), ...byReference(removals, 'before').reverse()];
}

/** Depth first: what a change refers to goes before it. */
function byReference(changes: readonly Change[], side: 'before' | 'after'): Change[] {
  const byKey = new Map(changes.map((change) => [keyOf(change.kind, change.id), change]));
  const done = new Set<Change>();
  const ordered: Change[] = [];
  const visit = (change: Change): void => {
    if (done.has(change)) return;
    done.add(change);
    const input = change[side]?.input;
    for (const { kind, id } of input === undefined ? [] : namedBy(change.kind, input)) {
      const other = byKey.get(keyOf(kind, id));
      if (other !== undefined) visit(other);
    }
    ordered.push(change);
  };
  for (const change of changes) visit(change);
  return ordered;
}

export function keyOf(kind: ResourceKindName, id: string): string {
  return `${kind}/${id}`;
}
