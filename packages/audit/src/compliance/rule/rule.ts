import type { FactName } from '../fact/catalogue.ts';
import { compileExpression, type Expression, type Parameters } from './expression.ts';
import type { Framework, RuleSeverity, RuleType } from './vocabulary.ts';

type Mappings = { readonly [F in Framework]?: readonly string[] };

/** What to do so that a rule passes. */
export interface Remediation {
  readonly text: string;
  /** What to write into the configuration file, as YAML; absent where no configuration does it. */
  readonly configuration?: string;
}

/** A rule as it is written: by the product, or under `compliance.rules`. */
export interface RuleDefinition {
  /** `RH-C01` for those of the product. */
  readonly id: string;
  /** What is so when it passes. */
  readonly title: string;
  readonly type: RuleType;
  readonly severity: RuleSeverity;
  /** CEL over facts and `params`: true where it passes. */
  readonly expression: string;
  /** CEL: false where the rule has nothing to ask here. Default: it always has. */
  readonly applies?: string;
  readonly parameters?: Parameters;
  readonly remediation: Remediation;
  readonly mappings?: Mappings;
  /** What its evidence does not cover, for whoever relies on it. */
  readonly limits?: string;
}

/** A rule that can be evaluated. */
export interface Rule extends RuleDefinition {
  readonly test: Expression;
  readonly condition: Expression | undefined;
  /** All facts that its evidence keeps. */
  readonly needs: readonly FactName[];
}

/** Raises COMPLIANCE_EXPRESSION_INVALID. */
export function compileRule(definition: RuleDefinition): Rule {
  const { id, expression, applies, parameters } = definition;
  const test = compileExpression(id, expression, parameters);
  const condition = applies === undefined ? undefined : compileExpression(id, applies, parameters);
  const needs = [...new Set([...(condition?.needs ?? []), ...test.needs])].sort();
  return { ...definition, test, condition, needs };
}
