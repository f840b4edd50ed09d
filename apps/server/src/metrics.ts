type Labels = Readonly<Record<string, string>>;

/** A family of time series that writes itself in the Prometheus text format 0.0.4. */
interface Metric {
  write(lines: string[]): void;
}

/** A number for each set of labels: a counter only grows, a gauge moves both ways. */
class Value implements Metric {
  readonly #head: readonly string[];
  readonly #name: string;
  readonly #values = new Map<string, number>();

  constructor(name: string, type: 'counter' | 'gauge', help: string) {
    this.#name = name;
    this.#head = head(name, type, help);
  }

  add(amount: number, labels: Labels = {}): void {
    const key = labelText(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + amount);
  }

  set(value: number, labels: Labels = {}): void {
    this.#values.set(labelText(labels), value);
  }

  write(lines: string[]): void {
    lines.push(...this.#head);
    for (const [labels, value] of this.#values) lines.push(`${this.#name}${labels} ${value}`);
  }
}

class Histogram implements Metric {
  readonly #head: readonly string[];
  readonly #name: string;
  /** Upper bounds, ascending. */
  readonly #bounds: readonly number[];
  readonly #series = new Map<
    string,
    { readonly labels: Labels; readonly counts: number[]; sum: number; count: number }
  >();

  constructor(name: string, help: string, bounds: readonly number[]) {
    this.#name = name;
    this.#head = head(name, 'histogram', help);
    this.#bounds = bounds;
  }

  observe(value: number, key: string, labels: () => Labels): void {
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { labels: labels(), counts: this.#bounds.map(() => 0), sum: 0, count: 0 };
      this.#series.set(key, series);
    }
    series.sum += value;
    series.count++;
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) series.counts[bucket] = (series.counts[bucket] as number) + 1;
  }

  write(lines: string[]): void {
    lines.push(...this.#head);
    for (const { labels, counts, sum, count } of this.#series.values()) {
      let cumulative = 0;
      this.#bounds.forEach((bound, index) => {
        cumulative += counts[index] as number;
        lines.push(`${this.#name}_bucket${labelText({ ...labels, le: String(bound) })} ${cumulative}`);
      });
      lines.push(`${this.#name}_bucket${labelText({ ...labels, le: '+Inf' })} ${count}`);
      lines.push(`${this.#name}_sum${labelText(labels)} ${sum}`);
      lines.push(`${this.#name}_count${labelText(labels)} ${count}`);
    }
  }
}

/** Seconds. */
const DURATION_BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export type Metrics = ReturnType<typeof createMetrics>;

/** The figures of one server. Session ids are never labels: their number has no bound. */
export function createMetrics() {
  const sessions = new Value('roundhouse_sessions', 'gauge', 'Sessions by state.');
  const sessionsCreated = new Value('roundhouse_sessions_created_total', 'counter', 'Sessions that were asked for.');
  const sessionsClosed = new Value(
    'roundhouse_sessions_closed_total',
    'counter',
    'Sessions that ended without a fault.',
  );
  const sessionsFailed = new Value(
    'roundhouse_sessions_failed_total',
    'counter',
    'Sessions that ended by a fault, by code.',
  );
  const inputs = new Value(
    'roundhouse_session_inputs_total',
    'counter',
    'Inputs by outcome: ok, or the code of the fault.',
  );
  const screenReads = new Value('roundhouse_screen_reads_total', 'counter', 'Screens read, by format.');
  const requests = new Histogram(
    'roundhouse_http_request_duration_seconds',
    'Time from the head of a request to the end of its answer.',
    DURATION_BOUNDS,
  );
  const residentMemory = new Value(
    'roundhouse_process_resident_memory_bytes',
    'gauge',
    'Resident memory of the process.',
  );
  const heapUsed = new Value('roundhouse_process_heap_used_bytes', 'gauge', 'Used heap of the process.');
  const all: readonly Metric[] = [
    sessions,
    sessionsCreated,
    sessionsClosed,
    sessionsFailed,
    inputs,
    screenReads,
    requests,
    residentMemory,
    heapUsed,
  ];
  for (const counter of [sessionsCreated, sessionsClosed]) counter.add(0);

  return {
    sessionsCreated,
    sessionsClosed,
    sessionsFailed,
    inputs,
    screenReads,
    requests,
    /** The text that Prometheus reads, with the present number of sessions in each state. */
    render(sessionsByState: Readonly<Record<string, number>>): string {
      for (const [state, count] of Object.entries(sessionsByState)) sessions.set(count, { state });
      const memory = process.memoryUsage();
      residentMemory.set(memory.rss);
      heapUsed.set(memory.heapUsed);
      const lines: string[] = [];
      for (const metric of all) metric.write(lines);
      return `${lines.join('\n')}\n`;
    },
  };
}

function head(name: string, type: string, help: string): readonly string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
