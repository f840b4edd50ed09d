/** That somebody accepts for a while that a rule does not pass. */
export interface Waiver {
  /** Id of the rule. */
  readonly rule: string;
  /** Who answers for it. */
  readonly owner: string;
  readonly reason: string;
  /** ms since 1970; from then on it does not count. */
  readonly expiresAt: number;
}

/** The one that counts, or else the one that expired last: so that it is seen that there was one. */
export function waiverOf(rule: string, waivers: readonly Waiver[]): Waiver | undefined {
  return waivers.filter((waiver) => waiver.rule === rule).toSorted((a, b) => b.expiresAt - a.expiresAt)[0];
}
