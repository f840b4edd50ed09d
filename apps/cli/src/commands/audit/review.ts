import type { AuditReview } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import type { Io } from '../../io.ts';
import { cellText, printable, table, writeJson } from '../../render.ts';

interface ReviewOptions extends ApiOptions {
  readonly access?: boolean;
  readonly list?: boolean;
  readonly note?: string;
}

export function reviewCommand(io: Io): Command {
  const command = new Command('review')
    .description('show what was found in the records, and put on record that you have reviewed it')
    .option('--list', 'show it, and review nothing')
    .option('--access', 'review accounts, keys and rights in place of the records')
    .option('--note <text>', 'what came of it, kept with the record');
  return withApiOptions(command)
    .addHelpText(
      'after',
      '\nA review acknowledges the findings that it shows. See "principal list", "role list" and "api-key list" before\n' +
        'you say with --access that they are right.\n',
    )
    .action(async ({ access, list, note, ...options }: ReviewOptions) => {
      using client = await connect(options, io);
      const seen = await client.audit.review();
      const isRecords = access !== true;
      const given =
        list === true
          ? seen
          : await client.audit.giveReview({
              of: isRecords ? 'records' : 'access',
              // What comes meanwhile was not seen.
              ...(isRecords && seen.next_seq > 0 && { up_to: seen.next_seq - 1 }),
              ...(note !== undefined && { note }),
            });
      if (options.json === true) return writeJson(io.stdout, given);
      if (isRecords) io.stdout.write(findings(seen));
      io.stdout.write(last(given));
    });
}

function findings({ findings: found, omitted }: AuditReview): string {
  const rows = found.map(({ seq, time, severity, code, title, resource }) => [
    String(seq),
    time,
    severity,
    code,
    title,
    cellText(resource),
  ]);
  const more = omitted === 0 ? '' : `${omitted} more have no room here.\n`;
  return `${table(['SEQ', 'TIME', 'SEVERITY', 'CODE', 'TITLE', 'RESOURCE'], rows)}${more}`;
}

function last({ records, access }: AuditReview): string {
  const line = (what: string, review: AuditReview['records']): string =>
    `${what}: ${review === null ? 'never reviewed' : `reviewed ${review.time} by ${printable(review.by)}`}\n`;
  return `${line('Records', records)}${line('Accounts and rights', access)}`;
}
