import { compileRule, type Rule } from '../rule/rule.ts';
import { IDENTITY_RULES } from './identity.ts';
import { JOURNAL_RULES } from './journal.ts';
import { OPERATION_RULES } from './operation.ts';
import { PROTECTION_RULES } from './protection.ts';

/** The rules of the product, by number. */
export const RULES: readonly Rule[] = [...JOURNAL_RULES, ...IDENTITY_RULES, ...PROTECTION_RULES, ...OPERATION_RULES]
  .toSorted((a, b) => (a.id < b.id ? -1 : 1))
  .map(compileRule);
