import type { Choice, ChoiceBuffers } from './choose.ts';
import { explain, type Explanation } from './explain.ts';

/** A decision as it is shown. */
export interface Decision extends Explanation {
  readonly id: number;
  /** Wall clock, ms since 1970. */
  readonly at: number;
}

interface Slot {
  buffers: ChoiceBuffers;
  kept: { readonly id: number; readonly at: number; readonly choice: Choice; readonly ids: readonly string[] } | null;
}

/** The last decisions of a group, kept as they were calculated; they become words only when somebody asks. */
export class Decisions {
  readonly #slots: Slot[] = [];
  readonly #max: number;
  #rows = new Uint32Array(0);
  #nextId = 1;

  constructor(max: number) {
    this.#max = max;
  }

  /** Buffers of the next decision, for up to `size` rows. They are the same until `keep` is called. */
  buffers(size: number): ChoiceBuffers {
    const slot = this.#slot();
    if (slot.buffers.scores.length < size) slot.buffers = this.#room(size);
    slot.kept = null;
    return slot.buffers;
  }

  /** Keeps the choice made in `buffers`; returns its id. The oldest is forgotten. */
  keep(choice: Choice, ids: readonly string[], at: number): number {
    const id = this.#nextId;
    this.#slot().kept = { id, at, choice, ids };
    this.#nextId++;
    return id;
  }

  /** Undefined once it is forgotten. */
  explain(id: number): Decision | undefined {
    const kept = this.#slots[id % this.#max]?.kept;
    if (kept?.id !== id) return undefined;
    return { id, at: kept.at, ...explain(kept.choice, kept.ids) };
  }

  #slot(): Slot {
    const place = this.#nextId % this.#max;
    return (this.#slots[place] ??= { buffers: this.#room(0), kept: null });
  }

  #room(size: number): ChoiceBuffers {
    // Row numbers are of no use afterwards, so all share one array.
    if (this.#rows.length < size) this.#rows = new Uint32Array(size);
    return { rows: this.#rows, scores: new Float64Array(size), exclusions: new Uint8Array(size) };
  }
}
