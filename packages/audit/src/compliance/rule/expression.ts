import {
  type ASTNode,
  Environment,
  EvaluationError,
  ParseError,
  type ParseResult,
  TypeError as CelTypeError,
} from '@marcbachmann/cel-js';
import { complianceError } from '../errors.ts';
import { childrenOf, LOOPS, loopOf, stepsOf } from './cost.ts';
import { FACTS, FACT_NAMES, type FactName, isFactName } from '../fact/catalogue.ts';
import type { FactDefinition } from '../fact/definition.ts';
import type { FactSheet } from '../fact/gather.ts';

/** What a rule or a profile sets: `params.name` in the expression. */
export type Parameters = Readonly<Record<string, boolean | number | string | readonly string[]>>;

/**
 * `true` and `false` are what CEL says over the facts that are known, which by its logic may be certain although others
 * are not known; `unknown` where it depends on one of those.
 */
type Truth = true | false | 'unknown';

/** An expression that can be evaluated; it reads nothing but facts and parameters, and changes nothing. */
export interface Expression {
  readonly text: string;
  /** The facts that it names, in alphabetical order. */
  readonly needs: readonly FactName[];
  /** Raises COMPLIANCE_EXPRESSION_COSTLY. */
  evaluate(sheet: FactSheet, parameters: Parameters): Truth;
}

/** Where in the text it is at fault. */
export interface ExpressionFault {
  readonly reason: string;
  /** First character, from 0; undefined for the whole. */
  readonly at?: number;
}

const MAX_LENGTH = 2_000;
/** Some tenths of a second: nothing else happens meanwhile. */
const MAX_STEPS = 1_000_000;
const LIMITS = { maxAstNodes: 300, maxDepth: 32, maxListElements: 100, maxMapEntries: 1, maxCallArguments: 4 };

/**
 * All that may be called: each takes time in proportion to its arguments. `matches` is not here, whose patterns can take
 * for ever; nor `has`, with which a rule could take a fact that is absent for a good one.
 */
const CALLS: ReadonlySet<string> = new Set([
  ...LOOPS,
  'size',
  'contains',
  'startsWith',
  'endsWith',
  'lowerAscii',
  'upperAscii',
  'double',
  'int',
  'string',
]);
/** A loop in a loop, and no deeper. */
const MAX_LOOP_DEPTH = 2;

const CEL_TYPES = {
  boolean: 'bool',
  number: 'double',
  text: 'string',
  texts: 'list<string>',
  items: 'list<map<string, dyn>>',
} as const satisfies Record<FactDefinition['type'], string>;

/** Compiles CEL over the facts. `parameters` gives the names and types of `params`. */
export function compileExpression(rule: string, text: string, parameters: Parameters = {}): Expression {
  const prepared = prepare(text, parameters);
  if ('reason' in prepared) {
    throw complianceError('COMPLIANCE_EXPRESSION_INVALID', { details: { rule, ...prepared } });
  }
  const { parsed, shape } = prepared;
  return {
    text,
    needs: [...shape.facts].sort(),
    evaluate(sheet, values) {
      const steps = stepsOf(parsed.ast, (name) => lengthOf(name, sheet, values));
      if (steps > MAX_STEPS) {
        throw complianceError('COMPLIANCE_EXPRESSION_COSTLY', { details: { rule, steps, max_steps: MAX_STEPS } });
      }
      try {
        return parsed({ ...documentOf(sheet), params: values }) === true;
      } catch (error) {
        // A fact, or a field of an item, that is not there; or one that cannot be calculated with.
        if (error instanceof EvaluationError || error instanceof CelTypeError) return 'unknown';
        throw error;
      }
    },
  };
}

/** Why the text is no expression of a rule; undefined when it is one. */
export function expressionFault(text: string, parameters: Parameters = {}): ExpressionFault | undefined {
  const prepared = prepare(text, parameters);
  return 'reason' in prepared ? prepared : undefined;
}

interface Prepared {
  readonly parsed: ParseResult;
  readonly shape: Shape;
}

function prepare(text: string, parameters: Parameters): Prepared | ExpressionFault {
  if (text.length > MAX_LENGTH) return { reason: `it has more than ${MAX_LENGTH} characters` };
  let parsed: ParseResult;
  try {
    parsed = environmentOf(parameters).parse(text);
  } catch (error) {
    return celFault(error);
  }
  const shape = shapeOf(parsed.ast);
  if (shape.fault !== undefined) return shape.fault;
  const { valid, type, error } = parsed.check();
  if (!valid) return celFault(error);
  if (type !== 'bool') return { reason: `it gives ${type}, and a rule is true or false` };
  return shape.facts.size === 0 ? { reason: 'it asks for no fact' } : { parsed, shape };
}

function celFault(error: unknown): ExpressionFault {
  if (!(error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError)) throw error;
  const { summary, range } = error;
  return { reason: summary, ...(range === undefined ? {} : { at: range.start }) };
}

/** All that is the same for every rule: to make it takes longer than a rule does. */
let base: Environment | undefined;

function environmentOf(parameters: Parameters): Environment {
  base ??= baseEnvironment();
  const schema = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, celTypeOf(value)]));
  return base.clone().registerVariable({ name: 'params', schema });
}

function baseEnvironment(): Environment {
  const environment = new Environment({ limits: LIMITS })
    // Numbers of facts are doubles; whoever writes `== 0` means the same.
    .registerOperator('double == int', (a: number, b: bigint) => a === Number(b));
  for (const [name, schema] of groups()) environment.registerVariable({ name, schema });
  return environment;
}

function celTypeOf(value: Parameters[string]): string {
  if (typeof value === 'boolean') return CEL_TYPES.boolean;
  if (typeof value === 'number') return CEL_TYPES.number;
  return typeof value === 'string' ? CEL_TYPES.text : CEL_TYPES.texts;
}

/** `lockout` → `max_failures` → type. */
function groups(): Map<string, Record<string, string>> {
  const found = new Map<string, Record<string, string>>();
  for (const name of FACT_NAMES) {
    const [group, fact] = partsOf(name);
    const schema = found.get(group) ?? {};
    schema[fact] = CEL_TYPES[FACTS[name].type];
    found.set(group, schema);
  }
  return found;
}

function partsOf(name: FactName): readonly [group: string, fact: string] {
  const [group, fact] = name.split('.', 2);
  return [group as string, fact as string];
}

/** The known facts by group; those that are not known are absent. */
function documentOf(sheet: FactSheet): Record<string, Record<string, unknown>> {
  const document: Record<string, Record<string, unknown>> = {};
  for (const name of FACT_NAMES) {
    const [group, fact] = partsOf(name);
    const facts = (document[group] ??= {});
    const state = sheet[name];
    if (state.state === 'known') facts[fact] = state.value;
  }
  return document;
}

/** Entries of a fact or a parameter; 1 for what is no list. */
function lengthOf(name: string, sheet: FactSheet, parameters: Parameters): number {
  const [, parameter] = /^params\.(.+)$/.exec(name) ?? [];
  const value = parameter === undefined ? knownValue(name, sheet) : parameters[parameter];
  return Array.isArray(value) ? value.length : 1;
}

function knownValue(name: string, sheet: FactSheet): unknown {
  const state = isFactName(name) ? sheet[name] : undefined;
  return state?.state === 'known' ? state.value : undefined;
}

interface Shape {
  readonly facts: ReadonlySet<FactName>;
  readonly fault: ExpressionFault | undefined;
}

/** What a tree names, and what in it is not allowed. */
function shapeOf(root: ASTNode): Shape {
  const facts = new Set<FactName>();
  let fault: ExpressionFault | undefined;
  const refuse = (reason: string, { start }: ASTNode): void => {
    fault ??= { reason, at: start };
  };
  const visit = (node: ASTNode, depth: number, own: ReadonlySet<string>): void => {
    if (depth > MAX_LOOP_DEPTH) refuse(`loops stand in each other more than ${MAX_LOOP_DEPTH} deep`, node);
    if (node.op === '.' && node.args[0].op === 'id') {
      const [{ args: group }, fact] = node.args as [{ readonly args: string }, string];
      if (group !== 'params' && !own.has(group)) {
        const name = `${group}.${fact}`;
        if (isFactName(name)) facts.add(name);
      }
      return;
    }
    if (node.op === 'id' && !own.has(node.args)) {
      refuse(`${node.args} is a group: write ${node.args}.NAME`, node);
      return;
    }
    const call = callOf(node);
    if (call !== undefined && !CALLS.has(call)) refuse(`${call}() cannot be used here`, node);
    const loop = loopOf(node);
    if (loop !== undefined) {
      visit(loop.receiver, depth, own);
      const named = new Set([...own, loop.variable]);
      for (const body of loop.bodies) visit(body, depth + 1, named);
      return;
    }
    for (const child of childrenOf(node)) visit(child, depth, own);
  };
  visit(root, 0, new Set());
  return { facts, fault };
}

function callOf(node: ASTNode): string | undefined {
  return node.op === 'call' || node.op === 'rcall' ? node.args[0] : undefined;
}
