import { Secret } from '@roundhouse/core';
import type { KeyedList } from './definition.ts';
import { formatPath, isRecord, matches, type Path, parsePattern, type Pattern } from './path.ts';
import { printable } from './report/width.ts';

/** What it takes to bring a change into effect, mildest first. */
const ACTIONS = ['live', 'drain', 'restart'] as const;

export type Action = (typeof ACTIONS)[number];
export type ChangeOp = 'add' | 'remove' | 'change';

export interface PlanRules {
  /** The first that fits a path decides; what no rule names wants a restart. */
  readonly actions: readonly ActionRule[];
  readonly keyedLists?: readonly KeyedList[];
  readonly secrets?: readonly string[];
}

export interface ActionRule {
  /** Pattern of the value itself or of what holds it: `endpoints[]`, `limits.*`. */
  readonly path: string;
  readonly action: Action | Readonly<Partial<Record<ChangeOp, Action>>>;
}

export interface FieldChange {
  /** Within the thing that changes; '' where it is a single value. */
  readonly field: string;
  readonly op: ChangeOp;
  /** JSON, secrets masked; undefined where there was none. */
  readonly before: unknown;
  readonly after: unknown;
  readonly action: Action;
}

/** One thing that changes: an item of a keyed list, or a top-level section. */
export interface Change {
  readonly path: string;
  /** The list, or the section. */
  readonly kind: string;
  /** Undefined for a section. */
  readonly id: string | undefined;
  readonly op: ChangeOp;
  /** Empty when the whole comes or goes. */
  readonly fields: readonly FieldChange[];
  /** The most that any of its fields takes. */
  readonly action: Action;
}

export interface Plan {
  readonly changes: readonly Change[];
  /** The most that any change takes; undefined when nothing changes. */
  readonly action: Action | undefined;
}

/** What leads from one configuration to another, in the order of kinds and ids. */
export function diffConfig(before: unknown, after: unknown, rules: PlanRules): Plan {
  const changes = new Comparison(rules).compare(before, after);
  return { changes, action: strongest(changes.map(({ action }) => action)) };
}

function strongest(actions: readonly Action[]): Action | undefined {
  return ACTIONS.findLast((action) => actions.includes(action));
}

const MASK = '[secret]';

class Comparison {
  readonly #rules: readonly { readonly pattern: Pattern; readonly action: ActionRule['action'] }[];
  readonly #lists: readonly { readonly pattern: Pattern; readonly key: string }[];
  readonly #secrets: readonly Pattern[];

  constructor(rules: PlanRules) {
    this.#rules = rules.actions.map(({ path, action }) => ({ pattern: parsePattern(path), action }));
    this.#lists = (rules.keyedLists ?? []).map(({ path, key }) => ({ pattern: parsePattern(path), key }));
    this.#secrets = (rules.secrets ?? []).map(parsePattern);
  }

  compare(before: unknown, after: unknown): Change[] {
    return keysOf(before, after)
      .flatMap((kind) => {
        const key = this.#lists.find(({ pattern }) => matches(pattern, [kind]))?.key;
        const left = fieldOf(before, kind);
        const right = fieldOf(after, kind);
        return key === undefined ? this.#section(kind, left, right) : this.#items(kind, key, left, right);
      })
      .toSorted((a, b) => order(a.kind, b.kind) || order(a.id ?? '', b.id ?? ''));
  }

  #section(kind: string, before: unknown, after: unknown): Change[] {
    return this.#change([kind], kind, undefined, kind, before, after);
  }

  #items(kind: string, key: string, before: unknown, after: unknown): Change[] {
    const left = byKey(before, key);
    const right = byKey(after, key);
    return [...new Set([...left.keys(), ...right.keys()])].flatMap((id) =>
      // Any index will do for the patterns: items are told apart by their ids.
      this.#change(
        [kind, 0],
        kind,
        id,
        formatPath([kind, 0], () => id),
        left.get(id),
        right.get(id),
      ),
    );
  }

  #change(at: Path, kind: string, id: string | undefined, path: string, before: unknown, after: unknown): Change[] {
    if (before === undefined && after === undefined) return [];
    if (before === undefined || after === undefined) {
      const op = before === undefined ? 'add' : 'remove';
      return [{ path, kind, id, op, fields: [], action: this.#wholeAction(at, op, before ?? after, id) }];
    }
    const fields = this.#fields(at, [], before, after);
    const action = strongest(fields.map((field) => field.action));
    return action === undefined ? [] : [{ path, kind, id, op: 'change', fields, action }];
  }

  /** A section takes what its values take; an item may have a rule of its own for coming and going. */
  #wholeAction(at: Path, op: 'add' | 'remove', value: unknown, id: string | undefined): Action {
    const fields =
      id === undefined && isPlain(value)
        ? this.#fields(at, [], op === 'add' ? {} : value, op === 'add' ? value : {})
        : [];
    return strongest(fields.map(({ action }) => action)) ?? this.#action(at, op);
  }

  #fields(base: Path, path: Path, before: unknown, after: unknown): FieldChange[] {
    if (isSame(before, after)) return [];
    const at = [...base, ...path];
    if (isPlain(before) && isPlain(after)) {
      return keysOf(before, after).flatMap((key) =>
        this.#fields(base, [...path, key], fieldOf(before, key), fieldOf(after, key)),
      );
    }
    const op = before === undefined ? 'add' : after === undefined ? 'remove' : 'change';
    return [
      {
        field: formatPath(path),
        op,
        before: this.#shown(at, before),
        after: this.#shown(at, after),
        action: this.#action(at, op),
      },
    ];
  }

  /** The first rule for the value itself or for something that holds it. */
  #action(path: Path, op: ChangeOp): Action {
    const ways = path.map((_part, index) => path.slice(0, index + 1));
    for (const { pattern, action } of this.#rules) {
      if (!ways.some((way) => matches(pattern, way))) continue;
      const decided = typeof action === 'string' ? action : action[op];
      if (decided !== undefined) return decided;
    }
    return 'restart';
  }

  #shown(path: Path, value: unknown): unknown {
    if (value === undefined) return undefined;
    if (value instanceof Secret || this.#secrets.some((pattern) => matches(pattern, path))) return MASK;
    if (Array.isArray(value)) return value.map((item, index) => this.#shown([...path, index], item));
    if (!isPlain(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.#shown([...path, key], inner)]));
  }
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return isRecord(value) && !(value instanceof Secret);
}

function keysOf(...values: readonly unknown[]): string[] {
  return [...new Set(values.flatMap((value) => (isPlain(value) ? Object.keys(value) : [])))].toSorted(order);
}

function fieldOf(value: unknown, key: string): unknown {
  return isPlain(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function byKey(list: unknown, key: string): Map<string, unknown> {
  const items: readonly unknown[] = Array.isArray(list) ? list : [];
  return new Map(items.map((item) => [String(fieldOf(item, key)), item]));
}

function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (a instanceof Secret || b instanceof Secret) {
    return a instanceof Secret && b instanceof Secret && a.reveal() === b.reveal();
  }
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => isSame(item, b[index]));
  if (!isPlain(a) || !isPlain(b)) return false;
  return keysOf(a, b).every((key) => isSame(a[key], b[key]));
}

const SIGNS: Readonly<Record<ChangeOp, { readonly sign: string; readonly color: string }>> = {
  add: { sign: '+', color: '32' },
  change: { sign: '~', color: '33' },
  remove: { sign: '-', color: '31' },
};

/** The plan for people: one line a thing, one a field, and the sums. */
export function renderPlan(plan: Plan, options: { readonly color?: boolean } = {}): string {
  if (plan.changes.length === 0) return 'No changes.\n';
  const sign = (op: ChangeOp): string =>
    options.color === true ? `\u001B[${SIGNS[op].color}m${SIGNS[op].sign}\u001B[0m` : SIGNS[op].sign;
  const lines = plan.changes.flatMap((change) => [
    `${sign(change.op)} ${printable(change.path)} (${change.action})`,
    ...change.fields.map(({ field, op, before, after }) => {
      const name = field === '' ? '' : `${printable(field)}: `;
      return `    ${sign(op)} ${name}${valueText(before, after, op)}`;
    }),
  ]);
  const count = (op: ChangeOp): number => plan.changes.filter((change) => change.op === op).length;
  const actions = ACTIONS.map(
    (action) => `${plan.changes.filter((change) => change.action === action).length} ${action}`,
  );
  const sums = `${count('add')} to add, ${count('change')} to change, ${count('remove')} to remove`;
  return `${lines.join('\n')}\n\nPlan: ${sums} (${actions.join(', ')}).\n`;
}

function valueText(before: unknown, after: unknown, op: ChangeOp): string {
  const text = (value: unknown): string => printable(JSON.stringify(value) ?? 'nothing');
  return op === 'add' ? text(after) : op === 'remove' ? text(before) : `${text(before)} → ${text(after)}`;
}
