import { isRoundhouseError, type Logger } from '@roundhouse/core';
import type { JsonObject, Store, Write } from '@roundhouse/store';
import type { Sealer } from '../resource/secretFields.ts';
import { formerHashes, type KeptHash, withHash, withUse } from './passwordPolicy.ts';

/** Of what is kept in the store; no resources, nobody sees them. */
const KIND = 'password_history';
const PAGE = 1_000;

export interface PasswordHistoryDependencies {
  readonly store: Pick<Store, 'list' | 'commit'>;
  /** Hashes are sealed where they are stored. */
  readonly sealer: Sealer;
  readonly log: Logger;
}

/**
 * The hashes that principals had, as many of each as the policy asks for: in memory, and written to the store soon after. Of
 * principals that are removed nothing stays.
 */
export class PasswordHistory {
  readonly #history: number;
  readonly #deps: PasswordHistoryDependencies;
  readonly #kept = new Map<string, readonly KeptHash[]>();
  /** Principals of whom the store has something else. */
  readonly #unsaved = new Set<string>();
  #saving: Promise<void> | undefined;

  /** `history`: passwords before the present one, 1 or more. */
  constructor(history: number, deps: PasswordHistoryDependencies) {
    this.#history = history;
    this.#deps = deps;
  }

  /** Takes in what the store has. Before anything else; raises what the store does. */
  async load(): Promise<void> {
    let after: string | null = null;
    do {
      const page = await this.#deps.store.list(KIND, { limit: PAGE, ...(after === null ? {} : { after }) });
      for (const { id, value } of page.items) this.#take(id, value);
      after = page.next;
    } while (after !== null);
  }

  /** A principal has this hash, from now on or still. */
  note(principal: string, hash: string): void {
    this.#change(principal, (kept) => withHash(kept, hash, this.#history));
  }

  /** The password of this hash was taken. */
  noteUse(principal: string, hash: string): void {
    this.#change(principal, (kept) => withUse(kept, hash));
  }

  /** Whether the password of this hash was found to be new, or was there before anybody looked. */
  isKnownGood(principal: string, hash: string): boolean {
    const present = this.#kept.get(principal)?.[0];
    return present?.hash === hash && present.isUsed;
  }

  /** Hashes before this one, newest first. */
  before(principal: string, hash: string): readonly string[] {
    return formerHashes(this.#kept.get(principal) ?? [], hash, this.#history);
  }

  forget(principal: string): void {
    if (this.#kept.delete(principal)) this.#save(principal);
  }

  /** Forgets all others. */
  retain(principals: readonly string[]): void {
    const there = new Set(principals);
    for (const id of this.#kept.keys()) if (!there.has(id)) this.forget(id);
  }

  /** Resolves when the store has what was noted so far, or has failed to take it. */
  async settled(): Promise<void> {
    await this.#saving;
  }

  #change(principal: string, next: (kept: readonly KeptHash[]) => readonly KeptHash[]): void {
    const kept = this.#kept.get(principal) ?? [];
    const changed = next(kept);
    if (changed === kept) return;
    this.#kept.set(principal, changed);
    this.#save(principal);
  }

  #save(principal: string): void {
    this.#unsaved.add(principal);
    this.#saving ??= this.#saveAll();
  }

  /** What the store does not take is tried again with the next change. */
  async #saveAll(): Promise<void> {
    // What is noted in one turn goes together.
    await Promise.resolve();
    let ids: readonly string[] = [];
    try {
      while (this.#unsaved.size > 0) {
        ids = [...this.#unsaved].slice(0, PAGE);
        for (const id of ids) this.#unsaved.delete(id);
        await this.#deps.store.commit({ writes: ids.map((id) => this.#write(id)) });
      }
    } catch (error) {
      for (const id of ids) this.#unsaved.add(id);
      const code = isRoundhouseError(error) ? error.code : 'INTERNAL';
      this.#deps.log.error('former passwords could not be kept', { code, reason: String(error) });
    }
    this.#saving = undefined;
  }

  #write(id: string): Write {
    const kept = this.#kept.get(id);
    if (kept === undefined) return { op: 'delete', kind: KIND, id, expect: 'any' };
    const { sealer } = this.#deps;
    const hashes = kept.map(({ hash, isUsed }) => ({ sealed: sealer.seal(hash, contextOf(id)), is_used: isUsed }));
    return { op: 'put', kind: KIND, id, value: { hashes }, expect: 'any' };
  }

  #take(id: string, value: JsonObject): void {
    const { sealer, log } = this.#deps;
    try {
      const { hashes } = value as unknown as { hashes: ReadonlyArray<{ sealed: string; is_used: boolean }> };
      this.#kept.set(
        id,
        hashes.map(({ sealed, is_used: isUsed }) => ({ hash: sealer.open(sealed, contextOf(id)), isUsed })),
      );
    } catch (error) {
      log.error('former passwords that are kept could not be read', { principal: id, reason: String(error) });
    }
  }
}

/** A text that is moved to another principal does not open. */
function contextOf(id: string): string {
  return `${KIND}/${id}`;
}
