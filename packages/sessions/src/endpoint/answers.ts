import type { Scope } from '@roundhouse/core';
import { type Probe, resolveEndpoint } from '@roundhouse/traffic';
import type { SessionTarget } from '../session/target.ts';

/** How a host is looked at. */
export interface Look {
  readonly probe: Probe<SessionTarget>;
  readonly timeoutMs: number;
}

type Asker = (doesAnswer: boolean) => void;

/** The askers of one host. */
interface Inquiry {
  /** Those whom the look under way is for. */
  asking: Set<Asker>;
  /** Those who came since it began. */
  waiting: Set<Asker>;
  life: Scope | undefined;
}

/**
 * Whether hosts answer, for sessions that their host has hung up on: thousands at once when it goes down, or when
 * everybody logs off. There is one look at a host at a time, and each asker is told of one that began after they asked:
 * an earlier one may have seen the host in its last moment. Only that it does not answer is told to those as well who
 * came meanwhile: their own look would find the same.
 */
export class Answers {
  readonly #lookOf: (target: SessionTarget) => Look;
  readonly #scope: Scope;
  readonly #inquiries = new Map<SessionTarget, Inquiry>();

  /** `scope`: the life of all looks. */
  constructor(lookOf: (target: SessionTarget) => Look, scope: Scope) {
    this.#lookOf = lookOf;
    this.#scope = scope;
  }

  /** False too when the scope ends first; a look ends with the last who wants to know. */
  ask(target: SessionTarget, scope: Scope): Promise<boolean> {
    if (scope.signal.aborted) return Promise.resolve(false);
    const known = this.#inquiries.get(target);
    const inquiry = known ?? { asking: new Set(), waiting: new Set(), life: undefined };
    const answer = new Promise<boolean>((resolve) => {
      const asker: Asker = (doesAnswer) => {
        leaveScope();
        resolve(doesAnswer);
      };
      inquiry.waiting.add(asker);
      const leaveScope = scope.onEnd(() => {
        inquiry.asking.delete(asker);
        inquiry.waiting.delete(asker);
        if (inquiry.asking.size + inquiry.waiting.size === 0) inquiry.life?.end();
        resolve(false);
      });
    });
    if (known === undefined) {
      this.#inquiries.set(target, inquiry);
      void this.#inquire(target, inquiry);
    }
    return answer;
  }

  async #inquire(target: SessionTarget, inquiry: Inquiry): Promise<void> {
    const endpoint = resolveEndpoint({ id: target.endpoint ?? 'host', target });
    while (inquiry.waiting.size > 0) {
      inquiry.asking = inquiry.waiting;
      inquiry.waiting = new Set();
      const { probe, timeoutMs } = this.#lookOf(target);
      using life = this.#scope.child({ what: 'The probe', timeoutMs });
      inquiry.life = life;
      let doesAnswer = false;
      try {
        doesAnswer = (await life.race(probe.check(endpoint, life))).outcome !== 'failed';
      } catch {
        // In its time it has said nothing.
      }
      // One that nobody wanted any more was ended, which says nothing of the host.
      const isFinding = inquiry.asking.size > 0;
      for (const asker of inquiry.asking) asker(doesAnswer);
      if (doesAnswer || !isFinding) continue;
      for (const asker of inquiry.waiting) asker(false);
      inquiry.waiting.clear();
    }
    this.#inquiries.delete(target);
  }
}
