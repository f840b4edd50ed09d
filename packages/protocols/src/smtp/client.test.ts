import { createHmac } from 'node:crypto';
import { createScope } from '@roundhouse/core';
import { NetError } from '@roundhouse/net';
import { createCertificateAuthority } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { mayRetry } from '../policy/index.ts';
import { createTestWorld, playServer, type ScriptedPeer, type TestWorld } from '../mail/scriptedPeer.fixture.ts';
import { connectSmtp, createSmtpPool, refusedRecipients, type SmtpClient, type SmtpConnectOptions } from './index.ts';

const ENVELOPE = { from: 'a@example.com', to: ['b@example.com', 'c@example.com'] };
const IN_CLEAR = { security: 'off', allowsClearCredentials: true } as const;

/** Greets and offers these. */
async function greet(peer: ScriptedPeer, ...offers: readonly string[]): Promise<void> {
  peer.say('220 mx.example.com ESMTP');
  await peer.hear();
  const lines = ['mx.example.com', ...offers];
  peer.say(...lines.map((line, at) => `250${at === lines.length - 1 ? ' ' : '-'}${line}`));
}

async function connected(
  world: TestWorld,
  script: (peer: ScriptedPeer) => Promise<void>,
  options: Partial<SmtpConnectOptions> = {},
): Promise<{ readonly client: SmtpClient; readonly server: Awaited<ReturnType<typeof playServer>> }> {
  const server = await playServer(world, script);
  const client = await connectSmtp(
    { host: '127.0.0.1', port: server.port, ...IN_CLEAR, ...options },
    createScope({ clock: world.clock }),
    world.runtime,
  );
  return { client, server };
}

async function failure(promise: Promise<unknown>): Promise<NetError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(NetError);
  return error as NetError;
}

describe('TLS', () => {
  it('is not begun when something came behind the agreement (RFC 3207 §6, CVE-2011-0411)', async () => {
    const world = createTestWorld();
    const server = await playServer(world, async (peer) => {
      await greet(peer, 'STARTTLS', 'AUTH PLAIN');
      await peer.hear();
      peer.say('220 go ahead', '250-mx.example.com', '250 AUTH PLAIN');
      await peer.hearRest();
    });
    const options = { host: '127.0.0.1', port: server.port, auth: { user: 'anna', password: 'hunter2' } };
    const error = await failure(connectSmtp(options, createScope({ clock: world.clock }), world.runtime));
    expect(error.code).toBe('TLS_REFUSED');
    expect(server.peers[0]?.heard).toEqual(['EHLO [127.0.0.1]', 'STARTTLS']);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('is needed for credentials, unless told otherwise', async () => {
    const world = createTestWorld();
    const auth = { user: 'anna', password: 'hunter2' };
    const server = await playServer(world, async (peer) => {
      await greet(peer, 'AUTH PLAIN');
      await peer.hearRest();
    });
    const options = { host: '127.0.0.1', port: server.port, auth };
    for (const security of ['off', 'opportunistic'] as const) {
      const pending = connectSmtp({ ...options, security }, createScope({ clock: world.clock }), world.runtime);
      expect((await failure(pending)).code).toBe('TLS_REFUSED');
    }
    expect(server.peers.flatMap(({ heard }) => heard)).toEqual(['EHLO [127.0.0.1]', 'EHLO [127.0.0.1]']);
  });

  it('is not given up quietly when its handshake fails', async () => {
    const world = createTestWorld();
    const authority = createCertificateAuthority();
    const tls = authority.issue({ names: ['DNS:other.example.com'] });
    const server = await playServer(world, async (peer) => {
      await greet(peer, 'STARTTLS');
      await peer.hear();
      peer.say('220 go ahead');
      await peer.transport.upgradeTls({ ...tls, role: 'server' }, createScope());
    });
    const options = {
      host: '127.0.0.1',
      port: server.port,
      security: 'opportunistic',
      tls: { ca: authority.cert },
    } as const;
    const error = await failure(connectSmtp(options, createScope({ clock: world.clock }), world.runtime));
    expect(error.code).toBe('TLS_NAME_MISMATCH');
  });
});

describe('a log-in', () => {
  const auth = { user: 'anna', password: 'hunter2' };
  const base64 = (text: string): string => Buffer.from(text).toString('base64');

  it('takes the strongest mechanism that is offered: CRAM-MD5', async () => {
    const challenge = '<1896.697170952@postoffice.example.net>';
    const { client, server } = await connected(
      createTestWorld(),
      async (peer) => {
        await greet(peer, 'AUTH LOGIN PLAIN CRAM-MD5 GSSAPI');
        await peer.hear();
        peer.say(`334 ${base64(challenge)}`);
        await peer.hear();
        peer.say('235 2.7.0 welcome');
      },
      { auth },
    );
    const digest = createHmac('md5', 'hunter2').update(challenge).digest('hex');
    expect(server.peers[0]?.heard.slice(1)).toEqual(['AUTH CRAM-MD5', base64(`anna ${digest}`)]);
    client.abort();
  });

  it.each([
    ['PLAIN', ['AUTH PLAIN AGFubmEAaHVudGVyMg=='], []],
    ['LOGIN', ['AUTH LOGIN', base64('anna'), base64('hunter2')], [base64('Username:'), base64('Password:')]],
  ])('by %s', async (mechanism, heard, challenges) => {
    const { client, server } = await connected(
      createTestWorld(),
      async (peer) => {
        await greet(peer, `AUTH ${mechanism}`);
        await peer.hear();
        for (const challenge of challenges) {
          peer.say(`334 ${challenge}`);
          await peer.hear();
        }
        peer.say('235 2.7.0 welcome');
      },
      { auth },
    );
    expect(server.peers[0]?.heard.slice(1)).toEqual(heard);
    client.abort();
  });

  it('by a token, whose refusal is asked for to its end', async () => {
    const world = createTestWorld();
    const server = await playServer(world, async (peer) => {
      await greet(peer, 'AUTH XOAUTH2 PLAIN');
      await peer.hear();
      peer.say(`334 ${base64('{"status":"401"}')}`);
      await peer.hear();
      peer.say('535 5.7.8 no');
      await peer.hearRest();
    });
    const options = { host: '127.0.0.1', port: server.port, ...IN_CLEAR, auth: { user: 'anna', token: 'ya29.x' } };
    const error = await failure(connectSmtp(options, createScope({ clock: world.clock }), world.runtime));
    expect(error).toMatchObject({ code: 'PEER_LOGIN_REFUSED', phase: 'authenticate', remote: { status: '535' } });
    const initial = base64('user=anna\u0001auth=Bearer ya29.x\u0001\u0001');
    expect(server.peers[0]?.heard.slice(1)).toEqual([`AUTH XOAUTH2 ${initial}`, '']);
  });

  it('that is refused shows nothing of what was sent, also when the server repeats it', async () => {
    const world = createTestWorld();
    const server = await playServer(world, async (peer) => {
      await greet(peer, 'AUTH PLAIN');
      const line = await peer.hear();
      peer.say(`535 5.7.8 ${line} is wrong`);
      await peer.hearRest();
    });
    const options = { host: '127.0.0.1', port: server.port, ...IN_CLEAR, auth };
    const error = await failure(connectSmtp(options, createScope({ clock: world.clock }), world.runtime));
    expect(error.message).toContain('[secret] is wrong');
    expect(JSON.stringify(error)).not.toContain('AGFubmEAaHVudGVyMg==');
  });

  it('asks first when the credentials are too long for the command (RFC 4954 §4)', async () => {
    const password = 'x'.repeat(600);
    const { client, server } = await connected(
      createTestWorld(),
      async (peer) => {
        await greet(peer, 'AUTH PLAIN');
        await peer.hear();
        peer.say('334 ');
        await peer.hear();
        peer.say('235 ok');
      },
      { auth: { user: 'anna', password } },
    );
    expect(server.peers[0]?.heard.slice(1)).toEqual(['AUTH PLAIN', base64(`\0anna\0${password}`)]);
    client.abort();
  });
});

describe('a message', () => {
  it('is told of for each recipient', async () => {
    const { client, server } = await connected(createTestWorld(), async (peer) => {
      await greet(peer, 'PIPELINING', 'SIZE 1000', '8BITMIME');
      for (const _command of ['MAIL', 'RCPT', 'RCPT']) await peer.hear();
      peer.say('250 2.1.0 ok', '550 5.1.1 no such user', '250 2.1.5 ok');
      await peer.hear();
      peer.say('354 go');
      await peer.hearText();
      peer.say('250 2.0.0 queued as 42');
      await peer.hearRest();
    });
    const report = await client.send(ENVELOPE, 'Subject: x\n\n.hidden\n');
    expect(report).toEqual({
      accepted: [{ address: 'c@example.com', code: 250, enhanced: '2.1.5', text: '2.1.5 ok' }],
      refused: [{ address: 'b@example.com', code: 550, enhanced: '5.1.1', text: '5.1.1 no such user' }],
      reply: { code: 250, enhanced: '2.0.0', lines: ['queued as 42'] },
    });
    expect(server.peers[0]?.heard.slice(1)).toEqual([
      'MAIL FROM:<a@example.com> SIZE=23',
      'RCPT TO:<b@example.com>',
      'RCPT TO:<c@example.com>',
      'DATA',
      'Subject: x',
      '',
      '..hidden',
      '.',
    ]);
    client.abort();
  });

  it('goes to nobody when one is refused and all are needed; the connection is as before', async () => {
    const { client, server } = await connected(createTestWorld(), async (peer) => {
      await greet(peer);
      for (const answer of ['250 ok', '250 ok', '450 4.2.1 busy', '250 reset', '250 still here']) {
        await peer.hear();
        peer.say(answer);
      }
      await peer.hearRest();
    });
    const error = await failure(client.send(ENVELOPE, 'x', undefined, { needsAll: true }));
    expect(error).toMatchObject({ code: 'PEER_UNAVAILABLE', sent: 'none', remote: { status: '450' } });
    expect(refusedRecipients(error)).toEqual([
      { address: 'c@example.com', code: 450, enhanced: '4.2.1', text: '4.2.1 busy' },
    ]);
    await client.noop();
    expect(server.peers[0]?.heard.slice(-2)).toEqual(['RSET', 'NOOP']);
    client.abort();
  });

  it('whose sender is refused ends there, without pipelining as with it', async () => {
    for (const offers of [[], ['PIPELINING']]) {
      const { client, server } = await connected(createTestWorld(), async (peer) => {
        await greet(peer, ...offers);
        await peer.hear();
        peer.say('550 5.7.1 not you');
        if (offers.length > 0) {
          await peer.hear();
          await peer.hear();
          peer.say('503 no', '503 no');
        }
        await peer.hear();
        peer.say('250 reset');
        await peer.hearRest();
      });
      const error = await failure(client.send(ENVELOPE, 'x'));
      expect(error).toMatchObject({ code: 'PEER_REFUSED', sent: 'none', remote: { status: '550' } });
      expect(server.peers[0]?.heard.at(-1)).toBe('RSET');
      expect(client.state).toBe('open');
      client.abort();
    }
  });

  it('may have been taken when the answer behind its end is missing: `sent` is all, and only an idempotent one goes again', async () => {
    for (const offers of [[], ['CHUNKING']]) {
      const world = createTestWorld();
      const { client } = await connected(world, async (peer) => {
        await greet(peer, ...offers);
        for (const _command of ['MAIL', 'RCPT', 'RCPT']) {
          await peer.hear();
          peer.say('250 ok');
        }
        await peer.hear();
        if (offers.length === 0) {
          peer.say('354 go');
          await peer.hearText();
        } else await peer.hearBytes(3);
        await peer.transport.close();
      });
      const error = await failure(client.send(ENVELOPE, 'x'));
      expect(error).toMatchObject({ code: 'CONNECTION_LOST', sent: 'all', protocol: 'smtp' });
      expect(mayRetry(error, { isIdempotent: false })).toBe(false);
      expect(mayRetry(error, { isIdempotent: true })).toBe(true);
      expect(client.state).toBe('closed');
      expect(world.clock.pendingTimers).toBe(0);
    }
  });

  it('has not been taken when the connection ends before its text', async () => {
    const { client } = await connected(createTestWorld(), async (peer) => {
      await greet(peer);
      await peer.hear();
      await peer.transport.close();
    });
    const error = await failure(client.send(ENVELOPE, 'x'));
    expect(error).toMatchObject({ code: 'CONNECTION_LOST', sent: 'none' });
    expect(mayRetry(error, { isIdempotent: false })).toBe(true);
  });

  it('is cut off when the server refuses in the middle of it', async () => {
    const { client } = await connected(createTestWorld(), async (peer) => {
      await greet(peer);
      for (const answer of ['250 ok', '250 ok', '250 ok', '354 go']) {
        await peer.hear();
        peer.say(answer);
      }
      await peer.hear();
      peer.say('552 5.3.4 too much');
    });
    let pieces = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (; pieces < 100_000; pieces++) {
        yield Buffer.from(`${'x'.repeat(500)}\r\n`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const error = await failure(client.send(ENVELOPE, endless()));
    expect(error).toMatchObject({ code: 'PEER_REFUSED', sent: 'maybe', remote: { status: '552' } });
    expect(pieces).toBeLessThan(100_000);
    expect(client.state).toBe('closed');
  });

  it('waits for a server that does not read', async () => {
    let go = (): void => {};
    const mayRead = new Promise<void>((resolve) => (go = resolve));
    const { client } = await connected(createTestWorld(), async (peer) => {
      await greet(peer);
      for (const answer of ['250 ok', '250 ok', '250 ok', '354 go']) {
        await peer.hear();
        peer.say(answer);
      }
      peer.transport.pause();
      await mayRead;
      peer.transport.resume();
      await peer.hearText();
      peer.say('250 ok');
    });
    let pieces = 0;
    async function* large(): AsyncGenerator<Uint8Array> {
      for (; pieces < 200; pieces++) yield Buffer.from(`${'x'.repeat(65_000)}\r\n`);
    }
    const pending = client.send(ENVELOPE, large());
    for (let turns = 0; turns < 500; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(pieces).toBeLessThan(20);
    go();
    expect((await pending).reply.code).toBe(250);
    client.abort();
  });

  it.each<[string, Parameters<SmtpClient['send']>[0], string | Uint8Array, readonly string[], string]>([
    ['SIZE', ENVELOPE, 'x'.repeat(200), ['SIZE 100'], 'PEER_REFUSED'],
    ['8BITMIME', ENVELOPE, 'ä', [], 'PEER_REFUSED'],
    ['SMTPUTF8', { ...ENVELOPE, to: ['ü@example.com'] }, 'x', ['8BITMIME'], 'PEER_REFUSED'],
    ['DSN', { ...ENVELOPE, dsn: { return: 'headers' } }, 'x', [], 'PEER_REFUSED'],
    [
      'a line end in an address',
      { ...ENVELOPE, to: ['b@example.com>\r\nRCPT TO:<x@example.com'] },
      'x',
      [],
      'ADDRESS_INVALID',
    ],
    ['a line end in a sender', { ...ENVELOPE, from: 'a@example.com\nDATA' }, 'x', [], 'ADDRESS_INVALID'],
    ['a line end in an id', { ...ENVELOPE, dsn: { envelopeId: 'x\r\nDATA' } }, 'x', ['DSN'], 'NET_OPTION_INVALID'],
    ['nobody', { ...ENVELOPE, to: [] }, 'x', [], 'NET_OPTION_INVALID'],
  ])('that cannot go is not begun: %s', async (_name, envelope, message, offers, code) => {
    const { client, server } = await connected(createTestWorld(), async (peer) => {
      await greet(peer, ...offers);
      await peer.hearRest();
    });
    expect(await failure(client.send(envelope, message))).toMatchObject({ code, sent: 'none' });
    expect(client.state).toBe('open');
    expect(server.peers[0]?.heard).toHaveLength(1);
    client.abort();
  });

  it('says what its recipients and its reports need', async () => {
    const { client, server } = await connected(createTestWorld(), async (peer) => {
      await greet(peer, 'PIPELINING', 'SMTPUTF8', '8BITMIME', 'DSN', 'CHUNKING');
      for (const _command of ['MAIL', 'RCPT', 'RCPT']) await peer.hear();
      peer.say('250 ok', '250 ok', '250 ok');
      await peer.hear();
      await peer.hearBytes(4);
      peer.say('250 ok');
    });
    await client.send(
      {
        from: '',
        to: [
          { address: 'ü@bücher.example', notify: 'never' },
          { address: 'b@bücher.example', notify: ['success', 'delay'], originalRecipient: 'rfc822;c+d@e.example' },
        ],
        dsn: { return: 'full', envelopeId: 'a=1' },
      },
      'ä\n',
    );
    expect(server.peers[0]?.heard.slice(1)).toEqual([
      'MAIL FROM:<> BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=a+3D1',
      'RCPT TO:<ü@xn--bcher-kva.example> NOTIFY=NEVER',
      'RCPT TO:<b@xn--bcher-kva.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;c+2Bd@e.example',
      'BDAT 4 LAST',
    ]);
    client.abort();
  });

  it('whose source fails is not sent in half', async () => {
    const { client, server } = await connected(createTestWorld(), async (peer) => {
      await greet(peer);
      for (const answer of ['250 ok', '250 ok', '250 ok', '354 go']) {
        await peer.hear();
        peer.say(answer);
      }
      expect(await peer.hearRest()).not.toContain('\r\n.\r\n');
    });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half\r\n');
      throw new Error('the disk is gone');
    }
    await expect(client.send(ENVELOPE, broken())).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(client.state).toBe('closed');
    expect(server.failures).toEqual([]);
  });

  it('whose source is stuck is given up', async () => {
    const world = createTestWorld();
    const { client } = await connected(
      world,
      async (peer) => {
        await greet(peer);
        for (const answer of ['250 ok', '250 ok', '250 ok', '354 go']) {
          await peer.hear();
          peer.say(answer);
        }
        await peer.hearRest();
      },
      { timeouts: { idleMs: 5_000 } },
    );
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half\r\n');
      await new Promise(() => {});
    }
    const pending = failure(client.send(ENVELOPE, stuck()));
    for (let turns = 0; turns < 100; turns++) await new Promise((resolve) => setImmediate(resolve));
    await world.clock.advance(5_000);
    expect(await pending).toMatchObject({ code: 'TIMEOUT', sent: 'maybe' });
    expect(world.clock.pendingTimers).toBe(0);
  });
});

describe('a connection', () => {
  it('is over when the server says that it leaves (421)', async () => {
    const { client } = await connected(createTestWorld(), async (peer) => {
      await greet(peer);
      await peer.hear();
      peer.say('421 4.3.2 going down');
      await peer.hearRest();
    });
    expect(await failure(client.noop())).toMatchObject({ code: 'PEER_UNAVAILABLE', remote: { status: '421' } });
    expect(client.state).toBe('closed');
    expect((await client.closed).by).toBe('remote');
  });

  it('speaks HELO with a server that knows no EHLO', async () => {
    const { client, server } = await connected(createTestWorld(), async (peer) => {
      peer.say('220-mx.example.com', '220 hello');
      await peer.hear();
      peer.say('502 5.5.1 what?');
      await peer.hear();
      peer.say('250 mx.example.com');
    });
    expect(server.peers[0]?.heard).toEqual(['EHLO [127.0.0.1]', 'HELO [127.0.0.1]']);
    expect(client.extensions).toMatchObject({ serverName: 'mx.example.com', pipelining: false, size: null });
    client.abort();
  });

  it('has one conversation at a time, in the order of the calls', async () => {
    const { client, server } = await connected(createTestWorld(), async (peer) => {
      await greet(peer);
      for (let asked = 0; asked < 3; asked++) {
        await peer.hear();
        peer.say('250 ok');
      }
    });
    await Promise.all([client.noop(), client.reset(), client.noop()]);
    expect(server.peers[0]?.heard.slice(1)).toEqual(['NOOP', 'RSET', 'NOOP']);
    client.abort();
  });

  it.each([
    ['garbage', 'SSH-2.0-OpenSSH_9.2', 'PROTOCOL_VIOLATION'],
    ['a refusal', '554 5.7.1 no service for you', 'PEER_REFUSED'],
    ['a delay', '421 4.7.0 try later', 'PEER_UNAVAILABLE'],
    ['two numbers', '220-a\r\n250 b', 'PROTOCOL_VIOLATION'],
  ])('is not made when the greeting is %s', async (_name, greeting, code) => {
    const world = createTestWorld();
    const server = await playServer(world, async (peer) => {
      peer.say(greeting);
      await peer.hearRest();
    });
    const options = { host: '127.0.0.1', port: server.port };
    const error = await failure(connectSmtp(options, createScope({ clock: world.clock }), world.runtime));
    expect(error).toMatchObject({ code, phase: 'greeting' });
  });
});

describe('a pool', () => {
  it('uses a connection again, asks before when it was idle for long, and opens another after so many messages', async () => {
    const world = createTestWorld();
    const server = await playServer(world, async (peer) => {
      await greet(peer, 'CHUNKING');
      for (;;) {
        const line = await peer.hear();
        const size = /^BDAT (\d+)/.exec(line)?.[1];
        if (size !== undefined) await peer.hearBytes(Number(size));
        peer.say(line === 'QUIT' ? '221 bye' : '250 ok');
        if (line === 'QUIT') return void peer.transport.close();
      }
    });
    const pool = createSmtpPool({ maxMessages: 2 }, world.runtime);
    const to = { host: '127.0.0.1', port: server.port, ...IN_CLEAR };
    await pool.send(to, ENVELOPE, 'x');
    await world.clock.advance(2_000);
    await pool.send(to, ENVELOPE, 'x');
    await pool.send(to, ENVELOPE, 'x');
    const heard = server.peers.map((peer) => peer.heard.filter((line) => /^(MAIL|RSET|QUIT)/.test(line)).join(' '));
    const mail = 'MAIL FROM:<a@example.com>';
    expect(heard).toEqual([`${mail} RSET ${mail} QUIT`, mail]);
    await pool.drain();
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('never sends for one user on the connection of another', async () => {
    const world = createTestWorld();
    const server = await playServer(world, async (peer) => {
      await greet(peer, 'AUTH PLAIN', 'CHUNKING');
      for (;;) {
        const line = await peer.hear();
        const size = /^BDAT (\d+)/.exec(line)?.[1];
        if (size !== undefined) await peer.hearBytes(Number(size));
        peer.say(line.startsWith('AUTH') ? '235 ok' : '250 ok');
      }
    });
    const pool = createSmtpPool({}, world.runtime);
    const to = { host: '127.0.0.1', port: server.port, ...IN_CLEAR };
    const users = [
      { user: 'anna', password: 'a' },
      { user: 'anna', password: 'b' },
      { user: 'bert', password: 'a' },
    ];
    for (const auth of users) await pool.send({ ...to, auth }, ENVELOPE, 'x');
    await pool.send({ ...to, tls: { serverName: 'x' } }, ENVELOPE, 'x');
    expect(server.peers).toHaveLength(4);
    pool.abort();
  });
});
