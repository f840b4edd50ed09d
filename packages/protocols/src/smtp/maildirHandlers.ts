import { createReadStream } from 'node:fs';
import type { Clock } from '@roundhouse/core';
import type { Chunks } from '../mail/durable.ts';
import { openMaildir, type PendingMail } from './maildir.ts';
import type { IncomingMessage, MailRecipient, SmtpHandlers, SmtpPeer } from './serverOptions.ts';
import { traceHeaders } from './traceHeaders.ts';

export interface MaildirHandlersOptions {
  /** The folder of a recipient's mailbox, absolute; null for a recipient that is not here. */
  readonly directoryOf: (recipient: string, peer: SmtpPeer) => string | null | Promise<string | null>;
  /** Name of this server, for trace headers and names of files. */
  readonly hostname: string;
}

/**
 * Handlers of a mail server that deliver to Maildirs. A message is answered when it is durable in every mailbox; one
 * that fails for a recipient is in none of them.
 */
export function maildirHandlers(
  { directoryOf, hostname }: MaildirHandlersOptions,
  { clock, processId }: { readonly clock: Clock; readonly processId: number },
): Required<Pick<SmtpHandlers, 'recipient' | 'message'>> {
  return {
    async recipient({ address }: MailRecipient, _sender, peer) {
      if ((await directoryOf(address, peer)) !== null) return undefined;
      return { code: 550, enhanced: '5.1.1', text: 'There is no such mailbox here' };
    },
    async message(message, peer, scope) {
      const pending: PendingMail[] = [];
      try {
        const trace = traceHeaders(message, peer, { hostname, clock });
        for (const directory of await directories(message, peer, directoryOf)) {
          const maildir = await openMaildir({ directory, hostname, processId }, clock);
          const [first] = pending;
          const text: Chunks = first === undefined ? behind(trace, message.text) : createReadStream(first.path);
          pending.push(await maildir.write(text, scope));
        }
        for (const each of pending) await each.commit();
        return undefined;
      } catch (error) {
        for (const each of pending) await each.discard();
        throw error;
      }
    },
  };
}

async function directories(
  { recipients }: IncomingMessage,
  peer: SmtpPeer,
  directoryOf: MaildirHandlersOptions['directoryOf'],
): Promise<readonly string[]> {
  const all = await Promise.all(recipients.map(async ({ address }) => directoryOf(address, peer)));
  return [...new Set(all.filter((directory) => directory !== null))];
}

async function* behind(head: string, text: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield Buffer.from(head);
  yield* text;
}
