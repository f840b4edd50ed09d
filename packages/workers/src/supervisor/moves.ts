import { reasonOf, SHOWN_STATES, type InstanceState } from '../instance/state.ts';
import type { Move } from './contract.ts';

const KEPT_MOVES = 64;

/** The latest moves of an instance, as they are shown. */
export class Moves {
  readonly #moves: Move[] = [];

  /** Oldest first. */
  get all(): readonly Move[] {
    return this.#moves;
  }

  /** Undefined for a move that nobody sees. */
  add(from: InstanceState, to: InstanceState, at: number): Move | undefined {
    const move = { at, from: SHOWN_STATES[from.kind], to: SHOWN_STATES[to.kind], reason: reasonOf(to) };
    if (move.from === move.to && reasonOf(from) === move.reason) return undefined;
    this.#moves.push(move);
    if (this.#moves.length > KEPT_MOVES) this.#moves.shift();
    return move;
  }
}
