import { type KindName, KINDS, type Role, type Rule, type Verb, VERBS } from '@roundhouse/api';
import { isConditional } from './policy.ts';

/** `conditional`: it depends on the thing, by its labels, its id or who made it. */
type Outcome = 'allow' | 'deny' | 'conditional';

export interface MatrixRow {
  readonly role: string;
  readonly kind: KindName;
  readonly outcomes: Readonly<Record<Verb, Outcome>>;
}

/** What each role alone may do to each kind: a page of the documentation. */
export function permissionMatrix(roles: readonly Role[]): readonly MatrixRow[] {
  return roles.flatMap((role) =>
    KINDS.map((kind) => ({
      role: role.id,
      kind,
      outcomes: Object.fromEntries(VERBS.map((verb) => [verb, outcomeOf(role, verb, kind)])) as Record<Verb, Outcome>,
    })),
  );
}

function outcomeOf(role: Role, verb: Verb, kind: KindName): Outcome {
  const rules = role.rules.filter((rule) => names(rule.verbs, verb) && names(rule.kinds, kind));
  const denies = rules.filter((rule) => rule.effect === 'deny');
  const allows = rules.filter((rule) => rule.effect !== 'deny');
  if (allows.length === 0 || denies.some((rule: Rule) => !isConditional(rule))) return 'deny';
  return denies.length === 0 && allows.some((rule) => !isConditional(rule)) ? 'allow' : 'conditional';
}

function names<T extends string>(named: readonly (T | '*')[], one: T): boolean {
  return named.includes('*') || named.includes(one);
}
