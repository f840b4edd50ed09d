import type { Scope } from '@roundhouse/core';
import { clientContract } from '@roundhouse/testing';
import { describe, it } from 'vitest';
import { authority, mailboxSubject } from '../mail/mailboxSubject.fixture.ts';
import { connectPop3, type Pop3Client } from './index.ts';
import { playMailbox } from './mailbox.fixture.ts';

const requests = {
  'that asks for little': (session: Pop3Client, scope: Scope) => session.stat(scope),
  'that reads a message': (session: Pop3Client, scope: Scope) => session.download(1, scope),
};

describe.each(Object.entries(requests))('the contract of clients, held by that of POP3 %s', (_name, request) => {
  const subject = mailboxSubject({
    protocol: 'pop3',
    connect: connectPop3,
    play: (peer, starttls) =>
      playMailbox(peer, { messages: ['Subject: x\r\n\r\n.hello\r\n'], ...(starttls && { stls: starttls }) }),
    request,
  });
  for (const { title, run } of clientContract(subject, authority)) it(title, run);
});
