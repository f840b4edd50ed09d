import type { WorkerResource } from '@roundhouse/api';
import { systemClock } from '@roundhouse/core';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { table, writeJson } from '../../render.ts';
import { allWorkers } from '../../worker/all.ts';
import { instanceRows, ROW_HEAD, rowCells, type WorkerRow, workerRow } from '../../worker/rows.ts';
import { isUp } from '../../worker/state.ts';

interface ListOptions extends ApiOptions {
  readonly group?: string;
  readonly instances?: boolean;
}

export function listCommand(io: Io): Command {
  const command = new Command('list')
    .description('list workers: how they stand and what they take')
    .option('--group <group>', 'only those of this group')
    .option('--instances', 'a line for each instance');
  return withApiOptions(command).action(async ({ group, instances, ...options }: ListOptions) => {
    using client = await connect(options, io);
    const items = await allWorkers(client, group);
    const nowMs = (io.clock ?? systemClock).now();
    if (options.json === true) writeJson(io.stdout, { items, next_cursor: null });
    else if (items.length === 0) io.stdout.write(noneText(group));
    else if (instances === true) {
      const rows = items.flatMap((worker) => instanceRows(worker, nowMs));
      io.stdout.write(
        table(
          [...ROW_HEAD, 'REASON'],
          rows.map((row) => [...rowCells(row), row.reason]),
        ),
      );
    } else
      io.stdout.write(
        table(
          ['NAME', 'UP', ...ROW_HEAD.slice(1), 'REASON'],
          items.map((each) => cells(each, nowMs)),
        ),
      );
  });
}

function cells(worker: WorkerResource, nowMs: number): string[] {
  const row: WorkerRow = workerRow(worker, nowMs);
  const [name = '', ...rest] = rowCells(row);
  return [name, `${worker.instances.filter(isUp).length}/${worker.replicas}`, ...rest, row.reason];
}

function noneText(group: string | undefined): string {
  return group === undefined
    ? 'There are no workers. "roundhouse apply -f FILE" adds those of a file, and "roundhouse worker import" makes one.\n'
    : 'No worker is in this group. "roundhouse worker group list" shows the groups.\n';
}
