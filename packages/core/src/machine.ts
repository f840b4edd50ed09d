import { coreError } from './errors.ts';

/** The moves that a lifecycle allows: for each state, the states that may follow. */
export type Transitions<S extends string> = Readonly<Record<S, readonly S[]>>;

/** A lifecycle held to its table; an illegal move raises ILLEGAL_TRANSITION and changes nothing. */
export class Machine<S extends string> {
  readonly #name: string;
  readonly #transitions: Transitions<S>;
  readonly #onMove: ((from: S, to: S) => void) | undefined;
  #state: S;

  constructor(name: string, transitions: Transitions<S>, initial: S, onMove?: (from: S, to: S) => void) {
    this.#name = name;
    this.#transitions = transitions;
    this.#state = initial;
    this.#onMove = onMove;
  }

  get state(): S {
    return this.#state;
  }

  /** A state without successors. */
  get isFinal(): boolean {
    return this.#transitions[this.#state].length === 0;
  }

  can(to: S): boolean {
    return this.#transitions[this.#state].includes(to);
  }

  move(to: S): void {
    const from = this.#state;
    if (!this.can(to)) {
      throw coreError('ILLEGAL_TRANSITION', { details: { machine: this.#name, from, to } });
    }
    this.#state = to;
    this.#onMove?.(from, to);
  }
}
