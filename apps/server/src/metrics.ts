import type { Gateway } from '@roundhouse/sessions';

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
  const failovers = new Value(
    'roundhouse_session_failovers_total',
    'counter',
    'Sessions that lost their host, by outcome.',
  );
  const migrations = new Value(
    'roundhouse_session_migrations_total',
    'counter',
    'Sessions that were moved while their host was there.',
  );
  const indeterminateInputs = new Value(
    'roundhouse_session_indeterminate_inputs_total',
    'counter',
    'Inputs that a host had not answered when it was left.',
  );
  const healthChanges = new Value(
    'roundhouse_endpoint_health_changes_total',
    'counter',
    'Changes of the health of endpoints, by new status.',
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
    failovers,
    migrations,
    indeterminateInputs,
    healthChanges,
    inputs,
    screenReads,
    requests,
    residentMemory,
    heapUsed,
  ];
  for (const counter of [sessionsCreated, sessionsClosed, migrations, indeterminateInputs]) counter.add(0);

  return {
    inputs,
    screenReads,
    requests,
    /** Counts what the gateway tells. */
    follow(events: Gateway['events']): void {
      events.watch(({ type, data }) => {
        if (type === 'roundhouse.session.created') sessionsCreated.add(1);
        else if (type === 'roundhouse.session.closed') sessionsClosed.add(1);
        else if (type === 'roundhouse.session.error') sessionsFailed.add(1, { code: String(data['code']) });
        else if (type === 'roundhouse.session.replaced') failovers.add(1, { outcome: 'replaced' });
        else if (type === 'roundhouse.operation.failed' && data['kind'] === 'failover')
          failovers.add(1, { outcome: 'failed' });
        else if (type === 'roundhouse.session.migrated') migrations.add(1);
        else if (type === 'roundhouse.session.input_indeterminate') indeterminateInputs.add(1);
        else if (type === 'roundhouse.endpoint.health_changed') healthChanges.add(1, { to: String(data['to']) });
      });
    },
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
