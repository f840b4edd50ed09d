/**
 * Rules over what a server is like: facts are gathered from it, a rule is an expression over facts, and an assessment says
 * of each rule whether it passes, with the evidence. Whatever is not known is `unknown`, and never passes.
 */
export { type Assessment, assess, type RuleResult, type Status, STATUSES } from './assess.ts';
export { PROFILES } from './catalogue/profiles.ts';
export { RULES } from './catalogue/rules.ts';
export { complianceError } from './errors.ts';
export { FACT_NAMES, type FactName, FACTS, type Facts } from './fact/catalogue.ts';
export type { FactDefinition } from './fact/definition.ts';
export { type FactProvider, type FactSheet, type GatheredFacts, UnknownFact } from './fact/gather.ts';
export { ComplianceMonitor, type KnownStatuses, type MonitorSettings, type Transition } from './monitor.ts';
export { csvReport } from './report/csv.ts';
export { htmlReport } from './report/html.ts';
export { oscalReport } from './report/oscal.ts';
export { type ComplianceReport, reportOf } from './report/report.ts';
export { expressionFault, type Parameters } from './rule/expression.ts';
export type { Profile } from './rule/profile.ts';
export { compileRule, type Rule, type RuleDefinition } from './rule/rule.ts';
export type { Waiver } from './rule/waiver.ts';
