export type { Chunks } from '../mail/durable.ts';
export type { Credentials, PasswordMechanism } from '../mail/sasl.ts';
export type { SendMail } from './attempt.ts';
export { SmtpClient } from './client.ts';
export type { MailParameters, RecipientParameters, SmtpAnswer } from './command.ts';
export { connectSmtp } from './connect.ts';
export type { DsnNotify, Envelope, Recipient } from './envelope.ts';
export * from './errors.ts';
export type { SmtpExtensions } from './extensions.ts';
export { Maildir, type MaildirOptions, openMaildir, type PendingMail } from './maildir.ts';
export { maildirHandlers, type MaildirHandlersOptions } from './maildirHandlers.ts';
export type { MessageSource } from './message.ts';
export { readWhole } from './incomingText.ts';
export type { SmtpConnectOptions, SmtpSecurity } from './options.ts';
export { createSmtpPool, type SmtpPool, type SmtpPoolOptions } from './pool.ts';
export {
  type DeliveryFailure,
  MailQueue,
  type MailQueueDependencies,
  type MailQueueOptions,
  openMailQueue,
} from './queue.ts';
export type { SmtpReply } from './reply.ts';
export type { RetrySchedule } from './schedule.ts';
export { serveSmtp } from './serve.ts';
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
export type { SpoolEntry } from './spool.ts';
export { mailDate, traceHeaders } from './traceHeaders.ts';
export { type RecipientResult, refusedRecipients, type SendOptions, type SendReport } from './transaction.ts';
