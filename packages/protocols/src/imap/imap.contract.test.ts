import type { Scope } from '@roundhouse/core';
import { clientContract } from '@roundhouse/testing';
import { describe, it } from 'vitest';
import { authority, mailboxSubject } from '../mail/mailboxSubject.fixture.ts';
import { connectImap, type ImapClient } from './index.ts';
import { playMailbox } from './mailbox.fixture.ts';

const requests = {
  'that opens a mailbox': (session: ImapClient, scope: Scope) => session.select('INBOX', scope),
  'that reads a message': (session: ImapClient, scope: Scope) => session.download(10, {}, scope),
};

describe.each(Object.entries(requests))('the contract of clients, held by that of IMAP %s', (_name, request) => {
  const subject = mailboxSubject({
    protocol: 'imap',
    connect: connectImap,
    play: (peer, starttls) =>
      playMailbox(peer, { messages: ['Subject: x\r\n\r\nhello\r\n'], ...(starttls && { starttls }) }),
    request,
  });
  for (const { title, run } of clientContract(subject, authority)) it(title, run);
});
