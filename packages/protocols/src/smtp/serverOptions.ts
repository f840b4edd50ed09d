import type { RoundhouseError, Scope, Secret } from '@roundhouse/core';
import {
  DEFAULT_TIMEOUTS,
  netError,
  resolveTimeouts,
  type ServerLimits,
  type ServerOptions,
  type Timeouts,
  type TlsInfo,
  type TlsServerOptions,
} from '@roundhouse/net';
import type { MailParameters, RecipientParameters, SmtpAnswer } from './command.ts';
import { isDomain } from './mailbox.ts';

/** Bounds of what one client may send. */
export interface SmtpServerLimits {
  /** One message. Default 26,214,400. */
  readonly maxMessageBytes: number;
  /** Of one message; RFC 5321 §4.5.3.1.8 asks for 100 at least. Default 100. */
  readonly maxRecipients: number;
  /** Answers of 500 and above, log-ins that fail among them; then the client is sent away. Default 10. */
  readonly maxErrors: number;
  /** Messages on one connection. Default 100. */
  readonly maxMessages: number;
  /**
   * Commands between two messages, BDAT apart, whatever they are answered; then the client is sent away. Default 1,000;
   * what `maxRecipients` needs is always allowed.
   */
  readonly maxCommands: number;
  /** A command with its end. Default 2,048: RFC 5321 §4.5.3.1.4 asks for 512, extensions for more. */
  readonly maxCommandBytes: number;
  /** A line of a message with its end. Default 4,096: RFC 5321 §4.5.3.1.6 asks for 1,000. */
  readonly maxLineBytes: number;
}

export type ServerMechanism = 'PLAIN' | 'LOGIN' | 'CRAM-MD5' | 'XOAUTH2';

export interface SmtpServerOptions extends Omit<ServerOptions, 'limits'> {
  /** Name of this server, in its greeting and its answers. */
  readonly hostname: string;
  /** Offer STARTTLS with this certificate; a function gives the one of the moment, so that it may be renewed. */
  readonly startTls?: TlsServerOptions | (() => TlsServerOptions);
  /** Take no mail in the clear. Default false. */
  readonly requiresTls?: boolean;
  /** Mechanisms to offer, when there is a handler `authenticate`. Default PLAIN and LOGIN. */
  readonly mechanisms?: readonly ServerMechanism[];
  /** Take no mail of whoever is not logged in. Default false. */
  readonly requiresAuth?: boolean;
  /** Offer AUTH in the clear. Default false. */
  readonly allowsClearAuth?: boolean;
  readonly limits?: Partial<ServerLimits & SmtpServerLimits>;
  /**
   * `idleMs`: wait for a command, and between two pieces of a message; default 300,000 (RFC 5321 §4.5.3.2.7).
   * `requestMs`: one message, from DATA to its answer; default 600,000.
   */
  readonly timeouts?: Partial<Timeouts>;
}

/** Who speaks, as far as it is known. */
export interface SmtpPeer {
  /** Of this connection; for logs and trace headers. */
  readonly id: string;
  /** `host:port` */
  readonly peer: string;
  readonly tls: TlsInfo | null;
  /** What the client calls itself; it may say anything. Null before EHLO or HELO. */
  readonly hello: string | null;
  readonly isExtended: boolean;
  /** Who has logged in. */
  readonly user: string | null;
}

export interface MailSender extends MailParameters {
  /** Empty for a report about a delivery. */
  readonly address: string;
}

export interface MailRecipient extends RecipientParameters {
  readonly address: string;
}

/** A log-in that is tried. */
export interface LoginAttempt {
  readonly mechanism: ServerMechanism;
  readonly user: string;
  /** The password, or the token with XOAUTH2; null with CRAM-MD5, which does not show it. */
  readonly secret: Secret | null;
  /** Compares with what is known, in a time that tells nothing. */
  readonly matches: (known: Secret) => boolean;
}

export interface IncomingMessage {
  readonly sender: MailSender;
  readonly recipients: readonly MailRecipient[];
  /** Headers and body with CRLF; read once. It rejects when the text turns out unacceptable: keep nothing then. */
  readonly text: AsyncIterable<Uint8Array>;
}

/** What a hook says: an answer of 400 and above refuses, anything else lets pass. */
export type Verdict = SmtpAnswer | undefined | Promise<SmtpAnswer | undefined>;

/**
 * What this server does with mail. Each gets a scope that ends with the connection. What one throws is answered with 451,
 * so that the client tries again, and logged.
 */
export interface SmtpHandlers {
  /** Before the greeting. */
  readonly connect?: (peer: SmtpPeer, scope: Scope) => Verdict;
  readonly hello?: (name: string, peer: SmtpPeer, scope: Scope) => Verdict;
  /** Whether the credentials are good. Without it nobody can log in. */
  readonly authenticate?: (attempt: LoginAttempt, peer: SmtpPeer, scope: Scope) => boolean | Promise<boolean>;
  readonly mail?: (sender: MailSender, peer: SmtpPeer, scope: Scope) => Verdict;
  /** Without it every recipient is refused. */
  readonly recipient?: (recipient: MailRecipient, sender: MailSender, peer: SmtpPeer, scope: Scope) => Verdict;
  /** Takes the message. When it resolves without a refusal the message must be durable: the client forgets it. */
  readonly message: (message: IncomingMessage, peer: SmtpPeer, scope: Scope) => Verdict;
}

export interface ResolvedSmtpServer {
  readonly hostname: string;
  readonly startTls: (() => TlsServerOptions) | undefined;
  readonly requiresTls: boolean;
  readonly requiresAuth: boolean;
  readonly allowsClearAuth: boolean;
  readonly mechanisms: readonly ServerMechanism[];
  readonly limits: SmtpServerLimits;
  readonly timeouts: Timeouts;
}

const DEFAULT_LIMITS: SmtpServerLimits = {
  maxMessageBytes: 26_214_400,
  maxRecipients: 100,
  maxErrors: 10,
  maxMessages: 100,
  maxCommands: 1_000,
  maxCommandBytes: 2_048,
  maxLineBytes: 4_096,
};
/** RFC 5321 §4.5.3.1: less than this breaks honest clients. */
const LEAST: Partial<SmtpServerLimits> = { maxCommandBytes: 512, maxLineBytes: 1_000 };
const MOST = 1_099_511_627_776;

/** Completes and checks. Raises NET_OPTION_INVALID. */
export function resolveSmtpServer(options: SmtpServerOptions, handlers: SmtpHandlers): ResolvedSmtpServer {
  const { hostname, startTls, requiresTls = false, requiresAuth = false, allowsClearAuth = false } = options;
  if (!isDomain(hostname)) throw invalid('hostname is the name of a host, or its address in brackets');
  if (requiresTls && options.tls === undefined && startTls === undefined) {
    throw invalid('requiresTls needs a certificate, in tls or startTls');
  }
  if (requiresAuth && handlers.authenticate === undefined) throw invalid('requiresAuth needs a handler authenticate');
  const limits = Object.fromEntries(
    Object.entries(DEFAULT_LIMITS).map(([name, standard]) => {
      const value = options.limits?.[name as keyof SmtpServerLimits] ?? standard;
      const least = LEAST[name as keyof SmtpServerLimits] ?? 1;
      if (Number.isInteger(value) && value >= least && value <= MOST) return [name, value];
      throw invalid(`${name} is ${value}, and must be a whole number from ${least} to ${MOST}`);
    }),
  ) as unknown as SmtpServerLimits;
  return {
    hostname,
    startTls: options.tls === undefined && startTls !== undefined ? offered(startTls) : undefined,
    requiresTls,
    requiresAuth,
    allowsClearAuth,
    mechanisms: handlers.authenticate === undefined ? [] : (options.mechanisms ?? ['PLAIN', 'LOGIN']),
    limits,
    timeouts: resolveTimeouts(options.timeouts, { ...DEFAULT_TIMEOUTS, idleMs: 300_000, requestMs: 600_000 }),
  };
}

function offered(startTls: TlsServerOptions | (() => TlsServerOptions)): () => TlsServerOptions {
  return typeof startTls === 'function' ? startTls : () => startTls;
}

function invalid(reason: string): RoundhouseError {
  return netError('NET_OPTION_INVALID', { protocol: 'smtp', details: { reason } });
}
