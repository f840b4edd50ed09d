import { Refusal } from './refusal.ts';

const MAX_TOKENS = 100_000;

/** Tokens that have been used and would still be good: none of them is forgotten before its time. */
export class UsedTokens {
  /** Wall clock until which each would be taken, ms. */
  readonly #goodUntil = new Map<string, number>();
  readonly #maxTokens: number;

  constructor(maxTokens = MAX_TOKENS) {
    this.#maxTokens = maxTokens;
  }

  /** Takes a token that has not been used. Throws a Refusal. */
  take(id: string, goodUntil: number, now: number): void {
    const before = this.#goodUntil.get(id);
    if (before !== undefined && before > now) throw new Refusal('TOKEN_REPLAYED', 'a jti came again');
    if (before === undefined && this.#goodUntil.size >= this.#maxTokens) this.#forgetExpired(now);
    this.#goodUntil.set(id, goodUntil);
  }

  #forgetExpired(now: number): void {
    for (const [id, goodUntil] of this.#goodUntil) if (goodUntil <= now) this.#goodUntil.delete(id);
    if (this.#goodUntil.size < this.#maxTokens) return;
    throw new Refusal('TOKEN_MEMORY_FULL', `${this.#maxTokens} tokens that were used are good still`);
  }
}
