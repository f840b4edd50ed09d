import type { SmtpAnswer } from './command.ts';
import { printable } from '../mail/printable.ts';

/** Answers of the server's own. RFC 5321 §4.2.3, RFC 3463 */
export const ANSWERS = {
  ok: { code: 250, enhanced: '2.0.0', text: 'OK' },
  senderOk: { code: 250, enhanced: '2.1.0', text: 'Sender OK' },
  recipientOk: { code: 250, enhanced: '2.1.5', text: 'Recipient OK' },
  goAhead: { code: 354, text: 'End with a dot on a line by itself' },
  taken: { code: 250, enhanced: '2.6.0', text: 'The message is taken' },
  bye: { code: 221, enhanced: '2.0.0', text: 'Bye' },
  tlsGo: { code: 220, enhanced: '2.0.0', text: 'Go ahead' },
  noVerification: { code: 252, enhanced: '2.5.0', text: 'Send it and see' },
  noLists: { code: 502, enhanced: '5.5.1', text: 'Lists are not shown' },
  help: { code: 214, enhanced: '2.0.0', text: 'See RFC 5321' },
  leaving: { code: 421, enhanced: '4.3.2', text: 'The service is closing, try again later' },
  tooSlow: { code: 421, enhanced: '4.4.2', text: 'Nothing came for too long' },
  tooManyErrors: { code: 421, enhanced: '4.7.0', text: 'Too many errors' },
  tooManyCommands: { code: 421, enhanced: '4.7.0', text: 'Too many commands without a message' },
  tooManyMessages: { code: 421, enhanced: '4.7.0', text: 'Too many messages on one connection' },
  tooEarly: { code: 554, enhanced: '5.5.1', text: 'You spoke before the greeting' },
  lineTooLong: { code: 500, enhanced: '5.5.2', text: 'The line is too long' },
  badSequence: { code: 503, enhanced: '5.5.1', text: 'Not now: the order of commands is wrong' },
  helloFirst: { code: 503, enhanced: '5.5.1', text: 'Say EHLO first' },
  nested: { code: 503, enhanced: '5.5.1', text: 'There is a message already; finish it, or say RSET' },
  noRecipients: { code: 554, enhanced: '5.5.1', text: 'There is no valid recipient' },
  tooManyRecipients: { code: 452, enhanced: '4.5.3', text: 'Too many recipients, send to the others separately' },
  tooLarge: { code: 552, enhanced: '5.3.4', text: 'The message is too large' },
  bareLineEnd: { code: 550, enhanced: '5.6.0', text: 'A line of the message does not end with CRLF' },
  longLine: { code: 550, enhanced: '5.6.0', text: 'A line of the message is too long' },
  tlsFirst: { code: 530, enhanced: '5.7.0', text: 'Say STARTTLS first' },
  noTls: { code: 502, enhanced: '5.5.1', text: 'There is no STARTTLS here' },
  authFirst: { code: 530, enhanced: '5.7.0', text: 'Log in first' },
  authInClear: { code: 538, enhanced: '5.7.11', text: 'Log in over TLS alone' },
  noAuth: { code: 502, enhanced: '5.5.1', text: 'There is no AUTH here' },
  authUnknown: { code: 504, enhanced: '5.5.4', text: 'The mechanism is not known here' },
  authBroken: { code: 501, enhanced: '5.5.2', text: 'That is no response to a challenge' },
  authCancelled: { code: 501, enhanced: '5.7.0', text: 'The log-in was given up' },
  authFailed: { code: 535, enhanced: '5.7.8', text: 'User or password is wrong' },
  authDone: { code: 235, enhanced: '2.7.0', text: 'Welcome' },
  failed: { code: 451, enhanced: '4.3.0', text: 'It failed here, try again later' },
} as const satisfies Readonly<Record<string, SmtpAnswer>>;

/** RFC 5321 §4.5.3.1.5 */
const MAX_TEXT_LENGTH = 400;

/** As it goes on the wire. What cannot be an answer becomes the one that something failed here. */
export function formatAnswer(answer: SmtpAnswer): string {
  const isAnswer = Number.isInteger(answer.code) && answer.code >= 200 && answer.code < 600;
  const { code, text, enhanced: given = '' }: SmtpAnswer = isAnswer ? answer : ANSWERS.failed;
  // Greetings, EHLO, 354 and 334 have no enhanced code (RFC 2034 §3).
  if (code === 220 || (code >= 300 && code < 400)) return `${code} ${printable(text, MAX_TEXT_LENGTH)}\r\n`;
  const first = String(code)[0];
  const enhanced = given.startsWith(`${first}.`) && /^\d\.\d{1,3}\.\d{1,3}$/.test(given) ? given : `${first}.0.0`;
  return `${code} ${enhanced} ${printable(text, MAX_TEXT_LENGTH)}\r\n`;
}
