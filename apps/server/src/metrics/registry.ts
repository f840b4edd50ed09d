import {
  Counter as ClientCounter,
  Gauge as ClientGauge,
  Histogram as ClientHistogram,
  Registry,
} from '@prometheus-io/client';
import { type Labels, LabelSets } from './labels.ts';

/** A value that only grows. */
export interface Counter {
  add(amount: number, labels?: Labels): void;
}

/** How values are distributed. */
export interface Histogram {
  observe(value: number, labels?: Labels): void;
  /** As `observe`, at the least cost: `labels` is asked once for a `key`, which has to say the same. */
  observeAs(value: number, key: string, labels: () => Labels): void;
}

/** One series at the moment of reading. */
export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

interface MetricOptions {
  readonly labels?: readonly string[];
  /** Series that there is room for; see `LabelSets`. */
  readonly maxSeries?: number;
}

interface HistogramOptions extends MetricOptions {
  /** Upper bounds, ascending. */
  readonly bounds: readonly number[];
}

/** Series of one metric as they are now, without the rendering. */
export interface MetricValues {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly series: ReadonlyArray<{ readonly name: string; readonly labels: Labels; readonly value: number }>;
}

/** All metrics of a process. Each has a bound on its series, and none can break the reading of the others. */
export class MetricRegistry {
  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #registry = new Registry();
  readonly #labelSets = new Map<string, LabelSets>();
  readonly #failures = new Map<string, number>();

  constructor() {
    this.mirror('counter', 'roundhouse_metrics_overflow_total', 'Values that went to the series "other", by metric.', {
      labels: ['metric'],
      read: () => [...this.#labelSets].map(([metric, { refused }]) => ({ labels: { metric }, value: refused })),
    });
    this.mirror('counter', 'roundhouse_metrics_read_failures_total', 'Metrics that could not be read, by metric.', {
      labels: ['metric'],
      read: () => [...this.#failures].map(([metric, value]) => ({ labels: { metric }, value })),
    });
  }

  counter(name: string, help: string, { labels: labelNames = [], maxSeries }: MetricOptions = {}): Counter {
    const counter = new ClientCounter<string>({ name, help, labelNames, registers: [this.#registry] });
    const sets = this.#setsOf(name, labelNames, maxSeries);
    return {
      add(amount, labels) {
        if (labels === undefined) counter.inc(amount);
        else counter.inc(sets.admit(labels), amount);
      },
    };
  }

  histogram(name: string, help: string, { labels: labelNames = [], maxSeries, bounds }: HistogramOptions): Histogram {
    const buckets = [...bounds];
    const histogram = new ClientHistogram<string>({ name, help, labelNames, buckets, registers: [this.#registry] });
    const sets = this.#setsOf(name, labelNames, maxSeries);
    return {
      observe(value, labels) {
        if (labels === undefined) histogram.observe(value);
        else histogram.observe(sets.admit(labels), value);
      },
      observeAs(value, key, labels) {
        histogram.observe(sets.admitAs(key, labels), value);
      },
    };
  }

  /** A gauge or counter that is kept elsewhere, and read when someone asks. */
  mirror(
    type: 'gauge' | 'counter',
    name: string,
    help: string,
    { labels: labelNames = [], maxSeries, read }: MetricOptions & { readonly read: () => Iterable<Sample> },
  ): void {
    const sets = this.#setsOf(name, labelNames, maxSeries);
    const collect = (): void => {
      metric.reset();
      // Without labels a reset leaves a 0, which nobody has measured.
      if (labelNames.length === 0) metric.remove();
      sets.clear();
      try {
        // Added up: several series may have become `other`.
        for (const { labels = {}, value } of read()) metric.inc(sets.admit(labels), value);
      } catch {
        // One broken figure takes no other with it; that it is broken is a figure, too.
        this.#failures.set(name, (this.#failures.get(name) ?? 0) + 1);
      }
    };
    const options = { name, help, labelNames, registers: [this.#registry], collect };
    const metric = type === 'gauge' ? new ClientGauge<string>(options) : new ClientCounter<string>(options);
  }

  /** Names of all metrics, as in `# TYPE`. */
  names(): readonly string[] {
    return this.#registry.getMetricsAsArray().map(({ name }) => name);
  }

  /** The text that Prometheus reads, format 0.0.4. */
  render(): Promise<string> {
    return this.#registry.metrics();
  }

  async values(): Promise<readonly MetricValues[]> {
    const metrics = await this.#registry.getMetricsAsJSON();
    return metrics.map(({ name, type, help, values }) => ({
      name,
      type,
      help,
      series: values.map((each) => {
        const { metricName = name } = each as { metricName?: string };
        const labels = Object.entries(each.labels).map(([label, value]) => [label, String(value)]);
        return { name: metricName, labels: Object.fromEntries(labels) as Labels, value: each.value };
      }),
    }));
  }

  #setsOf(name: string, labels: readonly string[], maxSeries: number | undefined): LabelSets {
    const sets = new LabelSets(labels, maxSeries);
    if (labels.length > 0) this.#labelSets.set(name, sets);
    return sets;
  }
}
