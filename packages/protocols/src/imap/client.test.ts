import { createScope } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { createTestWorld, playServer, type ScriptedPeer, type TestWorld, until } from '../mail/scriptedPeer.fixture.ts';
import { connectImap, type ImapClient, type ImapConnectOptions, type ImapEvent } from './index.ts';
import { CAPABILITIES, type FixtureOptions, playMailbox } from './mailbox.fixture.ts';

const LOGIN = { user: 'anna', password: 'hunter2' };
const MESSAGE = 'Subject: one\r\n\r\nhello {3}\r\n';

interface Opened {
  readonly world: TestWorld;
  readonly connecting: Promise<ImapClient>;
  readonly peer: () => ScriptedPeer;
}

async function opened(
  script: FixtureOptions | ((peer: ScriptedPeer) => Promise<void>) = { messages: [MESSAGE] },
  options: Partial<ImapConnectOptions> = {},
): Promise<Opened> {
  const world = createTestWorld();
  const play = typeof script === 'function' ? script : (peer: ScriptedPeer) => playMailbox(peer, script);
  const server = await playServer(world, play);
  const connecting = connectImap(
    { host: '127.0.0.1', port: server.port, security: 'off', allowsClearCredentials: true, login: LOGIN, ...options },
    createScope({ clock: world.clock }),
    world.runtime,
  );
  return { world, connecting, peer: () => server.peers[0] as ScriptedPeer };
}

/** A client, and what its commands were, without their tags. */
async function client(...args: Parameters<typeof opened>) {
  const { world, connecting, peer } = await opened(...args);
  const mailbox = await connecting;
  return {
    client: mailbox,
    world,
    peer: peer(),
    heard: () => peer().heard.map((line) => line.replace(/^[AL]\d+ /, '')),
  };
}

const saying =
  (answers: NonNullable<FixtureOptions['answers']>, more: FixtureOptions = {}) =>
  (peer: ScriptedPeer): Promise<void> =>
    playMailbox(peer, { ...more, answers });

describe('a log-in', () => {
  it('says PLAIN at once where the server takes it so', async () => {
    const { client: mailbox, heard } = await client();
    expect(heard()).toEqual(['CAPABILITY', 'AUTHENTICATE PLAIN AGFubmEAaHVudGVyMg==', 'CAPABILITY']);
    await mailbox.drain();
  });

  it('waits to be asked where it does not', async () => {
    const { client: mailbox, peer } = await client(async (peer) => {
      await playMailbox(peer, {
        capabilities: ['AUTH=PLAIN'],
        answers: {
          AUTHENTICATE: async (tag) => {
            peer.say('+ ');
            expect(await peer.hear()).toBe('AGFubmEAaHVudGVyMg==');
            peer.say(`${tag} OK`);
          },
        },
      });
    });
    expect(peer.heard).toContain('L2 AUTHENTICATE PLAIN');
    await mailbox.drain();
  });

  it('uses LOGIN where there is no mechanism, and not where that is disabled', async () => {
    const { client: mailbox, heard } = await client({ capabilities: [] });
    expect(heard()).toContain('LOGIN "anna" "hunter2"');
    await mailbox.drain();
    const { connecting, peer } = await opened({ capabilities: ['LOGINDISABLED'] });
    await expect(connecting).rejects.toMatchObject({ code: 'PEER_LOGIN_REFUSED' });
    expect(peer().heard).toEqual(['L1 CAPABILITY']);
  });

  it('ends what a token is refused with by an empty line', async () => {
    const heard: string[] = [];
    const { connecting } = await opened(
      async (peer) => {
        await playMailbox(peer, {
          capabilities: ['AUTH=XOAUTH2', 'SASL-IR'],
          answers: {
            AUTHENTICATE: async (tag) => {
              peer.say(`+ ${Buffer.from('{"status":"401"}').toString('base64')}`);
              heard.push(await peer.hear());
              peer.say(`${tag} NO [AUTHENTICATIONFAILED] expired`);
            },
          },
        });
      },
      { login: { user: 'anna', token: 'geheim' } },
    );
    await expect(connecting).rejects.toMatchObject({ code: 'PEER_LOGIN_REFUSED', phase: 'authenticate' });
    expect(heard).toEqual(['']);
  });

  it('that is refused does not tell the password, whatever the server says', async () => {
    const { connecting } = await opened({ capabilities: [] }, { login: { user: 'anna', password: 'geheim' } });
    const error = await connecting.catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'PEER_LOGIN_REFUSED' });
    expect(JSON.stringify(error) + String(error)).not.toContain('geheim');
  });

  it('that may succeed later says so', async () => {
    const refuse = (peer: ScriptedPeer): Promise<void> =>
      playMailbox(peer, { answers: { AUTHENTICATE: (tag) => peer.say(`${tag} NO [UNAVAILABLE] later`) } });
    const { connecting } = await opened(refuse);
    await expect(connecting).rejects.toMatchObject({ code: 'PEER_UNAVAILABLE', retryable: true });
  });

  it.each([
    ['* BYE too many', 'PEER_UNAVAILABLE'],
    ['HTTP/1.1 400 Bad Request', 'PROTOCOL_VIOLATION'],
    ['A1 OK me', 'PROTOCOL_VIOLATION'],
    ['* 5 EXISTS', 'PROTOCOL_VIOLATION'],
  ])('does not begin behind the greeting %s', async (greeting, code) => {
    const { connecting, peer } = await opened(async (peer) => peer.say(greeting));
    await expect(connecting).rejects.toMatchObject({ code, peer: expect.stringContaining('127.0.0.1') });
    expect(peer().heard).toEqual([]);
  });
});

describe('TLS that is required', () => {
  const required = { security: 'required' } as const;

  it.each([
    ['a server that knows the client already (CVE-2020-12398)', '* PREAUTH welcome', 'STARTTLS'],
    ['a server without STARTTLS', '* OK ready', 'IDLE'],
  ])('is not had from %s, and nothing secret is said', async (_what, greeting, offered) => {
    const { connecting, peer } = await opened(async (peer) => {
      peer.say(greeting);
      await peer.hear();
      peer.say(`* CAPABILITY IMAP4rev1 AUTH=PLAIN ${offered}`, 'L1 OK');
      await peer.hear();
    }, required);
    await expect(connecting).rejects.toMatchObject({ code: 'TLS_REFUSED' });
    expect(peer().heard).toEqual(['L1 CAPABILITY']);
  });

  it('is given up when something stands behind the agreement (CVE-2011-0411)', async () => {
    const { connecting, peer } = await opened(async (peer) => {
      peer.say('* OK ready');
      await peer.hear();
      peer.say('* CAPABILITY IMAP4rev1 STARTTLS', 'L1 OK');
      await peer.hear();
      peer.say('L2 OK go', '* CAPABILITY IMAP4rev1 AUTH=PLAIN');
    }, required);
    await expect(connecting).rejects.toMatchObject({ code: 'TLS_REFUSED' });
    expect(peer().heard).toEqual(['L1 CAPABILITY', 'L2 STARTTLS']);
  });
});

describe('a mailbox', () => {
  it('is known as far as the server tells, also while other things are done', async () => {
    const { client: mailbox, peer } = await client();
    expect(await mailbox.select('INBOX')).toEqual({
      name: 'INBOX',
      isReadOnly: false,
      messages: 1,
      uidValidity: 7,
      uidNext: 20,
      flags: ['\\Seen', '\\Deleted'],
      permanentFlags: ['\\Seen', '\\Deleted', '\\*'],
      highestModSeq: null,
    });
    peer.say('* 3 EXISTS', '* 1 EXPUNGE', '* 1 FETCH (FLAGS (\\Seen))');
    await mailbox.noop();
    expect(mailbox.mailbox?.messages).toBe(2);
    await mailbox.drain();
  });

  it('that cannot be opened leaves none open', async () => {
    const { client: mailbox } = await client((peer) =>
      saying({ EXAMINE: (tag) => peer.say(`${tag} NO [NONEXISTENT] none`) })(peer),
    );
    await mailbox.select('INBOX');
    await expect(mailbox.examine('x')).rejects.toMatchObject({
      code: 'PEER_NOT_FOUND',
      remote: { status: 'NONEXISTENT', text: 'none' },
    });
    expect(mailbox.mailbox).toBe(null);
    expect(mailbox.state).toBe('open');
    await mailbox.drain();
  });

  it('is named in the form of IMAP4rev1, and as it is where there is only IMAP4rev2', async () => {
    const { client: mailbox, heard } = await client();
    await mailbox.create('Entwürfe "x"');
    expect(heard()).toContain('CREATE "Entw&APw-rfe \\"x\\""');
    await mailbox.drain();
    const { client: second, peer } = await client((peer) =>
      saying({
        CAPABILITY: (tag) => peer.say('* CAPABILITY IMAP4rev2 AUTH=PLAIN', `${tag} OK`),
        CREATE: async (tag) => {
          await peer.hear();
          peer.say(`${tag} OK`);
        },
      })(peer),
    );
    await second.create('Entwürfe');
    expect(peer.heard.slice(-2)).toEqual(['A1 CREATE {9+}', 'Entwürfe']);
    await second.drain();
  });

  it('is searched, with texts that are not ASCII sent when the server asks for them', async () => {
    const { client: mailbox, peer } = await client((peer) =>
      saying({
        UID: async (tag) => {
          peer.say('+ go');
          await peer.hear();
          peer.say('* SEARCH 4 2 (MODSEQ 9)', '* SEARCH 7', `${tag} OK`);
        },
      })(peer),
    );
    expect(await mailbox.search({ subject: 'Grüße' })).toEqual([4, 2, 7]);
    expect(peer.heard.slice(-2)).toEqual(['A1 UID SEARCH CHARSET UTF-8 SUBJECT {7}', 'Grüße']);
    await mailbox.drain();
  });

  it('tells apart what was asked and what others changed meanwhile', async () => {
    const { client: mailbox } = await client((peer) =>
      saying({
        UID: (tag) =>
          peer.say(
            '* 2 FETCH (FLAGS (\\Seen))',
            '* 2 FETCH (UID 20 FLAGS (\\Seen))',
            '* 1 FETCH (RFC822.SIZE 7 UID 10 FLAGS ())',
            `${tag} OK`,
          ),
      })(peer),
    );
    const messages = await mailbox.fetch([10], { bytes: true });
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatchObject({ uid: 10, bytes: 7 });
    expect(await mailbox.fetch([], { bytes: true })).toEqual([]);
    await mailbox.drain();
  });

  it('does not offer what its server does not', async () => {
    const { client: mailbox, heard } = await client({ capabilities: ['AUTH=PLAIN', 'SASL-IR'] });
    const before = heard().length;
    const calls = [
      () => mailbox.move(1, 'x'),
      () => mailbox.expunge(1),
      () => mailbox.idle(() => {}),
      () => mailbox.identify(),
      () => mailbox.namespaces(),
      () => mailbox.fetch(1, { modSeq: true }),
      () => mailbox.store(1, { action: 'add', flags: [], unchangedSince: 1n }),
    ];
    for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'NOT_SUPPORTED' });
    expect(heard()).toHaveLength(before);
    await mailbox.drain();
  });

  it('is lost with the words of a server that leaves', async () => {
    const { client: mailbox } = await client((peer) => saying({ NOOP: () => peer.say('* BYE maintenance') })(peer));
    await expect(mailbox.noop()).rejects.toMatchObject({
      code: 'PEER_UNAVAILABLE',
      remote: { status: 'BYE', text: 'maintenance' },
      retryable: true,
    });
    expect(mailbox.state).toBe('closed');
  });

  it.each([
    ['an answer to no command', 'A99 OK'],
    ['a wait for nothing', '+ go on'],
    ['a FETCH of nothing', '* FETCH (FLAGS ())'],
    ['a FETCH that is none', '* 1 FETCH (UID (5))'],
    ['an EXISTS without a number', '* EXISTS'],
  ])('is given up behind %s', async (_what, line) => {
    const { client: mailbox } = await client((peer) => saying({ NOOP: (tag) => peer.say(line, `${tag} OK`) })(peer));
    await mailbox.select('INBOX');
    await expect(mailbox.noop()).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION' });
    expect(mailbox.state).toBe('closed');
  });
});

describe('the text of a message', () => {
  it('comes whole, whatever stands in it', async () => {
    const { client: mailbox } = await client();
    expect(Buffer.from(await mailbox.download(10)).toString()).toBe(MESSAGE);
    await expect(mailbox.download(30)).rejects.toMatchObject({ code: 'PEER_NOT_FOUND' });
    expect(mailbox.state).toBe('open');
    await mailbox.drain();
  });

  it('is dropped where its reader left it', async () => {
    const { client: mailbox } = await client();
    expect(await mailbox.retrieve(10, async () => 'enough')).toBe('enough');
    expect(Buffer.from(await mailbox.download(10)).toString()).toBe(MESSAGE);
    await mailbox.drain();
  });

  it('comes too when it is so short that it is quoted, and not when it is NIL', async () => {
    const { client: mailbox } = await client((peer) =>
      saying({
        UID: (tag, line) =>
          peer.say(`* 1 FETCH (BODY[1]${line.includes('<0') ? '<0> "ab"' : ' NIL'} UID 10)`, `${tag} OK`),
      })(peer),
    );
    const short = await mailbox.download(10, { section: '1', range: { from: 0, bytes: 2 } });
    expect(Buffer.from(short).toString()).toBe('ab');
    await expect(mailbox.download(10, { section: '1' })).rejects.toMatchObject({ code: 'PEER_NOT_FOUND' });
    await mailbox.drain();
  });

  it('is not read before its reader wants it, and holds the server back', async () => {
    const piece = Buffer.alloc(65_536, 0x61);
    const count = 128;
    let taken = 0;
    const { client: mailbox } = await client((peer) =>
      saying({
        UID: async (tag) => {
          peer.write(`* 1 FETCH (UID 10 BODY[] {${piece.byteLength * count}}\r\n`);
          for (let at = 0; at < count; at++) {
            await new Promise<void>((resolve) => void peer.transport.write(Buffer.from(piece), () => resolve()));
            taken += 1;
          }
          peer.write(`)\r\n${tag} OK\r\n`);
        },
      })(peer),
    );
    const gate = Promise.withResolvers<void>();
    let bytes = 0;
    const reading = mailbox.retrieve(10, async (text) => {
      for await (const each of text) {
        if (bytes === 0) await gate.promise;
        bytes += each.byteLength;
      }
    });
    await until(() => taken > 0, 'the first piece');
    for (let turn = 0; turn < 2_000; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toBeLessThan(count / 2);
    gate.resolve();
    await reading;
    expect(bytes).toBe(piece.byteLength * count);
    await mailbox.drain();
  });

  it('that is too large, or whose reader fails, costs the connection', async () => {
    const { client: mailbox } = await client({ messages: [MESSAGE] }, { maxMessageBytes: 5 });
    await expect(mailbox.download(10)).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    expect(mailbox.state).toBe('closed');
    const { client: second } = await client();
    const failing = second.retrieve(10, () => Promise.reject(new Error('the disk is full')));
    await expect(failing).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(second.state).toBe('closed');
  });

  it('and all answers to one command are bounded in memory', async () => {
    const line = `* 1 FETCH (UID 10 ENVELOPE {6000}\r\n${'x'.repeat(6_000)})\r\n`;
    const { client: mailbox } = await client((peer) => saying({ UID: () => peer.write(line) })(peer), {
      maxAnswerBytes: 5_000,
    });
    await expect(mailbox.fetch(10, { envelope: true })).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    const { client: second } = await client(
      (peer) => saying({ UID: () => peer.write('* 1 FETCH (UID 10 FLAGS ())\r\n'.repeat(1_000)) })(peer),
      { maxAnswerBytes: 5_000 },
    );
    await expect(second.fetch(10, { flags: true })).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
  });
});

describe('a message that is put in', () => {
  const APPEND = 'APPEND "INBOX" (\\Seen) "22-Nov-2026 09:05:00 +0000"';
  const options = { flags: ['\\Seen'], receivedAt: new Date('2026-11-22T09:05:00Z') };

  it.each([
    ['is sent when the server asks for it', [], '{5}'],
    ['goes at once where the server takes it so (RFC 7888)', ['LITERAL+'], '{5+}'],
    ['goes at once when it is small (RFC 7888 §5)', ['LITERAL-'], '{5+}'],
  ])('%s', async (_title, more, announced) => {
    let text = '';
    const { client: mailbox, heard } = await client((peer) =>
      saying(
        {
          APPEND: async (tag, line) => {
            if (line.endsWith('{5}')) peer.say('+ go');
            text = await peer.hearBytes(5);
            expect(await peer.hear()).toBe('');
            peer.say(`${tag} OK [APPENDUID 38505 3955] done`);
          },
        },
        { capabilities: [...CAPABILITIES, ...more] },
      )(peer),
    );
    const at = await mailbox.append('INBOX', Buffer.from('a\r\nb\r'), options);
    expect(at).toEqual({ uidValidity: 38_505, uid: 3_955 });
    expect(text).toBe('a\r\nb\r');
    expect(heard()).toContain(`${APPEND} ${announced}`);
    await mailbox.drain();
  });

  it('is not sent when the server refuses it before', async () => {
    const { client: mailbox, peer } = await client((peer) =>
      saying({ APPEND: (tag) => peer.say(`${tag} NO [TRYCREATE] none`) })(peer),
    );
    let isAsked = false;
    const chunks = async function* () {
      isAsked = true;
      yield Buffer.from('hello');
    };
    await expect(mailbox.append('x', { bytes: 5, chunks: chunks() })).rejects.toMatchObject({ code: 'PEER_NOT_FOUND' });
    expect(isAsked).toBe(false);
    await mailbox.noop();
    expect(peer.heard.at(-1)).toBe('A2 NOOP');
    await mailbox.drain();
  });

  it.each([
    ['longer', 'hello A9 DELETE INBOX'],
    ['shorter', 'hi'],
  ])('and is %s than was said costs the connection, and is no command', async (_what, text) => {
    const { client: mailbox, peer } = await client((peer) => saying({ APPEND: () => peer.say('+ go') })(peer));
    const appending = mailbox.append('x', { bytes: 5, chunks: [Buffer.from(text)] });
    await expect(appending).rejects.toMatchObject({ code: 'NET_OPTION_INVALID' });
    expect(mailbox.state).toBe('closed');
    expect(peer.heard.join('\n')).not.toContain('DELETE');
  });
});

describe('IDLE', () => {
  const idling =
    (tags: string[]) =>
    (peer: ScriptedPeer): Promise<void> =>
      saying({
        IDLE: async (tag) => {
          tags.push(tag);
          peer.say('+ idling');
          expect(await peer.hear()).toBe('DONE');
          peer.say(`${tag} OK`);
        },
      })(peer);

  it('tells what happens, is said anew before its time is over, and ends with its scope', async () => {
    const tags: string[] = [];
    const { client: mailbox, world, peer, heard } = await client(idling(tags), { idleRenewMs: 60_000 });
    await mailbox.select('INBOX');
    const scope = createScope({ clock: world.clock });
    const events: ImapEvent[] = [];
    const idle = mailbox.idle((event) => {
      events.push(event);
      if (event.type === 'exists') peer.say('* 4 FETCH (FLAGS (\\Seen) UID 40)');
    }, scope);
    const waiting = mailbox.noop();
    await until(() => tags.length === 1, 'IDLE');
    peer.say('* 4 EXISTS', '* OK still here');
    await until(() => events.length === 2, 'the events');
    peer.say('* 2 EXPUNGE');
    await until(() => events.length === 3, 'the removal');
    expect(events).toEqual([
      { type: 'exists', messages: 4 },
      { type: 'flags', number: 4, uid: 40, flags: ['\\Seen'], modSeq: null },
      { type: 'expunged', number: 2 },
    ]);
    await world.clock.advance(60_000);
    await until(() => tags.length === 2, 'the second IDLE');
    scope.end();
    await idle;
    await waiting;
    expect(heard().slice(-5)).toEqual(['IDLE', 'DONE', 'IDLE', 'DONE', 'NOOP']);
    expect(mailbox.mailbox?.messages).toBe(3);
    await mailbox.drain();
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('ends well when the session is drained', async () => {
    const tags: string[] = [];
    const { client: mailbox, world, heard } = await client(idling(tags));
    const idle = mailbox.idle(() => {});
    await until(() => tags.length === 1, 'IDLE');
    expect(await mailbox.drain()).toMatchObject({ cut: 0 });
    await idle;
    expect(heard().slice(-2)).toEqual(['DONE', 'LOGOUT']);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('fails with what ended the connection', async () => {
    const tags: string[] = [];
    const { client: mailbox, peer, world } = await client(idling(tags));
    const idle = mailbox.idle(() => {});
    idle.catch(() => {});
    await until(() => tags.length === 1, 'IDLE');
    peer.transport.destroy();
    await expect(idle).rejects.toMatchObject({ code: 'CONNECTION_LOST', sent: 'all' });
    expect(mailbox.state).toBe('closed');
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('fails in time when a server does not take leave of it', async () => {
    const said: string[] = [];
    const { client: mailbox, world } = await client((peer) =>
      saying({
        IDLE: async () => {
          peer.say('+ idling');
          said.push(await peer.hear());
          said.push(await peer.hear());
        },
      })(peer),
    );
    const scope = createScope({ clock: world.clock });
    const idle = mailbox.idle(() => {}, scope);
    idle.catch(() => {});
    await until(() => mailbox.inFlight === 1, 'IDLE');
    scope.end();
    await until(() => said.length === 1, 'DONE');
    await world.clock.advance(30_000);
    await expect(idle).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(mailbox.state).toBe('closed');
  });
});

describe('options', () => {
  it.each<[string, Partial<ImapConnectOptions>]>([
    ['a name with a line end', { login: { user: 'a\r\nA1 LOGOUT', password: 'x' } }],
    ['no name', { login: { user: '', password: 'x' } }],
    ['a password with a NUL', { login: { user: 'a', password: 'x\0' } }],
    ['IDLE for longer than servers wait', { idleRenewMs: 1_800_000 }],
    ['messages of no size', { maxMessageBytes: 0 }],
    ['answers of no size', { maxAnswerBytes: 1 }],
  ])('are refused: %s', async (_what, given) => {
    const { connecting } = await opened({}, given);
    await expect(connecting).rejects.toMatchObject({ code: 'NET_OPTION_INVALID' });
  });
});
