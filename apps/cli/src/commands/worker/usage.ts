import type { WorkerLimitStatus, WorkerUsage, WorkerUsageSample } from '@roundhouse/api';
import { systemClock } from '@roundhouse/core';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { momentBefore, parseCount } from '../../arguments.ts';
import type { Io } from '../../io.ts';
import { table, writeJson } from '../../render.ts';
import { explained } from '../../worker/evidence.ts';
import { bytesText, percentText, spanText } from '../../worker/figures.ts';
import { LIMITS_HEAD, limitCells } from '../../worker/limits.ts';
import { withInstanceOption } from '../../worker/options.ts';

interface UsageOptions extends ApiOptions {
  readonly instance?: number;
  readonly since?: string;
  readonly last: number;
}

/** Samples shown of each instance where the command line says nothing. */
const LAST = 10;

const SAMPLE_HEAD = ['AT', 'INSTANCE', 'CPU%', 'CPU TIME', 'MEM', 'SWAP', 'PROCS', 'FILES', 'CONNS', 'READ', 'WRITTEN'];

export function usageCommand(io: Io): Command {
  const command = new Command('usage')
    .description('show what a worker takes and has taken, and how its limits stand')
    .argument('<id>', 'its id')
    .option('--since <time>', 'samples from then on, like 30m or 2026-01-31T12:00:00Z')
    .option('--last <n>', 'only so many samples of each instance', parseCount, LAST);
  return withApiOptions(withInstanceOption(command)).action(
    async (id: string, { instance, since, last, ...options }: UsageOptions) => {
      const query = {
        ...(instance === undefined ? {} : { instance }),
        ...(since === undefined ? {} : { since: momentBefore((io.clock ?? systemClock).now(), since) }),
      };
      using client = await connect(options, io);
      const usage = await explained(client, id, io, () => client.workers.usage(id, query));
      if (options.json === true) writeJson(io.stdout, usage);
      else io.stdout.write(report(usage, last));
    },
  );
}

function report({ instances }: WorkerUsage, last: number): string {
  const samples = instances.flatMap(({ instance, history, now }) =>
    [...(last === 0 ? [] : history.slice(-last)), ...(now === null ? [] : [now])].map((sample) =>
      sampleCells(instance, sample),
    ),
  );
  const limits = instances.flatMap((each) => each.limits.map((limit) => rowOf(each.instance, limit)));
  const parts = [
    samples.length === 0 ? 'Nothing has been measured yet.\n' : table(SAMPLE_HEAD, samples),
    ...(limits.length === 0 ? [] : [table(['INSTANCE', ...LIMITS_HEAD], limits)]),
  ];
  return parts.join('\n');
}

function rowOf(instance: number, limit: WorkerLimitStatus): string[] {
  return [String(instance), ...limitCells(limit)];
}

function sampleCells(instance: number, sample: WorkerUsageSample): string[] {
  const orDash = (value: number | null, text: (value: number) => string): string =>
    value === null ? '-' : text(value);
  return [
    sample.at,
    String(instance),
    orDash(sample.cpu_percent, percentText),
    spanText(sample.cpu_time_ms),
    bytesText(sample.rss_bytes),
    bytesText(sample.swap_bytes),
    String(sample.processes),
    orDash(sample.file_descriptors, String),
    orDash(sample.connections, String),
    orDash(sample.read_bytes, bytesText),
    orDash(sample.write_bytes, bytesText),
  ];
}
