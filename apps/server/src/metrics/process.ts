import { getHeapStatistics } from 'node:v8';
import type { Clock } from '@roundhouse/core';
import { maxDescriptors, openDescriptors } from '../limit/descriptors.ts';
import { residentMemory } from '../limit/residentMemory.ts';
import type { MetricRegistry, Sample } from './registry.ts';

const US_PER_SECOND = 1e6;
const MS_PER_SECOND = 1e3;

/** What the process takes from the machine. */
export function registerProcess(registry: MetricRegistry, clock: Clock, version: string): void {
  const startedAt = clock.now() / MS_PER_SECOND - process.uptime();
  const gauge = (name: string, help: string, read: () => number): void =>
    registry.mirror('gauge', name, help, { read: () => known(read()) });

  gauge('roundhouse_process_resident_memory_bytes', 'Resident memory of the process.', residentMemory);
  gauge('roundhouse_process_heap_used_bytes', 'Used heap of the process.', () => getHeapStatistics().used_heap_size);
  gauge(
    'roundhouse_process_heap_size_bytes',
    'Heap of the process, the unused part included.',
    () => getHeapStatistics().total_heap_size,
  );
  gauge(
    'roundhouse_process_external_memory_bytes',
    'Memory of the process outside of the heap.',
    () => getHeapStatistics().external_memory,
  );
  gauge('roundhouse_process_start_time_seconds', 'When the process began, since 1970.', () => startedAt);
  gauge('roundhouse_process_open_fds', 'Open descriptors of the process.', openDescriptors);
  gauge('roundhouse_process_max_fds', 'Descriptors that the process may open.', maxDescriptors);
  registry.mirror('gauge', 'roundhouse_process_resources', 'What keeps the event loop alive, by type.', {
    labels: ['type'],
    maxSeries: 50,
    read: () => process.getActiveResourcesInfo().map((type) => ({ labels: { type }, value: 1 })),
  });
  registry.mirror('counter', 'roundhouse_process_cpu_seconds_total', 'Processor time of the process, by mode.', {
    labels: ['mode'],
    read() {
      const { user, system } = process.cpuUsage();
      return [
        { labels: { mode: 'user' }, value: user / US_PER_SECOND },
        { labels: { mode: 'system' }, value: system / US_PER_SECOND },
      ];
    },
  });
  registry.mirror('gauge', 'roundhouse_build_info', 'Version of the product and of its runtime; always 1.', {
    labels: ['version', 'node'],
    read: () => [{ labels: { version, node: process.versions.node }, value: 1 }],
  });
}

/** Nothing where the system does not say, or knows no limit. */
function known(value: number): readonly Sample[] {
  return Number.isFinite(value) ? [{ value }] : [];
}
