import type { HistoryPage } from './history.ts';
import type { MetricValues } from './registry.ts';

/** The present values as a JSON document; `takenAt` in ms since 1970. */
export function valuesAsJson(metrics: readonly MetricValues[], takenAt: number): string {
  return JSON.stringify({ taken_at: rfc3339(takenAt), metrics });
}

/** The present values as CSV: `metric,type,series,labels,value`, the labels as in the text of Prometheus. */
export function valuesAsCsv(metrics: readonly MetricValues[]): string {
  const rows = metrics.flatMap(({ name, type, series }) =>
    series.map((each) => [name, type, each.name, labelText(each.labels), String(each.value)]),
  );
  return csv([['metric', 'type', 'series', 'labels', 'value'], ...rows]);
}

export function historyAsJson({ stepMs, times, series }: HistoryPage): string {
  return JSON.stringify({ step_ms: stepMs, times: times.map(rfc3339), series });
}

/** One row a point: `time`, then a column a series; empty where nothing was measured. */
export function historyAsCsv({ times, series }: HistoryPage): string {
  const head = ['time', ...series.map(({ name, unit }) => `${name} (${unit})`)];
  const rows = times.map((time, at) => [rfc3339(time), ...series.map(({ values }) => String(values[at] ?? ''))]);
  return csv([head, ...rows]);
}

function rfc3339(at: number): string {
  return new Date(at).toISOString();
}

function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',');
}

/** RFC 4180. */
function csv(rows: ReadonlyArray<readonly string[]>): string {
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
