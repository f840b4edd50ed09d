import { isRoundhouseError, Secret } from '@roundhouse/core';
import { parseName } from '../arguments.ts';
import { cliError } from '../errors.ts';
import { exitCodeOf } from '../exit.ts';
import { askHidden, inputOf, readText } from '../input.ts';
import type { Io, VerdictIo } from '../io.ts';
import { writeJson } from '../render.ts';
import type { Phases } from './phases.ts';
import type { TlsFlags } from './tlsOptions.ts';

/** What all commands about mail say of the server and of who asks it. */
export interface MailFlags extends TlsFlags {
  readonly user?: string;
  readonly passwordFile?: string;
  readonly security?: string;
  readonly timeoutMs: number;
  readonly json?: true;
}

/** Where a mail server is, by its URL. */
export interface MailPlace<Scheme extends string> {
  readonly scheme: Scheme;
  readonly host: string;
  readonly port: number | undefined;
  readonly security: 'implicit' | 'required' | 'off';
  /** Of the URL, or of the option. */
  readonly user: string | undefined;
  /** Decoded, without the slash; empty when there is none. */
  readonly path: string;
}

const PASSWORD_VARIABLE = 'ROUNDHOUSE_MAIL_PASSWORD';

/** Reads `SCHEME://[USER@]HOST[:PORT][/PATH]`; a scheme with an `s` behind it has TLS from the first byte. */
export function placeOf<Scheme extends string>(
  text: string,
  schemes: readonly Scheme[],
  { user, security }: Pick<MailFlags, 'user' | 'security'>,
): MailPlace<Scheme> {
  const refused = (reason: string): Error =>
    cliError('ARGUMENT_INVALID', { details: { argument: `URL "${withoutPassword(text)}"`, reason } });
  const [, written = '', rest = ''] = /^([a-z0-9]+):\/\/(.*)$/is.exec(text) ?? [];
  const name = written.toLowerCase();
  const scheme = schemes.find((each) => name === each || name === `${each}s`);
  if (scheme === undefined) {
    throw refused(`it begins with one of ${schemes.flatMap((each) => [`${each}s://`, `${each}://`]).join(', ')}`);
  }
  const url = URL.parse(`http://${rest}`);
  if (url === null || url.hostname === '') throw refused(`write it like ${name}://HOST:PORT`);
  if (url.password !== '') {
    throw refused(`others could read the password: give it in ${PASSWORD_VARIABLE}, or with --password-file`);
  }
  const isImplicit = name !== scheme;
  if (isImplicit && security !== undefined) throw refused('--security is about connections that begin in the clear');
  const port = /^[^/?#]*:(\d+)(?:[/?#]|$)/.exec(rest)?.[1];
  return {
    scheme,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: port === undefined ? undefined : Number(port),
    security: isImplicit ? 'implicit' : parseName('security', security ?? 'required', ['required', 'off']),
    user: user ?? (url.username === '' ? undefined : decoded(url.username, refused)),
    path: decoded(url.pathname.slice(1), refused),
  };
}

/**
 * The password of who logs in: of a file, of the environment, or asked for. `isInputTaken`: standard input is something
 * else.
 */
export async function passwordOf({ passwordFile }: MailFlags, io: Io, isInputTaken = false): Promise<Secret> {
  const said = io.env[PASSWORD_VARIABLE];
  if (passwordFile === '-' && isInputTaken) throw missing('standard input is the body already');
  if (passwordFile !== undefined) return new Secret((await readText(passwordFile, io)).replace(/\r?\n$/, ''));
  if (said !== undefined && said !== '') return new Secret(said);
  if (inputOf(io).isTTY !== true || isInputTaken) {
    throw missing(`set ${PASSWORD_VARIABLE}, or name a file with --password-file`);
  }
  const [password = ''] = await askHidden(['Password: '], io);
  return new Secret(password);
}

/**
 * Does the work and shows what came of it. A failure is shown with what had been gone through: as JSON where that was
 * asked for, else as the error that it is.
 */
export async function withReport<Result extends object>(
  phases: Phases,
  { json }: Pick<MailFlags, 'json'>,
  io: VerdictIo,
  work: () => Promise<Result>,
  show: (result: Result) => void,
): Promise<void> {
  let result: Result;
  try {
    result = await work();
    phases.end();
  } catch (error) {
    phases.end(error);
    if (json !== true || !isRoundhouseError(error)) {
      if (phases.all.length > 0) io.stderr.write(`${phases.table()}\n`);
      throw error;
    }
    const { code, message, hint } = error;
    writeJson(io.stdout, { outcome: 'failed', phases: phases.all, error: { code, message, hint } });
    return io.conclude(exitCodeOf(error));
  }
  if (json === true) writeJson(io.stdout, { outcome: 'ok', phases: phases.all, ...result });
  else show(result);
}

function missing(reason: string): Error {
  return cliError('ARGUMENT_INVALID', { details: { argument: 'the password', reason } });
}

function decoded(text: string, refused: (reason: string) => Error): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw refused('it has a % that stands for nothing');
  }
}

function withoutPassword(text: string): string {
  return text.replace(/:[^:@/]*@/, ':***@');
}
