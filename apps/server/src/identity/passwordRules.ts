import type { Secret } from '@roundhouse/core';
import { LruMap } from './lruMap.ts';
import { needsRehash, verifyPassword } from './password.ts';
import type { PasswordHistory } from './passwordHistory.ts';
import { passwordFault, type PasswordPolicy } from './passwordPolicy.ts';
import { Refusal } from './refusal.ts';

/** Hashes whose password was found to be a former one. */
const MAX_REUSED = 10_000;

/** Holds passwords to the policy where they are used: of a hash nobody can tell what it was made of. */
export class PasswordRules {
  readonly #policy: PasswordPolicy;
  readonly #history: PasswordHistory | undefined;
  /** By principal, so that each is compared with former ones once. */
  readonly #reused = new LruMap<string, string>(MAX_REUSED);

  /** `history`: where the policy asks for one. */
  constructor(policy: PasswordPolicy, history: PasswordHistory | undefined) {
    this.#policy = policy;
    this.#history = history;
  }

  /**
   * Throws a Refusal where a password is not to be taken, although it is right for the hash of the principal: nobody else
   * may be told. The first time it costs as much again for each former password.
   */
  async check(password: Secret, principal: string, hash: string): Promise<void> {
    const fault = passwordFault(password.reveal(), this.#policy);
    if (fault !== undefined) {
      throw new Refusal('PASSWORD_BELOW_POLICY', `the password does not meet the policy: ${fault}`, {
        principal,
        details: { reason: fault },
      });
    }
    const history = this.#history;
    if (history === undefined || history.isKnownGood(principal, hash)) return;
    if (await this.#isReused(password, principal, hash, history)) {
      const { history: count } = this.#policy;
      throw new Refusal('PASSWORD_REUSED', 'the password is a former one', { principal, details: { history: count } });
    }
    history.noteUse(principal, hash);
  }

  async #isReused(password: Secret, principal: string, hash: string, history: PasswordHistory): Promise<boolean> {
    if (this.#reused.get(principal) === hash) return true;
    const [last, ...earlier] = history.before(principal, hash);
    // A hash that costs a guesser more, of the same password: what was to be changed is the hash.
    const isRenewed = last !== undefined && needsRehash(last) && !needsRehash(hash);
    if (isRenewed && (await verifyPassword(password, last))) return false;
    for (const former of last === undefined || isRenewed ? earlier : [last, ...earlier]) {
      if (!(await verifyPassword(password, former))) continue;
      this.#reused.set(principal, hash);
      return true;
    }
    return false;
  }
}
