import type { Scope } from '@roundhouse/core';
import type { Member } from './member.ts';

export interface ReplicasDependencies {
  readonly open: (number: number) => Promise<Member>;
  /** It is there, and has its number. */
  readonly onOpened: (member: Member) => void;
  readonly onTrouble: (what: string, error: unknown) => void;
  readonly scope: Scope;
}

/** An instance that could not be ended is tried again after so long, ms. */
const RETRY_MS = 5_000;

/** As many instances of a worker as there are to be. A number is free again when all is gone of the one that had it. */
export class Replicas {
  readonly #deps: ReplicasDependencies;
  readonly #members = new Map<number, Member>();
  /** By number. They never reject. */
  readonly #opening = new Map<number, Promise<void>>();
  readonly #leaving = new Map<number, Promise<void>>();
  #wanted = 0;

  constructor(deps: ReplicasDependencies) {
    this.#deps = deps;
  }

  /** By number. */
  get members(): readonly Member[] {
    return [...this.#members.values()].sort((a, b) => a.id.number - b.id.number);
  }

  find(number: number): Member | undefined {
    return this.#members.get(number);
  }

  /** Resolves when those are there whose numbers are free; the others come when they are. */
  async resize(count: number): Promise<void> {
    this.#wanted = count;
    for (const [number, member] of this.#members) if (number >= count) this.#retire(number, member);
    for (let number = 0; number < count; number++) this.#fill(number);
    await Promise.all(this.#opening.values());
  }

  /** Resolves when none is on its way, in or out. */
  async settled(): Promise<void> {
    while (this.#opening.size > 0 || this.#leaving.size > 0) {
      await Promise.all([...this.#opening.values(), ...this.#leaving.values()]);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.members.map((member) => member.close()));
  }

  /** Opens an instance of this number, where there is to be one and the number is free. */
  #fill(number: number): void {
    const { scope, open, onOpened, onTrouble } = this.#deps;
    const isFree = !this.#members.has(number) && !this.#leaving.has(number) && !this.#opening.has(number);
    if (!isFree || number >= this.#wanted || scope.signal.aborted) return;
    const opening = async (): Promise<void> => {
      try {
        const member = await open(number);
        if (number < this.#wanted) {
          this.#members.set(number, member);
          onOpened(member);
        } else this.#retire(number, member);
      } catch (error) {
        onTrouble('an instance could not be made', error);
      } finally {
        this.#opening.delete(number);
      }
    };
    this.#opening.set(number, opening());
  }

  #retire(number: number, member: Member): void {
    const { scope, onTrouble } = this.#deps;
    this.#members.delete(number);
    const leaving = async (): Promise<void> => {
      while (!scope.signal.aborted) {
        try {
          await member.retire(scope);
          break;
        } catch (error) {
          onTrouble('an instance could not be ended', error);
          await scope.sleep(RETRY_MS).catch(() => {});
        }
      }
      this.#leaving.delete(number);
      this.#fill(number);
    };
    this.#leaving.set(number, leaving());
  }
}
