import { type Clock, isRoundhouseError } from '@roundhouse/core';
import { createRuntime, type NetRuntime } from '@roundhouse/net';
import { table } from '../render.ts';

interface PhaseTime {
  readonly name: string;
  readonly ok: boolean;
  readonly elapsed_ms: number;
  readonly code: string | null;
}

/** What a command goes through, one after the other, and how long each took. */
export class Phases {
  readonly #clock: Clock;
  readonly #all: PhaseTime[] = [];
  #current: { readonly name: string; readonly since: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Those that are over, in their order. */
  get all(): readonly PhaseTime[] {
    return this.#all;
  }

  /** The one before has done what it should; this one begins. */
  readonly enter = (name: string): void => {
    if (this.#current?.name === name) return;
    this.end();
    this.#current = { name, since: this.#clock.monotonic() };
  };

  /** The present one is over; with an error it has failed. */
  end(error?: unknown): void {
    if (this.#current === undefined) return;
    const { name, since } = this.#current;
    this.#current = undefined;
    const ms = this.#clock.monotonic() - since;
    const code = error === undefined ? null : isRoundhouseError(error) ? error.code : 'INTERNAL';
    // Microseconds are as fine as it gets.
    this.#all.push({ name, ok: code === null, elapsed_ms: Math.round(ms * 1_000) / 1_000, code });
  }

  table(): string {
    const rows = this.#all.map(({ name, elapsed_ms: ms, code }) => [name, `${ms.toFixed(1)} ms`, code ?? 'ok']);
    return table(['PHASE', 'TIME', 'OUTCOME'], rows);
  }
}

/** A runtime whose connections enter their phases; `then` is what follows when one stands. */
export function withPhases(phases: Phases, then: string): NetRuntime {
  const runtime = createRuntime();
  const { dialer } = runtime;
  return {
    ...runtime,
    dialer: {
      name: dialer.name,
      async dial(target, scope) {
        const dialled = await dialer.dial(target, scope, { onPhase: phases.enter });
        phases.enter(then);
        return dialled;
      },
    },
  };
}
