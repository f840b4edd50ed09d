import type { DsnNotify } from './envelope.ts';
import { fromXtext } from './envelope.ts';
import { isAscii, isDomain, readMailbox } from './mailbox.ts';

/** An answer that a server gives. */
export interface SmtpAnswer {
  /** 200 … 599 */
  readonly code: number;
  /** E.g. `5.7.1` (RFC 3463). Default: `2.0.0`, `4.0.0` or `5.0.0`. */
  readonly enhanced?: string;
  readonly text: string;
}

export interface MailParameters {
  /** As the client announced it, bytes. RFC 1870 */
  readonly size: number | null;
  readonly isEightBit: boolean;
  readonly smtpUtf8: boolean;
  /** RFC 3461 */
  readonly return: 'full' | 'headers' | null;
  readonly envelopeId: string | null;
}

export interface RecipientParameters {
  readonly notify: DsnNotify | null;
  readonly originalRecipient: string | null;
}

/** What a client says. `invalid` has the answer with it. */
export type SmtpCommand =
  | { readonly verb: 'HELO' | 'EHLO'; readonly name: string }
  | { readonly verb: 'MAIL'; readonly from: string; readonly parameters: MailParameters }
  | { readonly verb: 'RCPT'; readonly to: string; readonly parameters: RecipientParameters }
  | { readonly verb: 'BDAT'; readonly bytes: number; readonly isLast: boolean }
  | { readonly verb: 'AUTH'; readonly mechanism: string; readonly initial: string | null }
  | { readonly verb: 'DATA' | 'RSET' | 'NOOP' | 'QUIT' | 'STARTTLS' | 'HELP' }
  | { readonly verb: 'VRFY' | 'EXPN' }
  | { readonly verb: 'invalid'; readonly answer: SmtpAnswer };

const BARE = ['DATA', 'RSET', 'QUIT', 'STARTTLS'] as const;
type Bare = (typeof BARE)[number];

/** Reads a command, without its line end. Total: whatever the bytes are, there is an answer. */
export function parseCommand(line: Uint8Array): SmtpCommand {
  const text = decode(line);
  if (text === undefined) return syntax('only printable characters belong into a command');
  const [, word = '', rest = ''] = /^([A-Za-z]+)(?:[ \t]+(.*?))?[ \t]*$/.exec(text) ?? [];
  const verb = word.toUpperCase();
  if ((BARE as readonly string[]).includes(verb)) {
    return rest === '' ? { verb: verb as Bare } : invalid(501, '5.5.4', `${verb} takes no argument`);
  }
  const parse = WITH_ARGUMENT[verb];
  return parse === undefined ? invalid(500, '5.5.2', 'Command not recognised') : parse(rest);
}

const WITH_ARGUMENT: Readonly<Record<string, (rest: string) => SmtpCommand>> = {
  HELO: (rest) => hello('HELO', rest),
  EHLO: (rest) => hello('EHLO', rest),
  MAIL: parseMail,
  RCPT: parseRecipient,
  BDAT: parseBdat,
  AUTH: parseAuth,
  NOOP: () => ({ verb: 'NOOP' }),
  HELP: () => ({ verb: 'HELP' }),
  VRFY: (rest) => (rest === '' ? syntax('VRFY needs an argument') : { verb: 'VRFY' }),
  EXPN: (rest) => (rest === '' ? syntax('EXPN needs an argument') : { verb: 'EXPN' }),
};

function hello(verb: 'HELO' | 'EHLO', name: string): SmtpCommand {
  // Real clients give names with an underscore; those are no host names, but no danger either.
  if (name !== '' && (isDomain(name) || /^[A-Za-z0-9._-]{1,255}$/.test(name))) return { verb, name };
  return invalid(501, '5.5.4', `${verb} needs the name of your host`);
}

function parseMail(rest: string): SmtpCommand {
  const path = parsePath(rest, /^FROM:[ \t]*/i);
  if (path === undefined) return syntax('Say MAIL FROM:<address>');
  const parameters = { ...NO_MAIL_PARAMETERS };
  for (const [name, value] of path.parameters) {
    const set = MAIL_PARAMETERS[name];
    if (set === undefined) return invalid(555, '5.5.4', `MAIL has no parameter ${name}`);
    const taken = set(value);
    if (taken === undefined) return invalid(501, '5.5.4', `The parameter ${name} is not usable`);
    Object.assign(parameters, taken);
  }
  if (!parameters.smtpUtf8 && !isAscii(path.address)) return invalid(553, '5.6.7', 'Such an address needs SMTPUTF8');
  if (path.address !== '' && readMailbox(path.address) === undefined)
    return invalid(501, '5.1.7', 'Bad sender address');
  return { verb: 'MAIL', from: path.address, parameters };
}

const NO_MAIL_PARAMETERS: MailParameters = {
  size: null,
  isEightBit: false,
  smtpUtf8: false,
  return: null,
  envelopeId: null,
};

type Take<T> = (value: string | undefined) => Partial<T> | undefined;

const MAIL_PARAMETERS: Readonly<Record<string, Take<MailParameters>>> = {
  SIZE: (value = '') => (/^\d{1,15}$/.test(value) ? { size: Number(value) } : undefined),
  BODY: (value = '') => (/^(7BIT|8BITMIME)$/i.test(value) ? { isEightBit: value.startsWith('8') } : undefined),
  SMTPUTF8: (value) => (value === undefined ? { smtpUtf8: true } : undefined),
  RET: (value = '') => {
    const said = /^(?:(FULL)|HDRS)$/i.exec(value);
    return said === null ? undefined : { return: said[1] === undefined ? 'headers' : 'full' };
  },
  ENVID: (value = '') => {
    const id = fromXtext(value);
    return id === undefined || id === '' || id.length > 100 ? undefined : { envelopeId: id };
  },
  // Who submitted it elsewhere (RFC 4954 §5): nobody here relies on it.
  AUTH: (value = '') => (fromXtext(value) === undefined ? undefined : {}),
};

function parseRecipient(rest: string): SmtpCommand {
  const path = parsePath(rest, /^TO:[ \t]*/i);
  if (path === undefined) return syntax('Say RCPT TO:<address>');
  const parameters: RecipientParameters = { notify: null, originalRecipient: null };
  for (const [name, value] of path.parameters) {
    const set = RECIPIENT_PARAMETERS[name];
    if (set === undefined) return invalid(555, '5.5.4', `RCPT has no parameter ${name}`);
    const taken = set(value);
    if (taken === undefined) return invalid(501, '5.5.4', `The parameter ${name} is not usable`);
    Object.assign(parameters, taken);
  }
  // RFC 5321 §4.1.1.3: whoever runs the server is known without a domain.
  const isKnown = /^postmaster$/i.test(path.address) || readMailbox(path.address) !== undefined;
  return isKnown ? { verb: 'RCPT', to: path.address, parameters } : invalid(501, '5.1.3', 'Bad recipient address');
}

const RECIPIENT_PARAMETERS: Readonly<Record<string, Take<RecipientParameters>>> = {
  NOTIFY: (value = '') => {
    const said = value.toLowerCase().split(',');
    if (said.length === 1 && said[0] === 'never') return { notify: 'never' };
    const isGood = said.every((each) => /^(success|failure|delay)$/.test(each)) && new Set(said).size === said.length;
    return isGood ? { notify: said as ('success' | 'failure' | 'delay')[] } : undefined;
  },
  ORCPT: (value = '') => {
    const [, type, address] = /^([A-Za-z0-9-]{1,32});(.{1,500})$/.exec(value) ?? [];
    const plain = address === undefined ? undefined : fromXtext(address);
    return plain === undefined ? undefined : { originalRecipient: `${type};${plain}` };
  },
};

function parseBdat(rest: string): SmtpCommand {
  const [, bytes, last] = /^(\d{1,15})(?:[ \t]+(LAST))?$/i.exec(rest) ?? [];
  if (bytes === undefined) return syntax('Say BDAT bytes, or BDAT bytes LAST');
  return { verb: 'BDAT', bytes: Number(bytes), isLast: last !== undefined };
}

function parseAuth(rest: string): SmtpCommand {
  const [, mechanism, initial] = /^([A-Za-z0-9_-]{1,20})(?:[ \t]+(\S+))?$/.exec(rest) ?? [];
  if (mechanism === undefined) return syntax('Say AUTH mechanism');
  return { verb: 'AUTH', mechanism: mechanism.toUpperCase(), initial: initial ?? null };
}

interface Path {
  readonly address: string;
  readonly parameters: readonly (readonly [name: string, value: string | undefined])[];
}

/** `<address>` and what stands behind it. A route before the address is left out (RFC 5321 §4.1.1.3, appendix C). */
function parsePath(rest: string, start: RegExp): Path | undefined {
  const found = start.exec(rest);
  if (found === null) return undefined;
  const [, quotedOrPlain, tail = ''] =
    /^<(?:@[^:<>"]*:)?((?:"(?:[^"\\]|\\.)*"|[^<>"])*)>(?:[ \t]+(.*))?$/s.exec(rest.slice(found[0].length)) ?? [];
  if (quotedOrPlain === undefined) return undefined;
  const parameters = tail
    .split(/[ \t]+/)
    .filter((each) => each !== '')
    .map((each) => {
      const at = each.indexOf('=');
      return at === -1
        ? ([each.toUpperCase(), undefined] as const)
        : ([each.slice(0, at).toUpperCase(), each.slice(at + 1)] as const);
    });
  return { address: quotedOrPlain, parameters };
}

function decode(line: Uint8Array): string | undefined {
  for (const byte of line) if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(line);
  } catch {
    return undefined;
  }
}

function syntax(text: string): SmtpCommand {
  return invalid(501, '5.5.4', text);
}

function invalid(code: number, enhanced: string, text: string): SmtpCommand {
  return { verb: 'invalid', answer: { code, enhanced, text } };
}
