import { createHash } from 'node:crypto';
import { createScope } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { createTestWorld, playServer, type ScriptedPeer } from '../mail/scriptedPeer.fixture.ts';
import { capabilitiesOf } from './capabilities.ts';
import { connectPop3, type Pop3Client, type Pop3ConnectOptions } from './index.ts';
import { apopDigest, timestampOf } from './logIn.ts';
import { type FixtureOptions, playMailbox } from './mailbox.fixture.ts';
import { parseReply } from './reply.ts';

const LOGIN = { user: 'anna', password: 'hunter2' };
const MESSAGES = [
  'Subject: one\r\n\r\n.a dot\r\n..two\r\n\r\nend\r\n',
  'Subject: two\r\n\r\nx\r\n',
  'Subject: three\r\n\r\n',
];

async function opened(
  script: FixtureOptions | ((peer: ScriptedPeer) => Promise<void>) = { messages: MESSAGES },
  options: Partial<Pop3ConnectOptions> = {},
) {
  const world = createTestWorld();
  const play = typeof script === 'function' ? script : (peer: ScriptedPeer) => playMailbox(peer, script);
  const server = await playServer(world, play);
  const connecting = connectPop3(
    { host: '127.0.0.1', port: server.port, security: 'off', allowsClearCredentials: true, login: LOGIN, ...options },
    createScope({ clock: world.clock }),
    world.runtime,
  );
  return { world, server, connecting };
}

async function mailbox(
  ...args: Parameters<typeof opened>
): Promise<{ client: Pop3Client; heard: () => readonly string[] }> {
  const { server, connecting } = await opened(...args);
  const client = await connecting;
  return { client, heard: () => server.peers[0]?.heard ?? [] };
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

describe('a mailbox', () => {
  it('shows what is in it', async () => {
    const { client } = await mailbox();
    expect(await client.stat()).toEqual({ messages: 3, bytes: MESSAGES.join('').length });
    expect(await client.list()).toEqual(MESSAGES.map(({ length }, at) => ({ number: at + 1, bytes: length })));
    expect(await client.size(2)).toBe(MESSAGES[1]?.length);
    expect(await client.identify()).toEqual([1, 2, 3].map((number) => ({ number, id: `uid-${number}` })));
    expect(await client.identifierOf(3)).toBe('uid-3');
    await client.drain();
  });

  it('gives messages as they are, byte for byte, dots taken out', async () => {
    const { client } = await mailbox();
    expect(text(await client.download(1))).toBe(MESSAGES[0]);
    expect(text(await client.download(3))).toBe(MESSAGES[2]);
    expect(text(await client.top(1))).toBe('Subject: one\r\n\r\n');
    expect(text(await client.top(1, 2))).toBe('Subject: one\r\n\r\n.a dot\r\n..two\r\n');
    await client.drain();
  });

  it('is read on where a reader left a message', async () => {
    const { client } = await mailbox();
    const first = await client.retrieve(1, async (pieces) => {
      for await (const piece of pieces) return text(piece).slice(0, 7);
      return '';
    });
    expect(first).toBe('Subject');
    await client.noop();
    expect(text(await client.download(2))).toBe(MESSAGES[1]);
    await client.drain();
  });

  it('is closed when a reader fails in the middle of a message', async () => {
    const { client } = await mailbox();
    const failing = client.retrieve(1, () => Promise.reject(new Error('the disk is full')));
    await expect(failing).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(client.state).toBe('closed');
  });

  it('forgets what was deleted when it is committed, not when it is reset', async () => {
    const { client, heard } = await mailbox();
    await client.delete(1);
    await expect(client.delete(1)).rejects.toMatchObject({ code: 'PEER_REFUSED', remote: { status: '-ERR' } });
    expect((await client.list()).map(({ number }) => number)).toEqual([2, 3]);
    await client.reset();
    await client.delete(2);
    await client.commit();
    expect(heard().filter((line) => /^(DELE|RSET|QUIT)/.test(line))).toEqual([
      'DELE 1',
      'DELE 1',
      'RSET',
      'DELE 2',
      'QUIT',
    ]);
    expect(client.state).toBe('closed');
  });

  it('keeps everything when it is aborted: QUIT is not said', async () => {
    const { client, heard } = await mailbox();
    await client.delete(1);
    client.abort();
    expect(heard()).not.toContain('QUIT');
  });

  it('says when what was deleted could not be removed', async () => {
    const { client } = await mailbox(async (peer) => {
      peer.say('+OK ready');
      await peer.hear();
      peer.say('-ERR');
      for (const answer of ['+OK', '+OK', '+OK', '-ERR some messages were not removed']) {
        await peer.hear();
        peer.say(answer);
      }
      await peer.transport.close();
    });
    await client.delete(1);
    await expect(client.commit()).rejects.toMatchObject({ code: 'PEER_REFUSED' });
  });

  it('takes no message that is larger than allowed', async () => {
    const { client } = await mailbox(
      { messages: ['Subject: x\r\n\r\n'.padEnd(5_000, 'x')] },
      { maxMessageBytes: 1_000 },
    );
    await expect(client.download(1)).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
    expect(client.state).toBe('closed');
  });

  it.each([0, -1, 1.5, Number.NaN])('has no message %d', async (number) => {
    const { client } = await mailbox();
    expect(() => client.delete(number)).toThrow(expect.objectContaining({ code: 'NET_OPTION_INVALID' }));
    client.abort();
  });
});

describe('a log-in', () => {
  it('is by SASL PLAIN where it is offered, by USER and PASS elsewhere', async () => {
    const withSasl = await mailbox({});
    expect(withSasl.heard()).toEqual(['CAPA', 'AUTH PLAIN AGFubmEAaHVudGVyMg==']);
    const without = await mailbox({ capabilities: null });
    expect(without.heard()).toEqual(['CAPA', 'USER anna', 'PASS hunter2']);
    for (const { client } of [withSasl, without]) client.abort();
  });

  it('that is refused shows no password', async () => {
    const { connecting } = await opened({ capabilities: null }, { login: { user: 'anna', password: 'hunter3' } });
    const error: unknown = await connecting.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'PEER_LOGIN_REFUSED', phase: 'authenticate', remote: { status: 'AUTH' } });
    expect(JSON.stringify(error)).toContain('[secret] is wrong');
    expect(JSON.stringify(error)).not.toContain('hunter3');
  });

  it('waits for a mailbox that somebody else has open (RFC 2449 §8.1.1)', async () => {
    const { connecting } = await opened(async (peer) => {
      peer.say('+OK');
      for (const answer of ['-ERR', '+OK', '-ERR [IN-USE] somebody else reads it']) {
        await peer.hear();
        peer.say(answer);
      }
      await peer.hearRest();
    });
    await expect(connecting).rejects.toMatchObject({ code: 'PEER_UNAVAILABLE', retryable: true });
  });

  it('by a token', async () => {
    const { connecting, server } = await opened(
      async (peer) => {
        peer.say('+OK');
        await peer.hear();
        peer.say('+OK', 'SASL XOAUTH2', '.');
        await peer.hear();
        peer.say('+OK');
      },
      { login: { user: 'anna', token: 't' } },
    );
    (await connecting).abort();
    const initial = Buffer.from('user=anna\u0001auth=Bearer t\u0001\u0001').toString('base64');
    expect(server.peers[0]?.heard[1]).toBe(`AUTH XOAUTH2 ${initial}`);
  });

  it('by APOP with the timestamp of the greeting, when told so', async () => {
    // RFC 1939 §7
    expect(apopDigest('<1896.697170952@dbc.mtview.ca.us>', 'tanstaaf')).toBe('c4c9334bac560ecc979e58001b3e22fb');
    const greeting = '+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>';
    const { connecting, server } = await opened(
      async (peer) => {
        peer.say(greeting);
        await peer.hear();
        peer.say('-ERR');
        await peer.hear();
        peer.say('+OK');
      },
      { login: { user: 'mrose', password: 'tanstaaf', method: 'apop' } },
    );
    (await connecting).abort();
    expect(server.peers[0]?.heard[1]).toBe('APOP mrose c4c9334bac560ecc979e58001b3e22fb');
  });

  it('by APOP is not tried without a timestamp of the right form (CVE-2007-1558)', async () => {
    expect(timestampOf('ready <a@b>')).toBe('<a@b>');
    for (const greeting of ['ready', '<ab>', '<a\u0001@b>', '<a@b', '<ä@b>']) expect(timestampOf(greeting)).toBeNull();
    const { connecting, server } = await opened({}, { login: { ...LOGIN, method: 'apop' } });
    await expect(connecting).rejects.toMatchObject({ code: 'PEER_LOGIN_REFUSED' });
    expect(server.peers[0]?.heard).toEqual(['CAPA']);
  });

  it('does not go over a connection in the clear, unless told so', async () => {
    const { connecting, server } = await opened({}, { allowsClearCredentials: false });
    await expect(connecting).rejects.toMatchObject({ code: 'TLS_REFUSED' });
    expect(server.peers[0]?.heard).toEqual(['CAPA']);
  });

  it.each([
    { user: 'anna\r\nDELE 1', password: 'x' },
    { user: 'anna', password: 'x\ny' },
    { user: '', password: 'x' },
  ])('as %j is refused at the door', async (login) => {
    const { connecting } = await opened({}, { login });
    await expect(connecting).rejects.toMatchObject({ code: 'NET_OPTION_INVALID' });
  });
});

it('TLS is not begun when something came behind the agreement', async () => {
  const { connecting, server } = await opened(
    async (peer) => {
      peer.say('+OK ready');
      await peer.hear();
      peer.say('+OK', 'STLS', '.');
      await peer.hear();
      peer.say('+OK go', '+OK', 'SASL PLAIN', '.');
      await peer.hearRest();
    },
    { security: 'required' },
  );
  await expect(connecting).rejects.toMatchObject({ code: 'TLS_REFUSED' });
  expect(server.peers[0]?.heard).toEqual(['CAPA', 'STLS']);
});

describe('an answer', () => {
  it.each([
    ['+OK', { isOk: true, responseCode: null, text: '' }],
    ['+OK 2 320', { isOk: true, responseCode: null, text: '2 320' }],
    ['-ERR [in-use] busy', { isOk: false, responseCode: 'IN-USE', text: 'busy' }],
    ['-ERR no [such] message', { isOk: false, responseCode: null, text: 'no [such] message' }],
  ])('%j is read', (line, reply) => {
    expect(parseReply(line)).toEqual(reply);
  });

  it.each(['', 'OK', '+OKAY', '-', '* OK', '220 hello'])('%j is none', (line) => {
    expect(parseReply(line)).toBeUndefined();
  });
});

it('capabilities are read as servers write them', () => {
  expect(capabilitiesOf(['TOP', 'SASL PLAIN login', 'STLS', 'IMPLEMENTATION Shlemazle-Plotz-v302'])).toMatchObject({
    top: true,
    uidl: false,
    stls: true,
    sasl: ['PLAIN', 'LOGIN'],
    implementation: 'Shlemazle-Plotz-v302',
  });
});

it.each(['STAT', 'LIST', 'UIDL'])('an answer to %s that is none is not believed', async (command) => {
  const { client } = await mailbox(async (peer) => {
    peer.say('+OK');
    for (const answer of ['-ERR', '+OK', '+OK']) {
      await peer.hear();
      peer.say(answer);
    }
    await peer.hear();
    peer.say(...(command === 'STAT' ? ['+OK many'] : ['+OK', 'one two three', '.']));
  });
  const asked = command === 'STAT' ? client.stat() : command === 'LIST' ? client.list() : client.identify();
  await expect(asked).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION' });
  client.abort();
});

it('a digest is of the timestamp and the secret', () => {
  expect(apopDigest('<x@y>', 's')).toBe(createHash('md5').update('<x@y>s').digest('hex'));
  expect(apopDigest(null, 's')).toBeUndefined();
});
