import type { Parameters } from './expression.ts';

/** Rules that are looked at together, with what is asked of them. */
export interface Profile {
  readonly id: string;
  readonly title: string;
  /** Edition, status, and what a reader has to know. */
  readonly notes: string;
  /** Ids of rules; undefined for all there are, own ones included. */
  readonly rules: readonly string[] | undefined;
  /** Above those of the rules, by id of the rule. */
  readonly parameters: Readonly<Record<string, Parameters>>;
}
