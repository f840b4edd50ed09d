import { isDeepStrictEqual } from 'node:util';
import {
  type FieldProblem,
  type Labels,
  type Origin,
  type Resource,
  RESOURCE_KIND_NAMES,
  RESOURCE_KINDS,
  type ResourceFields,
  type ResourceInput,
  type ResourceKind,
  type ResourceKindName,
} from '@roundhouse/api';
import { type Clock, isRoundhouseError, type Logger, nearest } from '@roundhouse/core';
import type { JsonObject, Store, Write } from '@roundhouse/store';
import type { Actuator, Actuators } from './actuator.ts';
import { type Change, inOrder, keyOf, type Kept, namedBy } from './change.ts';
import { resourceError } from './errors.ts';
import { notFound } from './notFound.ts';
import { keepFields, openFields, type Sealer, sealFields } from './secretFields.ts';

/** A fact about a change, told in the transaction that makes it. */
export interface ResourceFact {
  readonly type: `${string}.${'created' | 'changed' | 'removed'}`;
  readonly subject: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Of the resource, as it is now or was last. */
  readonly labels?: Labels;
}

export interface ResourcesDependencies {
  readonly store: Pick<Store, 'list'>;
  /** Writes resources and tells facts in one transaction. */
  readonly commit: (writes: readonly Write[], facts: readonly ResourceFact[]) => Promise<{ readonly revision: number }>;
  readonly actuators: Actuators;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly log: Logger;
  /** Inputs that are part of the product. */
  readonly builtIn?: { readonly [K in ResourceKindName]?: ReadonlyArray<ResourceInput<K>> };
}

export interface WriteOptions {
  /** Who asked, for the fact. */
  readonly by: string;
  /** Raises what keeps a resource of this version from being changed; null: there is none. */
  readonly condition?: (version: number | null) => void;
}

/** Inputs by kind; a kind that is not named has none. */
export type DesiredResources = { readonly [K in ResourceKindName]?: ReadonlyArray<ResourceInput<K>> };

/** What all resources of one reload have in common. */
const PAGE = 1_000;

/**
 * All resources: what was asked for, kept in the store, and made real by the actuator of its kind. A set of changes is
 * applied whole or not at all: a step that fails takes back those before it. Changes wait for each other.
 */
export class Resources {
  readonly #deps: ResourcesDependencies;
  readonly #kept = new Map<ResourceKindName, Map<string, Kept>>(RESOURCE_KIND_NAMES.map((kind) => [kind, new Map()]));
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deps: ResourcesDependencies) {
    this.#deps = deps;
    const at = deps.clock.now();
    for (const kind of RESOURCE_KIND_NAMES) {
      for (const input of deps.builtIn?.[kind] ?? []) {
        this.#of(kind).set(idOf(input), { input, version: 1, origin: 'built_in', createdAt: at, updatedAt: at });
      }
    }
  }

  /** Makes real what the store has. One that cannot be is logged, and stays as it is kept. */
  async load(): Promise<void> {
    const changes: Change[] = [];
    for (const kind of RESOURCE_KIND_NAMES) {
      for (const kept of this.#of(kind).values()) changes.push(changeOf(kind, undefined, kept.input, 'built_in'));
      for await (const kept of this.#stored(kind)) {
        this.#of(kind).set(idOf(kept.input), kept);
        changes.push(changeOf(kind, undefined, kept.input, kept.origin));
      }
    }
    for (const { kind, id, after } of inOrder(changes)) {
      try {
        if (after !== undefined) await this.#actuator(kind).apply(after.input);
      } catch (error) {
        const { code, message } = isRoundhouseError(error) ? error : { code: 'INTERNAL', message: String(error) };
        this.#deps.log.error('a resource that is kept could not be applied', { kind, id, code, reason: message });
      }
    }
  }

  /** Of one kind, in order. */
  ids(kind: ResourceKindName): readonly string[] {
    return [...this.#of(kind).keys()].sort();
  }

  /** Raises …_NOT_FOUND. */
  async get<K extends ResourceKindName>(kind: K, id: string): Promise<Resource<K>> {
    const kept = this.#existing(kind, id);
    const shown = await this.#actuator(kind).show(kept.input as ResourceInput<K>);
    return { ...shown, ...fieldsOf(kept) } as Resource<K>;
  }

  /** Undefined when there is none, or none any more. */
  async show<K extends ResourceKindName>(kind: K, id: string): Promise<Resource<K> | undefined> {
    try {
      return await this.get(kind, id);
    } catch (error) {
      // While a removal is on its way to the store, what was made of it is gone already.
      if (isRoundhouseError(error) && error.status === 404) return undefined;
      throw error;
    }
  }

  /** As it is kept, at once; undefined when there is none. */
  find(kind: ResourceKindName, id: string): Kept | undefined {
    return this.#kept.get(kind)?.get(id);
  }

  /** Raises RESOURCE_EXISTS, REFERENCE_MISSING, and what the actuator does. */
  create<K extends ResourceKindName>(kind: K, input: ResourceInput<K>, options: WriteOptions): Promise<Resource<K>> {
    return this.#next(async () => {
      const id = idOf(input);
      if (this.find(kind, id) !== undefined) throw resourceError('RESOURCE_EXISTS', { details: { kind, id } });
      await this.#carryOut([changeOf(kind, undefined, input, 'api')], options.by);
      return await this.get(kind, id);
    });
  }

  /**
   * Changes a resource or adds it; secrets that are not given stay. One that is the same already stays untouched. Raises what the condition does,
   * RESOURCE_IN_FILE, REFERENCE_MISSING, and what the actuator does.
   */
  put<K extends ResourceKindName>(kind: K, input: ResourceInput<K>, options: WriteOptions): Promise<Resource<K>> {
    return this.#next(async () => {
      const id = idOf(input);
      const before = this.find(kind, id);
      options.condition?.(before?.version ?? null);
      if (before !== undefined) mayChange(kind, before);
      const { secrets = [] }: ResourceKind = RESOURCE_KINDS[kind];
      const next = before === undefined ? input : keepFields(input, before.input, secrets);
      if (!isDeepStrictEqual(before?.input, next)) {
        await this.#carryOut([changeOf(kind, before, next, 'api')], options.by);
      }
      return await this.get(kind, id);
    });
  }

  /** Raises …_NOT_FOUND, what the condition does, RESOURCE_IN_FILE, RESOURCE_IN_USE. */
  remove(kind: ResourceKindName, id: string, options: WriteOptions): Promise<void> {
    return this.#next(async () => {
      const before = this.#existing(kind, id);
      options.condition?.(before.version);
      mayChange(kind, before);
      await this.#carryOut([{ kind, id, before, after: undefined }], options.by);
    });
  }

  /** The steps to what a configuration file wants: what it has named before and names no more goes. */
  planFile(desired: DesiredResources): readonly Change[] {
    const changes: Change[] = [];
    for (const kind of RESOURCE_KIND_NAMES) {
      const wanted = new Map((desired[kind] ?? []).map((input) => [idOf(input), input]));
      for (const [id, input] of wanted) {
        const before = this.find(kind, id);
        if (before?.origin === 'file' && isDeepStrictEqual(before.input, input)) continue;
        changes.push(changeOf(kind, before, input, 'file'));
      }
      for (const [id, before] of this.#of(kind)) {
        if (before.origin === 'file' && !wanted.has(id)) changes.push({ kind, id, before, after: undefined });
      }
    }
    return inOrder(changes);
  }

  /** Does what `planFile` says, whole or not at all. */
  applyFile(desired: DesiredResources, by: string): Promise<readonly Change[]> {
    return this.#next(async () => {
      const changes = this.planFile(desired);
      if (changes.length > 0) await this.#carryOut(changes, by);
      return changes;
    });
  }

  #of(kind: ResourceKindName): Map<string, Kept> {
    return this.#kept.get(kind) as Map<string, Kept>;
  }

  #actuator<K extends ResourceKindName>(kind: K): Actuator<K> {
    return this.#deps.actuators[kind] as Actuator<K>;
  }

  #existing(kind: ResourceKindName, id: string): Kept {
    const kept = this.find(kind, id);
    if (kept !== undefined) return kept;
    throw notFound(kind, id, nearest(id, this.ids(kind)));
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #carryOut(changes: readonly Change[], by: string): Promise<void> {
    const steps = inOrder(changes);
    this.#checkReferences(steps);
    for (const kind of new Set(steps.map((step) => step.kind))) this.#checkAll(kind, steps);
    const done: Change[] = [];
    try {
      for (const step of steps) {
        await this.#apply(step.kind, step.id, step.after?.input);
        done.push(step);
      }
      const writes = steps.map((step) => this.#write(step));
      const { revision } = await this.#deps.commit(
        writes,
        steps.flatMap((step) => factsOf(step, by)),
      );
      this.#keep(steps, revision);
    } catch (error) {
      for (const { kind, id, before } of done.reverse()) await this.#takeBack(kind, id, before);
      throw error;
    }
  }

  async #apply(kind: ResourceKindName, id: string, input: ResourceInput<ResourceKindName> | undefined): Promise<void> {
    const actuator = this.#actuator(kind);
    if (input === undefined) return await actuator.remove(id);
    await actuator.check(input);
    await actuator.apply(input);
  }

  async #takeBack(kind: ResourceKindName, id: string, before: Kept | undefined): Promise<void> {
    try {
      await this.#apply(kind, id, before?.input);
    } catch (error) {
      this.#deps.log.error('a change could not be taken back', { kind, id, reason: String(error) });
    }
  }

  #checkAll<K extends ResourceKindName>(kind: K, steps: readonly Change[]): void {
    const actuator = this.#actuator(kind);
    if (actuator.checkAll === undefined) return;
    const next = new Map([...this.#of(kind)].map(([id, { input }]) => [id, input]));
    for (const { kind: of, id, after } of steps) {
      if (of !== kind) continue;
      if (after === undefined) next.delete(id);
      else next.set(id, after.input);
    }
    actuator.checkAll([...next.values()] as Array<ResourceInput<K>>);
  }

  /** Whether all that is named will be there, and nothing goes that is still named. */
  #checkReferences(steps: readonly Change[]): void {
    const gone = new Set(steps.filter(({ after }) => after === undefined).map(({ kind, id }) => keyOf(kind, id)));
    const next = new Map(steps.map((step) => [keyOf(step.kind, step.id), step.after?.input]));
    for (const { kind, id, after } of steps) {
      if (after === undefined) continue;
      for (const named of namedBy(kind, after.input)) {
        const key = keyOf(named.kind, named.id);
        if (!gone.has(key) && (next.has(key) || this.#of(named.kind).has(named.id))) continue;
        throw this.#referenceMissing(kind, id, named);
      }
    }
    if (gone.size === 0) return;
    for (const kind of RESOURCE_KIND_NAMES) {
      for (const [id, kept] of this.#of(kind)) {
        const key = keyOf(kind, id);
        const input = next.has(key) ? next.get(key) : kept.input;
        const named = input && namedBy(kind, input).find((each) => gone.has(keyOf(each.kind, each.id)));
        if (named === undefined) continue;
        throw resourceError('RESOURCE_IN_USE', { details: { kind: named.kind, id: named.id, by_kind: kind, by: id } });
      }
    }
  }

  #referenceMissing(kind: ResourceKindName, id: string, named: ReturnType<typeof namedBy>[number]): Error {
    const near = nearest(named.id, this.ids(named.kind));
    const fault: FieldProblem = {
      in: 'body',
      pointer: `/${named.field}`,
      detail: `There is no ${RESOURCE_KINDS[named.kind].one} "${named.id}"`,
      ...(near === undefined ? {} : { suggestion: near }),
    };
    const details = { kind, id, field: named.field, to_kind: named.kind, to: named.id, errors: [fault] };
    return resourceError('REFERENCE_MISSING', { details });
  }

  #write({ kind, id, before, after }: Change): Write {
    const expect = before === undefined || before.origin === 'built_in' ? 'absent' : before.version;
    if (after === undefined) return { op: 'delete', kind, id, expect };
    const { secrets = [] }: ResourceKind = RESOURCE_KINDS[kind];
    const spec = sealFields(after.input, secrets, this.#deps.sealer, keyOf(kind, id));
    return { op: 'put', kind, id, expect, value: { origin: after.origin, spec } as JsonObject };
  }

  #keep(steps: readonly Change[], revision: number): void {
    const now = this.#deps.clock.now();
    for (const { kind, id, before, after } of steps) {
      if (after === undefined) this.#of(kind).delete(id);
      else this.#of(kind).set(id, { ...after, version: revision, createdAt: before?.createdAt ?? now, updatedAt: now });
    }
  }

  async *#stored(kind: ResourceKindName): AsyncGenerator<Kept> {
    const { secrets = [] }: ResourceKind = RESOURCE_KINDS[kind];
    let after: string | null = null;
    do {
      const page = await this.#deps.store.list(kind, { limit: PAGE, ...(after === null ? {} : { after }) });
      for (const { id, version, createdAt, updatedAt, value } of page.items) {
        const { origin, spec } = value as unknown as { origin: Origin; spec: Record<string, unknown> };
        try {
          const input = openFields(
            spec,
            secrets,
            this.#deps.sealer,
            keyOf(kind, id),
          ) as ResourceInput<ResourceKindName>;
          yield { input, version, origin, createdAt, updatedAt };
        } catch (error) {
          this.#deps.log.error('a resource that is kept could not be read', { kind, id, reason: String(error) });
        }
      }
      after = page.next;
    } while (after !== null);
  }
}

function changeOf(
  kind: ResourceKindName,
  before: Kept | undefined,
  input: ResourceInput<ResourceKindName>,
  origin: Origin,
): Change {
  return { kind, id: idOf(input), before, after: { input, origin } };
}

/** Raises RESOURCE_BUILT_IN, RESOURCE_IN_FILE. */
function mayChange(kind: ResourceKindName, kept: Kept): void {
  const id = idOf(kept.input);
  if (kept.origin === 'built_in') throw resourceError('RESOURCE_BUILT_IN', { details: { kind, id } });
  if (kept.origin === 'file') throw resourceError('RESOURCE_IN_FILE', { details: { kind, id } });
}

function fieldsOf({ version, origin, createdAt, updatedAt }: Kept): ResourceFields {
  return {
    version,
    origin,
    created_at: new Date(createdAt).toISOString(),
    updated_at: new Date(updatedAt).toISOString(),
  };
}

function factsOf({ kind, id, before, after }: Change, by: string): ResourceFact[] {
  const what = after === undefined ? 'removed' : before === undefined ? 'created' : 'changed';
  const changed =
    before === undefined || after === undefined ? {} : { changed: changedFields(before.input, after.input) };
  const input = (after ?? before)?.input as { readonly labels?: Labels } | undefined;
  const labels = input?.labels;
  return [
    { type: `${kind}.${what}`, subject: id, data: { by, ...changed }, ...(labels === undefined ? {} : { labels }) },
  ];
}

/** Names of the fields that differ; never their values. */
function changedFields(before: object, after: object): string[] {
  const [a, b] = [before as Record<string, unknown>, after as Record<string, unknown>];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .filter((key) => !isDeepStrictEqual(a[key], b[key]))
    .sort();
}

function idOf(input: ResourceInput<ResourceKindName>): string {
  return input.id as string;
}
