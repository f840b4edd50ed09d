import { Command } from 'commander';
import { parseName } from '../arguments.ts';
import type { KnownError } from '../catalogues.ts';
import type { Io } from '../io.ts';
import { facts, printable, table, writeJson } from '../render.ts';

interface ErrorsOptions {
  readonly filter?: string;
  readonly json?: boolean;
}

export function errorsCommand(io: Io): Command {
  return new Command('errors')
    .description('explain an error by its code, or list all codes')
    .argument('[code]', 'code that an error had, like CONNECT_REFUSED')
    .option('--filter <text>', 'list only those whose code or message has this text')
    .option('--json', 'write it as JSON')
    .action(async (code: string | undefined, { filter, json }: ErrorsOptions) => {
      const { allErrors } = await import('../catalogues.ts');
      const errors = await allErrors();
      if (code === undefined) return list(errors.filter(matching(filter)), json === true, io);
      const name = parseName(
        'error code',
        code,
        errors.map((each) => each.code),
      );
      const error = errors.find((each) => each.code === name) as KnownError;
      if (json === true) writeJson(io.stdout, error);
      else io.stdout.write(explained(error));
    });
}

function list(errors: readonly KnownError[], asJson: boolean, { stdout }: Io): void {
  if (asJson) writeJson(stdout, { items: errors });
  else if (errors.length === 0) stdout.write('No code and no message has that text.\n');
  else
    stdout.write(
      table(
        ['CODE', 'MESSAGE'],
        errors.map(({ code, message }) => [code, message]),
      ),
    );
}

function matching(filter: string | undefined): (error: KnownError) => boolean {
  if (filter === undefined) return () => true;
  const wanted = filter.toLowerCase();
  return ({ code, message }) => `${code} ${message}`.toLowerCase().includes(wanted);
}

/** Words in braces are filled in when the error happens. */
function explained({ code, message, hint, status, retryable }: KnownError): string {
  const retry = retryable ? 'the same call may succeed later' : 'the same call will fail again';
  return printable(facts({ code, cause: message, advice: hint, retry, http_status: status }), true);
}
