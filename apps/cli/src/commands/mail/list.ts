import type { MailResource } from '@roundhouse/api';
import { Command } from 'commander';
import { type ApiOptions, connect, withApiOptions } from '../../api.ts';
import { parseCount } from '../../arguments.ts';
import type { Io } from '../../io.ts';
import { cellText, table, writeJson } from '../../render.ts';

interface ListOptions extends ApiOptions {
  readonly limit: number;
}

/** There may be thousands. */
const DEFAULT_LIMIT = 50;
const HEAD = ['ID', 'KEPT', 'BYTES', 'FROM', 'TO', 'SUBJECT'];

export function listCommand(io: Io): Command {
  const command = new Command('list')
    .description('list messages, newest first')
    .option('--limit <n>', 'how many, up to 200', parseCount, DEFAULT_LIMIT);
  return withApiOptions(command).action(async ({ limit, ...options }: ListOptions) => {
    using client = await connect(options, io);
    const page = await client.mail.list({ limit });
    if (options.json === true) writeJson(io.stdout, page);
    else if (page.items.length === 0) {
      io.stdout.write('There is no mail in the store. It is kept there with "keep: store" in the section "mail".\n');
    } else io.stdout.write(table(HEAD, page.items.map(row)));
    if (page.next_cursor !== null) io.stderr.write('There is more: --limit shows it.\n');
  });
}

function row({ id, kept_at, text_bytes, from, to, subject }: MailResource): string[] {
  return [id, kept_at, String(text_bytes), cellText(from), cellText(to), cellText(subject)];
}
