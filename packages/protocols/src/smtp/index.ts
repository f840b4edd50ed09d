export type { Credentials, PasswordMechanism } from '../mail/sasl.ts';
export { SmtpClient } from './client.ts';
export type { MailParameters, RecipientParameters, SmtpAnswer } from './command.ts';
export { connect } from './connect.ts';
export type { DsnNotify, Envelope, Recipient } from './envelope.ts';
export type { SmtpExtensions } from './extensions.ts';
export type { MessageSource } from './message.ts';
export { readWhole } from './incomingText.ts';
export type { SmtpConnectOptions, SmtpSecurity } from './options.ts';
export { createSmtpPool, type SmtpPool, type SmtpPoolOptions } from './pool.ts';
export type { SmtpReply } from './reply.ts';
export { serve } from './serve.ts';
export type {
  IncomingMessage,
  LoginAttempt,
  MailRecipient,
  MailSender,
  ServerMechanism,
  SmtpHandlers,
  SmtpPeer,
  SmtpServerLimits,
  SmtpServerOptions,
  Verdict,
} from './serverOptions.ts';
export { type RecipientResult, refusedRecipients, type SendOptions, type SendReport } from './transaction.ts';
