/** How long one operation takes. */
export interface OperationTimes {
  /** E.g. `GET /api/v1/sessions/:id`. */
  readonly operation: string;
  readonly count: number;
  readonly mean_ms: number;
  /** Upper bound of the class that the 99th percentile falls into: at most a fifth too high. */
  readonly p99_ms: number;
  readonly max_ms: number;
}

interface Times {
  count: number;
  sum: number;
  max: number;
  readonly classes: Uint32Array;
}

const MAX_OPERATIONS = 200;
const OTHER = 'other';
/** Classes grow by a fifth: 0.1 ms, 0.12 ms, … beyond 100 s. */
const FIRST_MS = 0.1;
const GROWTH = Math.log(1.2);
const CLASSES = 80;

/** Which operations take longest since the start. Memory is bounded: operations without room are `other`. */
export class SlowestOperations {
  readonly #operations = new Map<string, Times>();

  observe(operation: string, elapsedMs: number): void {
    const times = this.#operations.get(operation) ?? this.#begin(operation);
    times.count++;
    times.sum += elapsedMs;
    if (elapsedMs > times.max) times.max = elapsedMs;
    const at = classOf(elapsedMs);
    times.classes[at] = (times.classes[at] as number) + 1;
  }

  /** The slowest first. `limit` 1 … 200. */
  top(limit: number, by: 'p99_ms' | 'max_ms' = 'p99_ms'): readonly OperationTimes[] {
    const all = [...this.#operations].map(([operation, times]) => ({
      operation,
      count: times.count,
      mean_ms: times.sum / times.count,
      p99_ms: Math.min(percentile(times), times.max),
      max_ms: times.max,
    }));
    return all.toSorted((a, b) => b[by] - a[by]).slice(0, limit);
  }

  #begin(operation: string): Times {
    const name = this.#operations.size < MAX_OPERATIONS - 1 ? operation : OTHER;
    let times = this.#operations.get(name);
    if (times === undefined) {
      times = { count: 0, sum: 0, max: 0, classes: new Uint32Array(CLASSES) };
      this.#operations.set(name, times);
    }
    return times;
  }
}

function classOf(elapsedMs: number): number {
  if (elapsedMs <= FIRST_MS) return 0;
  return Math.min(CLASSES - 1, Math.ceil(Math.log(elapsedMs / FIRST_MS) / GROWTH));
}

function percentile({ classes, count }: Times): number {
  let left = Math.ceil(count * 0.01);
  for (let at = CLASSES - 1; at > 0; at--) {
    left -= classes[at] as number;
    // The last class has no upper bound but the largest value.
    if (left <= 0) return at === CLASSES - 1 ? Infinity : FIRST_MS * Math.exp(at * GROWTH);
  }
  return FIRST_MS;
}
