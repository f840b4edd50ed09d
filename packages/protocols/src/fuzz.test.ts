import { FUZZ_CASES } from '@roundhouse/testing';
import { describe, it } from 'vitest';
import { FUZZ as dns } from './dns/dns.fuzz.fixture.ts';
import { FUZZ as grpc } from './grpc/grpc.fuzz.fixture.ts';
import { FUZZ as http } from './http/http.fuzz.fixture.ts';
import { FUZZ as imap } from './imap/imap.fuzz.fixture.ts';
import { FUZZ as conversations } from './mail/conversation.fuzz.fixture.ts';
import { FUZZ as mail } from './mail/mail.fuzz.fixture.ts';
import { FUZZ as net } from './net.fuzz.fixture.ts';
import { FUZZ as probe } from './probe/probe.fuzz.fixture.ts';
import { FUZZ as webSocket } from './websocket/websocket.fuzz.fixture.ts';

/** As many cases as one asks for take as long as they take. */
const TIMEOUT = { timeout: 60_000 + FUZZ_CASES * 10 };

describe('whatever is put in,', () => {
  for (const { parser, promise, check } of [
    ...net,
    ...dns,
    ...http,
    ...mail,
    ...conversations,
    ...imap,
    ...webSocket,
    ...grpc,
    ...probe,
  ])
    it(`${parser}: ${promise}`, TIMEOUT, () => check(FUZZ_CASES));
});
