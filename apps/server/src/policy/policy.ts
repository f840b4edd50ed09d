import { type KindName, KINDS, type Labels, type Role, type Rule, type Verb, VERBS } from '@roundhouse/api';
import { policyError } from './errors.ts';

/** What somebody is about to do. What is left out is not so: a thing without labels meets no condition on labels. */
export interface AccessRequest {
  readonly verb: Verb;
  readonly kind: KindName;
  readonly id?: string | undefined;
  readonly labels?: Labels | undefined;
  /** Whether the caller has made it. */
  readonly isOwn?: boolean | undefined;
}

/** Shared and immutable: the same decision is the same object. */
export interface Decision {
  readonly allowed: boolean;
  /** `allowed by operator rule 2`, `denied by operator rule 3` or `no rule allows`; rules count from 1. */
  readonly reason: string;
  readonly role: string | null;
  readonly rule: number | null;
}

/** What the holders of roles may do: denied by default, and a rule that denies wins. Pure. */
export interface Policy {
  /** Roles that are not known count for nothing. */
  decide(roles: readonly string[], request: AccessRequest): Decision;
  /**
   * Whether there may be a thing that the request would be allowed for. For lists and streams, whose items are decided
   * one by one afterwards.
   */
  couldAllow(roles: readonly string[], verb: Verb, kind: KindName): boolean;
  /** Roles with which it could be allowed, in the order in which the policy was given them. */
  rolesFor(verb: Verb, kind: KindName): readonly string[];
}

/** Raises ROLE_DUPLICATE. */
export function createPolicy(roles: readonly Role[]): Policy {
  return new CompiledPolicy(roles);
}

interface CompiledRule {
  readonly decision: Decision;
  readonly number: number;
  /** It is met only when one of these is so; undefined without a condition. */
  readonly filedUnder: ReadonlySet<Fact> | undefined;
  /** Then one of each of these must be so as well. */
  readonly others: readonly ReadonlySet<Fact>[];
}

/** Rules of one effect, so filed that a request looks at those alone that may be about it. */
interface RuleFile {
  /** The first one without a condition. */
  always: CompiledRule | undefined;
  /** In order, by one of the facts that each asks for. */
  readonly byFact: Map<Fact, CompiledRule[]>;
}

/** The rules of one role about one verb on one kind. */
interface Cell {
  readonly deny: RuleFile;
  readonly allow: RuleFile;
}

/** Cells by `cellOf`. */
type Table = readonly (Cell | undefined)[];

const NO_RULE: Decision = Object.freeze({ allowed: false, reason: 'no rule allows', role: null, rule: null });

const VERB_ROWS = new Map<string, number>(VERBS.map((verb, index) => [verb, index * KINDS.length]));
const KIND_COLUMNS = new Map<string, number>(KINDS.map((kind, index) => [kind, index]));

function cellOf(verb: Verb, kind: KindName): number {
  return (VERB_ROWS.get(verb) as number) + (KIND_COLUMNS.get(kind) as number);
}

class CompiledPolicy implements Policy {
  readonly #tables = new Map<string, Table>();
  readonly #facts = new Facts();

  constructor(roles: readonly Role[]) {
    for (const role of roles) {
      if (this.#tables.has(role.id)) throw policyError('ROLE_DUPLICATE', { details: { role: role.id } });
      this.#tables.set(role.id, compile(role, this.#facts));
    }
  }

  decide(roles: readonly string[], request: AccessRequest): Decision {
    const place = cellOf(request.verb, request.kind);
    const facts = this.#facts.of(request);
    let allowed: Decision | undefined;
    for (const role of roles) {
      const cell = this.#tables.get(role)?.[place];
      if (cell === undefined) continue;
      const denied = firstMet(cell.deny, facts);
      if (denied !== undefined) return denied.decision;
      allowed ??= firstMet(cell.allow, facts)?.decision;
    }
    return allowed ?? NO_RULE;
  }

  couldAllow(roles: readonly string[], verb: Verb, kind: KindName): boolean {
    const place = cellOf(verb, kind);
    let isAllowed = false;
    for (const role of roles) {
      const cell = this.#tables.get(role)?.[place];
      if (cell === undefined) continue;
      if (cell.deny.always !== undefined) return false;
      isAllowed ||= cell.allow.always !== undefined || cell.allow.byFact.size > 0;
    }
    return isAllowed;
  }

  rolesFor(verb: Verb, kind: KindName): readonly string[] {
    return [...this.#tables.keys()].filter((role) => this.couldAllow([role], verb, kind));
  }
}

/** Something that a rule asks for, one of these: that the thing is the caller's own, its id, the value of a label. */
type Fact = number;

const OWN: Fact = 0;

/** The facts that some rule asks for. What is so besides, no role needs to be asked about. */
class Facts {
  readonly #ids = new Map<string, Fact>();
  /** By name, then value. */
  readonly #labels = new Map<string, Map<string, Fact>>();
  #last: Fact = OWN;

  ofId(id: string): Fact {
    return this.#enter(this.#ids, id);
  }

  ofLabel(name: string, value: string): Fact {
    let values = this.#labels.get(name);
    if (values === undefined) this.#labels.set(name, (values = new Map()));
    return this.#enter(values, value);
  }

  /** Those that are so. */
  of({ id, labels, isOwn }: AccessRequest): Fact[] {
    const facts: Fact[] = [];
    const ofId = id === undefined ? undefined : this.#ids.get(id);
    if (ofId !== undefined) facts.push(ofId);
    for (const name in labels) {
      const ofLabel = this.#labels.get(name)?.get(labels[name] as string);
      if (ofLabel !== undefined) facts.push(ofLabel);
    }
    if (isOwn === true) facts.push(OWN);
    return facts;
  }

  #enter(into: Map<string, Fact>, key: string): Fact {
    const known = into.get(key);
    if (known !== undefined) return known;
    into.set(key, ++this.#last);
    return this.#last;
  }
}

/** The met rule with the lowest number. */
function firstMet({ always, byFact }: RuleFile, facts: readonly Fact[]): CompiledRule | undefined {
  let first = always;
  if (byFact.size === 0) return first;
  for (const fact of facts) {
    const filed = byFact.get(fact);
    if (filed === undefined) continue;
    for (const rule of filed) {
      if (first !== undefined && rule.number >= first.number) break;
      if (areMet(rule.others, facts)) first = rule;
    }
  }
  return first;
}

function areMet(conditions: readonly ReadonlySet<Fact>[], facts: readonly Fact[]): boolean {
  return conditions.every((condition) => facts.some((fact) => condition.has(fact)));
}

function compile(role: Role, facts: Facts): Table {
  const table: (Cell | undefined)[] = Array.from({ length: VERBS.length * KINDS.length });
  for (const [index, rule] of role.rules.entries()) {
    const compiled = compileRule(role.id, rule, index + 1, facts);
    for (const verb of expand(rule.verbs, VERBS)) {
      for (const kind of expand(rule.kinds, KINDS)) {
        const cell = (table[cellOf(verb, kind)] ??= { deny: newFile(), allow: newFile() });
        file(compiled, cell[rule.effect ?? 'allow']);
      }
    }
  }
  return table;
}

function compileRule(role: string, rule: Rule, number: number, facts: Facts): CompiledRule {
  const allowed = rule.effect !== 'deny';
  // First the condition that asks most of a thing: the fewest values.
  const [filedUnder, ...others] = conditionsOf(rule, facts).toSorted((a, b) => a.size - b.size);
  const reason = `${allowed ? 'allowed' : 'denied'} by ${role} rule ${number}`;
  return {
    decision: Object.freeze({ allowed, reason, role, rule: number }),
    number,
    filedUnder,
    others,
  };
}

function conditionsOf({ ids, labels = {}, own }: Rule, facts: Facts): ReadonlySet<Fact>[] {
  const byLabels = Object.entries(labels).map(
    ([name, values]) => new Set([values].flat().map((value) => facts.ofLabel(name, value))),
  );
  const byIds = ids === undefined ? [] : [new Set(ids.map((id) => facts.ofId(id)))];
  return [...byIds, ...byLabels, ...(own === true ? [new Set([OWN])] : [])];
}

function newFile(): RuleFile {
  return { always: undefined, byFact: new Map() };
}

function file(rule: CompiledRule, into: RuleFile): void {
  if (rule.filedUnder === undefined) into.always ??= rule;
  for (const fact of rule.filedUnder ?? []) {
    const filed = into.byFact.get(fact);
    if (filed === undefined) into.byFact.set(fact, [rule]);
    else filed.push(rule);
  }
}

/** Whether it depends on the thing. */
export function isConditional(rule: Rule): boolean {
  return rule.own === true || rule.ids !== undefined || Object.keys(rule.labels ?? {}).length > 0;
}

function expand<T extends string>(named: readonly (T | '*')[], all: readonly T[]): readonly T[] {
  return named.includes('*') ? all : all.filter((each) => named.includes(each));
}
