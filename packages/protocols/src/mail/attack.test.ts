import { createScope, isRoundhouseError, type Scope } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { connectImap, type ImapClient } from '../imap/index.ts';
import { playMailbox as playImap } from '../imap/mailbox.fixture.ts';
import { connectPop3, type Pop3Client } from '../pop3/index.ts';
import { connectSmtp } from '../smtp/index.ts';
import { createTestWorld, playServer, type ScriptedPeer, type TestWorld } from './scriptedPeer.fixture.ts';

const IN_THE_CLEAR = { host: '127.0.0.1', security: 'off', allowsClearCredentials: true } as const;
const LOGIN = { user: 'anna', password: 'hunter2' };
const MIB = 1_048_576;
/** What a hostile server may make a client of these limits read: most is a list of POP3, which has 8 MiB. */
const MOST_READ = 12 * MIB;
const FLOOD = 64 * MIB;

/** Sends the same again and again, until it is not taken any more. How much was. */
async function flood(peer: ScriptedPeer, bytes: Buffer): Promise<number> {
  let taken = 0;
  while (peer.transport.state === 'open' && taken < FLOOD) {
    const { promise, resolve } = Promise.withResolvers<void>();
    peer.transport.write(bytes, () => resolve());
    const isTaken = await Promise.race([promise.then(() => true), turns(300).then(() => false)]);
    if (!isTaken) break;
    taken += bytes.byteLength;
  }
  return taken;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A server that does all right until it is asked for `verb`: then it says `start`, and floods with the rest. */
function hostile(
  world: TestWorld,
  good: (peer: ScriptedPeer, attack: (start: string) => Promise<void>) => Promise<void>,
  rest: Buffer,
) {
  const report = { read: 0 };
  const server = playServer(world, (peer) =>
    good(peer, async (start) => {
      peer.write(start);
      report.read = await flood(peer, rest);
      peer.transport.destroy();
    }),
  );
  return { server, report };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'nothing';
  } catch (error) {
    return isRoundhouseError(error) ? error.code : String(error);
  }
}

/** While the client meets its hostile server another one is served by a good one. */
async function imapBeside(world: TestWorld, scope: Scope): Promise<() => Promise<void>> {
  const { port } = await playServer(world, (peer) => playImap(peer, { messages: ['Subject: x\r\n\r\n'] }));
  const client = await connectImap({ ...IN_THE_CLEAR, port, login: LOGIN }, scope, world.runtime);
  return () => client.noop(scope);
}

const line = (text: string): Buffer => Buffer.from(`${text}\r\n`.repeat(1_000), 'latin1');
const blob = (character: string): Buffer => Buffer.alloc(65_536, character);

describe('our IMAP client limits', () => {
  it.each<[string, string, Buffer, string, (client: ImapClient, scope: Scope) => Promise<unknown>]>([
    [
      'a literal of 4 GiB',
      '* LIST () "/" {4294967295}\r\n',
      blob('a'),
      'MESSAGE_TOO_LARGE',
      (client, scope) => client.list('*', scope),
    ],
    [
      'a literal beyond all numbers',
      '* LIST () "/" {99999999999999999999}\r\n',
      blob('a'),
      'PROTOCOL_VIOLATION',
      (client, scope) => client.list('*', scope),
    ],
    [
      'a line without an end',
      '* LIST () "/" "',
      blob('a'),
      'MESSAGE_TOO_LARGE',
      (client, scope) => client.list('*', scope),
    ],
    [
      'lists within lists without an end',
      '* LIST ',
      blob('('),
      'PROTOCOL_VIOLATION',
      (client, scope) => client.list('*', scope),
    ],
    [
      'answers without an end',
      '',
      line('* LIST () "/" x'),
      'MESSAGE_TOO_LARGE',
      (client, scope) => client.list('*', scope),
    ],
    [
      'literals of nothing without an end',
      '* LIST () "/" x',
      Buffer.from(' {0}\r\n'.repeat(1_000)),
      'MESSAGE_TOO_LARGE',
      (client, scope) => client.list('*', scope),
    ],
  ])('%s', async (_title, start, rest, code, request) => {
    const world = createTestWorld();
    const scope = createScope({ clock: world.clock });
    const beside = await imapBeside(world, scope);
    const good = (peer: ScriptedPeer, attack: (text: string) => Promise<void>): Promise<void> =>
      playImap(peer, { answers: { LIST: () => attack(start) } });
    const { server, report } = hostile(world, good, rest);
    const { port } = await server;
    const client = await connectImap(
      { ...IN_THE_CLEAR, port, login: LOGIN, maxAnswerBytes: MIB, maxMessageBytes: MIB },
      scope,
      world.runtime,
    );
    const failing = codeOf(request(client, scope));
    await beside();
    const got = await failing;
    await beside();
    expect([code, 'PROTOCOL_VIOLATION', 'MESSAGE_TOO_LARGE']).toContain(got);
    expect(client.state).toBe('closed');
    await turns(50);
    expect(report.read).toBeLessThan(MOST_READ);
    scope.end();
  });
});

describe('our POP3 client limits', () => {
  it.each<[string, string, Buffer, (client: Pop3Client) => Promise<unknown>]>([
    ['a message without an end', '+OK\r\n', line('a'.repeat(70)), (client) => client.download(1)],
    ['a message of one line without an end', '+OK\r\n', blob('a'), (client) => client.download(1)],
    ['an answer without an end', '+OK', blob('a'), (client) => client.download(1)],
    ['a list without an end', '+OK\r\n', line('1 2'), (client) => client.list()],
    ['a line of a list without an end', '+OK\r\n', blob('1'), (client) => client.list()],
  ])('%s', async (_title, start, rest, request) => {
    const world = createTestWorld();
    const scope = createScope({ clock: world.clock });
    const beside = await imapBeside(world, scope);
    const good = async (peer: ScriptedPeer, attack: (text: string) => Promise<void>): Promise<void> => {
      peer.say('+OK ready');
      for (const answer of ['-ERR', '+OK', '+OK']) {
        await peer.hear();
        peer.say(answer);
      }
      await peer.hear();
      await attack(start);
    };
    const { server, report } = hostile(world, good, rest);
    const { port } = await server;
    const client = await connectPop3(
      { ...IN_THE_CLEAR, port, login: LOGIN, maxMessageBytes: MIB },
      scope,
      world.runtime,
    );
    const failing = codeOf(request(client));
    await beside();
    expect(['MESSAGE_TOO_LARGE', 'PROTOCOL_VIOLATION']).toContain(await failing);
    await beside();
    expect(client.state).toBe('closed');
    await turns(50);
    expect(report.read).toBeLessThan(MOST_READ);
    scope.end();
  });
});

describe('our SMTP client limits', () => {
  it.each<[string, string, Buffer]>([
    ['a greeting without an end', '220-', blob('a')],
    ['lines of a greeting without an end', '', line('220-a')],
    ['lines of nothing', '', line('')],
  ])('%s', async (_title, start, rest) => {
    const world = createTestWorld();
    const scope = createScope({ clock: world.clock });
    const beside = await imapBeside(world, scope);
    const { server, report } = hostile(world, (_peer, attack) => attack(start), rest);
    const { port } = await server;
    const failing = codeOf(connectSmtp({ ...IN_THE_CLEAR, port }, scope, world.runtime));
    await beside();
    expect(['MESSAGE_TOO_LARGE', 'PROTOCOL_VIOLATION']).toContain(await failing);
    await beside();
    await turns(50);
    expect(report.read).toBeLessThan(MOST_READ);
    scope.end();
  });
});
