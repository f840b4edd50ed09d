import { isRoundhouseError, type Scope } from '@roundhouse/core';
import { printable } from '../mail/printable.ts';
import type { SpoolEntry } from './spool.ts';
import { type RecipientResult, refusedRecipients, type SendReport } from './transaction.ts';
import type { Envelope } from './envelope.ts';

/** Sends a message, e.g. through a pool. Rejects as `SmtpClient.send` does. */
export type SendMail = (envelope: Envelope, message: AsyncIterable<Uint8Array>, scope: Scope) => Promise<SendReport>;

/** What became of each recipient at one attempt. */
export interface AttemptOutcome {
  readonly delivered: readonly RecipientResult[];
  /** For good. */
  readonly refused: readonly RecipientResult[];
  /** Not yet. */
  readonly deferred: readonly RecipientResult[];
}

/** Codes that say that no attempt with the same envelope will ever work. */
const FOR_GOOD: readonly string[] = ['PEER_REFUSED', 'ADDRESS_INVALID', 'NET_OPTION_INVALID'];

/** Tries once. Never rejects, but with the reason of the scope. */
export async function attempt(
  { envelope }: SpoolEntry,
  text: AsyncIterable<Uint8Array>,
  send: SendMail,
  scope: Scope,
): Promise<AttemptOutcome> {
  try {
    const { accepted, refused } = await scope.race(send(envelope, text, scope));
    return { delivered: accepted, ...sorted(refused) };
  } catch (error) {
    const single = refusedRecipients(error);
    const known = new Set(single.map(({ address }) => address));
    const isForGood = isRoundhouseError(error) && FOR_GOOD.includes(error.code) && single.length === 0;
    const rest = envelope.to.filter(({ address }) => !known.has(address));
    const results = rest.map(({ address }) => ({ address, ...answerOf(error, isForGood) }));
    return { delivered: [], ...sorted([...single, ...results]) };
  }
}

function sorted(results: readonly RecipientResult[]): Pick<AttemptOutcome, 'refused' | 'deferred'> {
  return {
    refused: results.filter(({ code }) => code >= 500),
    deferred: results.filter(({ code }) => code < 500),
  };
}

/** An error in the terms of an answer. RFC 3463 §3.5: 4.4.1 no answer, 5.6.0 the message itself. */
function answerOf(error: unknown, isForGood: boolean): Omit<RecipientResult, 'address'> {
  const details = isRoundhouseError(error) ? error.details : {};
  const said = Number(details['status']);
  const code = Number.isInteger(said) && said >= 400 && said < 600 ? said : isForGood ? 554 : 451;
  const enhanced = typeof details['enhanced'] === 'string' ? details['enhanced'] : isForGood ? '5.6.0' : '4.4.1';
  return { code, enhanced, text: printable(error instanceof Error ? error.message : String(error)) };
}
