import { Command } from 'commander';
import { parseCount, parseDuration } from '../../arguments.ts';
import type { VerdictIo } from '../../io.ts';
import type { MailFlags } from '../../net/mailAccess.ts';
import type { MailFetchSettings, MailListSettings } from '../../net/mailbox.ts';
import type { MailSendSettings } from '../../net/mailSend.ts';
import { withTlsOptions } from '../../net/tlsOptions.ts';

type Flags<Settings extends MailFlags> = Omit<Settings, 'timeoutMs'> & { readonly timeout: string };

const MAILBOX = 'imaps://USER@HOST/MAILBOX, imap://…, pop3s://USER@HOST or pop3://…; without the s it is STARTTLS';

export function mailCommand(io: VerdictIo): Command {
  return new Command('mail')
    .description('send a message, or read a mailbox')
    .addCommand(sendCommand(io))
    .addCommand(listCommand(io))
    .addCommand(fetchCommand(io));
}

function sendCommand(io: VerdictIo): Command {
  const several = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  const command = new Command('send')
    .description('give a message to a mail server; ends with 8 when it refused some of the recipients')
    .requiredOption('--from <address>', 'anna@example.com, or "Anna <anna@example.com>"')
    .requiredOption('--to <address>', 'may be given several times', several, [])
    .option('--cc <address>', 'may be given several times', several, [])
    .option('--bcc <address>', 'they get it, and nobody sees it; may be given several times', several, [])
    .option('--subject <text>', 'one line', '')
    .option('--text <text>', 'the body')
    .option('--body <file>', 'file with the body; - is standard input')
    .option('--attach <file>', 'may be given several times', several, [])
    .option('--dkim <domain:selector:file>', 'sign it with the RSA key of that file')
    .option('--url <url>', 'smtps://[USER@]HOST[:PORT], or smtp://… for STARTTLS', 'smtp://localhost:25');
  return withMailOptions(command).action(async ({ timeout, ...flags }: Flags<MailSendSettings>) => {
    const { send } = await import('../../net/mailSend.ts');
    await send({ ...flags, timeoutMs: parseDuration(timeout) }, io);
  });
}

function listCommand(io: VerdictIo): Command {
  const command = new Command('list')
    .description('show the newest messages of a mailbox; nothing of it is changed')
    .argument('<url>', MAILBOX)
    .option('--limit <n>', 'so many of them', parseCount, 20)
    .option('--unseen', 'only those that nobody has seen (IMAP)');
  return withMailOptions(command).action(async (url: string, { timeout, ...flags }: Flags<MailListSettings>) => {
    const { list } = await import('../../net/mailbox.ts');
    await list(url, { ...flags, timeoutMs: parseDuration(timeout) }, io);
  });
}

function fetchCommand(io: VerdictIo): Command {
  const command = new Command('fetch')
    .description('show a message; it does not become seen')
    .argument('<url>', MAILBOX)
    .argument('<message>', 'as the list has it', parseCount)
    .option('-o, --output <file>', 'put it there as it is; the file must not be there yet')
    .option('--raw', 'print it as it is');
  return withMailOptions(command).action(
    async (url: string, message: number, { timeout, ...flags }: Flags<MailFetchSettings>) => {
      const { fetchMessage } = await import('../../net/mailbox.ts');
      await fetchMessage(url, message, { ...flags, timeoutMs: parseDuration(timeout) }, io);
    },
  );
}

function withMailOptions(command: Command): Command {
  return withTlsOptions(
    command
      .option('--user <name>', 'who logs in; may stand in the URL')
      .option('--password-file <file>', 'default: ROUNDHOUSE_MAIL_PASSWORD, else it is asked for; - is standard input')
      .option('--security <how>', 'required or off, where the connection begins in the clear; default required')
      .option('--timeout <time>', 'how long the whole of it may take', '30s')
      .option('--json', 'phases and what came of it as JSON'),
  );
}
