import type { AuditStatus } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { EXIT } from '../../exit.ts';
import type { VerdictIo } from '../../io.ts';
import { facts, writeJson } from '../../render.ts';

export function statusCommand(io: VerdictIo): Command {
  const command = new Command('status').description('show how the journal, its sinks and its index are');
  return withApiOptions(command)
    .addHelpText('after', '\nExits with 8 when something is wrong; standard error says what.\n')
    .action(async (options: ApiOptions) => {
      using client = await connect(options, io);
      const status = await client.audit.status();
      if (options.json === true) writeJson(io.stdout, status);
      else io.stdout.write(report(status));
      const faults = faultsOf(status);
      for (const fault of faults) io.stderr.write(`${fault}\n`);
      if (faults.length > 0) io.conclude(EXIT.Findings);
    });
}

function report({ journal: { sinks, ...journal }, index, protection }: AuditStatus): string {
  const each = Object.fromEntries(sinks.map(({ name, ...sink }) => [name, sink]));
  return facts({ ...journal, sinks: each, index, protection });
}

function faultsOf({ journal, index, protection }: AuditStatus): readonly string[] {
  const { damage, lost, sinks } = journal;
  const faults: string[] = [];
  if (journal.state !== 'writing')
    faults.push(`The journal is ${journal.state}: ${journal.reason ?? 'it is closing'}.`);
  if (damage !== undefined) faults.push(`Segment ${damage.segment} is damaged: ${damage.reason}.`);
  if (lost > 0) faults.push(`${lost} records were lost since it was opened.`);
  if (journal.checkpoint_failure !== undefined) faults.push(`No checkpoint is signed: ${journal.checkpoint_failure}.`);
  for (const { name, is_lagging: isLagging, failure } of sinks) {
    if (isLagging) faults.push(`Sink ${name} does not get checkpoints: ${failure ?? 'it is slow'}.`);
  }
  if (index?.state === 'failed') faults.push(`The index cannot go on: ${index.reason ?? 'it is not said why'}.`);
  if (index !== null && index.skipped > 0) faults.push(`${index.skipped} records cannot be read, nor found.`);
  const { attributes, object_lock: lock } = protection ?? {};
  if (attributes?.state === 'partly' || attributes?.state === 'refused') {
    const why = attributes.reason === undefined ? '' : `: ${attributes.reason}`;
    faults.push(`Of ${attributes.segments} segments ${attributes.locked} are locked with chattr${why}.`);
  }
  if (lock?.state === 'not_in_force') faults.push(`The bucket ${lock.bucket ?? ''} does not lock what it is sent.`);
  return faults;
}
