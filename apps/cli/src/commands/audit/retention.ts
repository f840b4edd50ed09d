import type { AuditRetention } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { EXIT } from '../../exit.ts';
import type { VerdictIo } from '../../io.ts';
import { cellText, table, writeJson } from '../../render.ts';

export function retentionCommand(io: VerdictIo): Command {
  return new Command('retention')
    .description('how long records are kept: what would be archived, erased and removed, and do it')
    .addCommand(planCommand(io))
    .addCommand(runCommand(io));
}

function planCommand(io: VerdictIo): Command {
  const command = new Command('plan').description('show what would be done with each segment and archive, and why');
  return withApiOptions(command).action(async (options: ApiOptions) => {
    using client = await connect(options, io);
    show(await client.audit.retention(), options, io);
  });
}

function runCommand(io: VerdictIo): Command {
  const command = new Command('run').description(
    'archive, erase and remove what is due; exit status 8 when some of it failed',
  );
  return withApiOptions(command)
    .addHelpText('after', '\nWhat is removed does not come back: see "roundhouse audit retention plan" first.\n')
    .action(async (options: ApiOptions) => {
      using client = await connect(options, io);
      const report = await client.audit.runRetention();
      show(report, options, io);
      if (report.steps.some(({ outcome }) => outcome === 'failed')) io.conclude(EXIT.Findings);
    });
}

function show(report: AuditRetention, options: ApiOptions, io: VerdictIo): void {
  if (options.json === true) return writeJson(io.stdout, report);
  const rows = report.steps.map(
    ({ kind, segment, action, reason, from, to, records, due, holds, outcome, failure }) => [
      kind,
      String(segment),
      action,
      holds.length === 0 ? reason : `${reason} (${holds.join(', ')})`,
      cellText(records),
      cellText(from),
      cellText(to),
      due ?? (reason === 'kept_for_ever' ? 'never' : '-'),
      failure ?? cellText(outcome),
    ],
  );
  const head = ['KIND', 'SEGMENT', 'ACTION', 'REASON', 'RECORDS', 'FROM', 'TO', 'DUE', 'OUTCOME'];
  io.stdout.write(table(head, rows));
}
