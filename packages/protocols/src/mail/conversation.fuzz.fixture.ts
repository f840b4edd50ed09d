import assert from 'node:assert/strict';
import { createScope, type Scope } from '@roundhouse/core';
import type { Drainable } from '@roundhouse/net';
import { codedOnlyLater, cuts, fuzzTarget, type FuzzTarget, piecesOf, wordsAndNoise } from '@roundhouse/testing';
import fc from 'fast-check';
import { connectImap } from '../imap/index.ts';
import { connectPop3 } from '../pop3/index.ts';
import { connectSmtp, readWhole, serveSmtp } from '../smtp/index.ts';
import { createTestWorld, playClient, playServer, type TestWorld } from './scriptedPeer.fixture.ts';

const CLIENT_WORDS = [
  'EHLO a.b\r\n',
  'MAIL FROM:<a@b.c>\r\n',
  'RCPT TO:<d@e.f>\r\n',
  'DATA\r\n',
  'text\r\n',
  '.\r\n',
  '\r\n',
  'BDAT 3\r\n',
  'BDAT 2 LAST\r\n',
  'RSET\r\n',
  'NOOP\r\n',
  'AUTH PLAIN AGEAYg==\r\n',
  'AUTH LOGIN\r\n',
  'QUIT\r\n',
  'abc',
  '\n',
  '*\r\n',
  'STARTTLS\r\n',
];
/** Commands after which our server, as it is set here, takes two more between two messages. */
const FEW_LEFT = 100;
const NOOPS = Buffer.from('NOOP\r\n'.repeat(FEW_LEFT));
const SMTP_WORDS = [
  '220 a\r\n',
  '250-a\r\n',
  '250-SIZE 9\r\n',
  '250 AUTH PLAIN\r\n',
  '235 yes\r\n',
  '334 \r\n',
  '354 go\r\n',
  '550 5.1.1 no\r\n',
  '421 bye\r\n',
  '\r\n',
  '250',
];
const POP3_WORDS = [
  '+OK\r\n',
  '+OK 2 320\r\n',
  '-ERR [IN-USE] x\r\n',
  '.\r\n',
  '1 120\r\n',
  '..\r\n',
  'SASL PLAIN\r\n',
  '+ \r\n',
  '\r\n',
  'TOP\r\n',
  'x',
];
const IMAP_WORDS = [
  '* OK [CAPABILITY IMAP4rev1] a\r\n',
  '* PREAUTH a\r\n',
  '* CAPABILITY IMAP4rev2 AUTH=PLAIN SASL-IR\r\n',
  'L1 OK\r\n',
  'L2 OK\r\n',
  'L3 OK\r\n',
  'A1 OK\r\n',
  'A1 NO x\r\n',
  '+ \r\n',
  '* BYE x\r\n',
  '* 1 EXISTS\r\n',
  '* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n',
  '* LIST () "/" x\r\n',
  '{3}\r\n',
  '\r\n',
  '* ',
];
const LOGIN = { user: 'anna', password: 'hunter2' };
const IN_THE_CLEAR = { host: '127.0.0.1', security: 'off', allowsClearCredentials: true } as const;

/** No wait of the conversation may stay behind. */
async function concluded({ clock }: TestWorld): Promise<void> {
  await clock.advance(600_000);
  assert.equal(clock.pendingTimers, 0);
}

/** Our client meets a server that says these bytes and ends, whatever it is told. */
async function meet<Session extends Drainable>(
  answers: Buffer,
  lengths: readonly number[],
  connect: (port: number, world: TestWorld, scope: Scope) => Promise<Session>,
  request: (session: Session, scope: Scope) => Promise<unknown>,
): Promise<void> {
  const world = createTestWorld();
  const server = await playServer(world, async (peer) => {
    for (const piece of piecesOf(answers, lengths)) if (piece.length > 0) peer.write(Uint8Array.from(piece));
    await peer.transport.close();
  });
  const scope = createScope({ clock: world.clock });
  const session = await codedOnlyLater(() => connect(server.port, world, scope));
  if (session !== undefined) await codedOnlyLater(() => request(session, scope));
  session?.abort();
  for (const peer of server.peers) peer.transport.destroy();
  scope.end();
  await concluded(world);
}

async function serveBytes(noops: number, bytes: Buffer, lengths: readonly number[]): Promise<void> {
  const world = createTestWorld();
  const server = await serveSmtp(
    {
      hostname: 'mx.example.com',
      allowsClearAuth: true,
      limits: { maxErrors: 5, maxMessageBytes: 50, maxRecipients: 2, maxCommands: 1 },
    },
    {
      authenticate: () => true,
      recipient: () => undefined,
      message: async ({ text }, _peer, own) => {
        assert.ok((await readWhole(text, own)).byteLength <= 50);
        return undefined;
      },
    },
    world.runtime,
  );
  const peer = await playClient(world, server.port);
  if (noops > 0) peer.write(NOOPS.subarray(0, noops * 'NOOP\r\n'.length));
  for (const piece of piecesOf(bytes, lengths)) if (piece.length > 0) peer.write(Uint8Array.from(piece));
  void peer.transport.close();
  const heard = await peer.hearRest();
  for (const line of heard.split('\r\n').slice(0, -1)) assert.match(line, /^[2-5]\d\d[ -]/);
  peer.transport.destroy();
  server.abort();
  await concluded(world);
}

export const FUZZ: readonly FuzzTarget[] = [
  fuzzTarget(
    'SMTP conversations, our server',
    'have an answer to each line, of three digits; no message beyond its limit is handed over',
    fc.asyncProperty(fc.constantFrom(0, 0, 0, FEW_LEFT), wordsAndNoise(CLIENT_WORDS, 14), cuts, serveBytes),
  ),
  fuzzTarget(
    'SMTP conversations, our client',
    'end in success or a coded error, whatever the server says; no timer stays behind',
    fc.asyncProperty(wordsAndNoise(SMTP_WORDS, 12), cuts, (answers, lengths) =>
      meet(
        answers,
        lengths,
        (port, { runtime }, scope) => connectSmtp({ ...IN_THE_CLEAR, port, auth: LOGIN }, scope, runtime),
        (session, scope) => session.noop(scope),
      ),
    ),
  ),
  fuzzTarget(
    'POP3 conversations, our client',
    'end in success or a coded error, whatever the server says; no timer stays behind',
    fc.asyncProperty(wordsAndNoise(POP3_WORDS, 12), cuts, (answers, lengths) =>
      meet(
        answers,
        lengths,
        (port, { runtime }, scope) => connectPop3({ ...IN_THE_CLEAR, port, login: LOGIN }, scope, runtime),
        (session) => session.download(1),
      ),
    ),
  ),
  fuzzTarget(
    'IMAP conversations, our client',
    'end in success or a coded error, whatever the server says; no timer stays behind',
    fc.asyncProperty(wordsAndNoise(IMAP_WORDS, 12), cuts, (answers, lengths) =>
      meet(
        answers,
        lengths,
        (port, { runtime }, scope) => connectImap({ ...IN_THE_CLEAR, port, login: LOGIN }, scope, runtime),
        (session) => session.list('*'),
      ),
    ),
  ),
];
