import { hashText } from './affinity.ts';
import { type Candidates, EXCLUSION, STANDING } from './candidates.ts';

const FIRST_CAPACITY = 16;

/** The candidates of a group, with rows that come and go. Rows keep their order; those behind one that goes move up. */
export class CandidateTable implements Candidates {
  size = 0;
  ids: readonly string[] = [];
  hash = new Uint32Array(FIRST_CAPACITY);
  weight = new Float64Array(FIRST_CAPACITY);
  priority = new Uint8Array(FIRST_CAPACITY);
  standing = new Uint8Array(FIRST_CAPACITY);
  active = new Uint32Array(FIRST_CAPACITY);
  limit = new Float64Array(FIRST_CAPACITY);
  readyAt = new Float64Array(FIRST_CAPACITY);
  responseMs = new Float64Array(FIRST_CAPACITY);
  exclusion = new Uint8Array(FIRST_CAPACITY);

  /** Adds a row that nothing is known of yet, of weight 0, and returns its number. */
  append(id: string): number {
    if (this.size === this.hash.length) this.#grow();
    const row = this.size++;
    this.ids = [...this.ids, id];
    this.hash[row] = hashText(id);
    this.weight[row] = 0;
    this.priority[row] = 0;
    this.standing[row] = STANDING.Unknown;
    this.active[row] = 0;
    this.limit[row] = Infinity;
    this.readyAt[row] = -Infinity;
    this.responseMs[row] = Number.NaN;
    this.exclusion[row] = EXCLUSION.None;
    return row;
  }

  removeRow(row: number): void {
    for (const column of this.#columns()) column.copyWithin(row, row + 1, this.size);
    this.ids = this.ids.filter((_, index) => index !== row);
    this.size--;
  }

  #columns(): ReadonlyArray<Float64Array | Uint32Array | Uint8Array> {
    const { hash, weight, priority, standing, active, limit, readyAt, responseMs, exclusion } = this;
    return [hash, weight, priority, standing, active, limit, readyAt, responseMs, exclusion];
  }

  #grow(): void {
    const capacity = this.hash.length * 2;
    this.hash = longer(this.hash, new Uint32Array(capacity));
    this.weight = longer(this.weight, new Float64Array(capacity));
    this.priority = longer(this.priority, new Uint8Array(capacity));
    this.standing = longer(this.standing, new Uint8Array(capacity));
    this.active = longer(this.active, new Uint32Array(capacity));
    this.limit = longer(this.limit, new Float64Array(capacity));
    this.readyAt = longer(this.readyAt, new Float64Array(capacity));
    this.responseMs = longer(this.responseMs, new Float64Array(capacity));
    this.exclusion = longer(this.exclusion, new Uint8Array(capacity));
  }
}

function longer<Column extends Float64Array | Uint32Array | Uint8Array>(column: Column, room: Column): Column {
  room.set(column);
  return room;
}
