import { createScope, Secret, silentLogger } from '@roundhouse/core';
import type { NetServer } from '@roundhouse/net';
import { createCertificateAuthority } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { createTestWorld, playClient, type ScriptedPeer, type TestWorld, until } from '../mail/scriptedPeer.fixture.ts';
import {
  connectSmtp,
  type IncomingMessage,
  readWhole,
  serveSmtp,
  type SmtpHandlers,
  type SmtpServerOptions,
} from './index.ts';

interface Kept {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
}

interface Stand {
  readonly world: TestWorld;
  readonly server: NetServer;
  readonly kept: Kept[];
}

async function start(options: Partial<SmtpServerOptions> = {}, handlers: Partial<SmtpHandlers> = {}): Promise<Stand> {
  const world = createTestWorld();
  const kept: Kept[] = [];
  const keep = async ({ sender, recipients, text }: IncomingMessage): Promise<undefined> => {
    const whole = await readWhole(text, createScope());
    kept.push({
      from: sender.address,
      to: recipients.map(({ address }) => address),
      text: Buffer.from(whole).toString('latin1'),
    });
  };
  const server = await serveSmtp(
    { hostname: 'mx.example.com', ...options },
    { recipient: () => undefined, message: keep, ...handlers },
    world.runtime,
  );
  return { world, server, kept };
}

/** A client that has heard the greeting and the extensions. */
async function greeted(stand: Stand): Promise<ScriptedPeer> {
  const peer = await playClient(stand.world, stand.server.port);
  expect(await peer.hearAnswer()).toBe('220 mx.example.com ESMTP');
  peer.say('EHLO there.example.com');
  expect(await peer.hearAnswer()).toMatch(/^250-mx\.example\.com\n/);
  return peer;
}

async function ask(peer: ScriptedPeer, line: string): Promise<string> {
  peer.say(line);
  return peer.hearAnswer();
}

async function asked(peer: ScriptedPeer, ...lines: readonly string[]): Promise<string[]> {
  const answers: string[] = [];
  for (const line of lines) answers.push((await ask(peer, line)).slice(0, 3));
  return answers;
}

const MAIL = 'MAIL FROM:<a@example.com>';
const RCPT = 'RCPT TO:<b@example.com>';

describe('the order of commands (RFC 5321 §4.1.4)', () => {
  /** What each state answers to each command. */
  const COMMANDS = [
    'EHLO x.example',
    MAIL,
    RCPT,
    'DATA',
    'BDAT 0 LAST',
    'RSET',
    'NOOP',
    'VRFY a',
    'EXPN a',
    'HELP',
    'AUTH PLAIN',
    'STARTTLS',
    'WHAT',
    'QUIT',
  ];
  it.each([
    ['before EHLO', [], '250 503 503 503 503 250 250 252 502 214 502 502 500 221'],
    ['behind EHLO', ['EHLO x.example'], '250 250 503 503 503 250 250 252 502 214 502 502 500 221'],
    ['behind MAIL', ['EHLO x.example', MAIL], '250 503 250 554 554 250 250 252 502 214 503 503 500 221'],
    ['behind RCPT', ['EHLO x.example', MAIL, RCPT], '250 503 250 354 250 250 250 252 502 214 503 503 500 221'],
    ['behind RSET', ['EHLO x.example', MAIL, RCPT, 'RSET'], '250 250 503 503 503 250 250 252 502 214 502 502 500 221'],
  ])('%s', async (_name, before, answers) => {
    const stand = await start();
    const heard: string[] = [];
    for (const command of COMMANDS) {
      const peer = await playClient(stand.world, stand.server.port);
      await peer.hear();
      await asked(peer, ...before);
      heard.push((await ask(peer, command)).slice(0, 3));
      peer.transport.destroy();
    }
    expect(heard.join(' ')).toBe(answers);
    stand.server.abort();
  });
});

describe('a message', () => {
  it('is handed over as it was, dots taken out, to the recipients that were accepted', async () => {
    const stand = await start(
      {},
      {
        recipient: ({ address }) =>
          address.startsWith('no') ? { code: 550, enhanced: '5.1.1', text: 'No such user' } : undefined,
      },
    );
    const peer = await greeted(stand);
    expect(await asked(peer, MAIL, 'RCPT TO:<no@example.com>', RCPT, 'DATA')).toEqual(['250', '550', '250', '354']);
    peer.write('Subject: x\r\n\r\n..\r\n..a\r\n\xe4\r\n.\r\n');
    expect(await peer.hearAnswer()).toMatch(/^250 2\.6\.0/);
    expect(stand.kept).toEqual([
      { from: 'a@example.com', to: ['b@example.com'], text: 'Subject: x\r\n\r\n.\r\n.a\r\n\xe4\r\n' },
    ]);
    stand.server.abort();
  });

  it('may come in one piece with all its commands (RFC 2920), and the next one behind it', async () => {
    const stand = await start();
    const peer = await greeted(stand);
    const one = `${MAIL}\r\n${RCPT}\r\nDATA\r\nhello\r\n.\r\n`;
    peer.write(`${one}${one}QUIT\r\n`);
    const answers: string[] = [];
    for (let heard = 0; heard < 9; heard++) answers.push((await peer.hearAnswer()).slice(0, 3));
    expect(answers.join(' ')).toBe('250 250 354 250 250 250 354 250 221');
    expect(stand.kept).toHaveLength(2);
    expect(await peer.hearRest()).toBe('');
    stand.server.abort();
  });

  it('may come in counted pieces (RFC 3030), also without a text, and be given up between two', async () => {
    const stand = await start();
    const peer = await greeted(stand);
    await asked(peer, MAIL, RCPT);
    peer.write('BDAT 5\r\nab\r\n.BDAT 3\r\n\r\ncBDAT 2 LAST\r\n\r\n');
    expect([await peer.hearAnswer(), await peer.hearAnswer(), await peer.hearAnswer()].join()).toMatch(
      /^250.*250.*250/s,
    );
    await asked(peer, MAIL, RCPT, 'BDAT 0 LAST', MAIL, RCPT);
    peer.write('BDAT 3\r\nxyzRSET\r\n');
    expect([await peer.hearAnswer(), await peer.hearAnswer()].map((each) => each.slice(0, 3))).toEqual(['250', '250']);
    expect(await asked(peer, 'DATA')).toEqual(['503']);
    expect(stand.kept.map(({ text }) => text)).toEqual(['ab\r\n.\r\nc\r\n', '']);
    stand.server.abort();
  });

  it('in pieces that nobody may get is read and refused', async () => {
    const stand = await start({}, { recipient: () => ({ code: 550, text: 'no' }) });
    const peer = await greeted(stand);
    peer.write(`${MAIL}\r\n${RCPT}\r\nBDAT 6\r\nQUIT\r\nNOOP\r\n`);
    const answers: string[] = [];
    for (let heard = 0; heard < 4; heard++) answers.push((await peer.hearAnswer()).slice(0, 3));
    expect(answers).toEqual(['250', '550', '554', '250']);
    stand.server.abort();
  });

  // https://sec-consult.com/blog/detail/smtp-smuggling-spoofing-e-mails-worldwide/
  it.each(['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r.\r\n', '\r\n.\r', '\n\n.\r\n'])(
    'is refused when a line ends with a bare CR or LF: nothing is smuggled by %j',
    async (end) => {
      const stand = await start();
      const peer = await greeted(stand);
      await asked(peer, MAIL, RCPT, 'DATA');
      peer.write(`hello${end}MAIL FROM:<evil@example.com>\r\n${RCPT}\r\nDATA\r\nbad\r\n.\r\n`);
      expect(await peer.hearAnswer()).toMatch(/^550 5\.6\.0/);
      expect(stand.kept).toEqual([]);
      // Where one of them sees the end and the other does not, what follows is not to be taken for commands.
      expect(await peer.hearRest()).toBe('');
      stand.server.abort();
    },
  );

  it('whose client waits behind an end of its own is refused soon, and the client sent away', async () => {
    const stand = await start();
    const peer = await greeted(stand);
    await asked(peer, MAIL, RCPT, 'DATA');
    peer.write('hello\n.\n');
    for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
    const rest = peer.hearRest();
    await stand.world.clock.advance(5_000);
    expect(await rest).toMatch(/^550 5\.6\.0/);
    expect(stand.kept).toEqual([]);
    stand.server.abort();
  });

  it('is refused when it is too large: announced, or found out', async () => {
    const stand = await start({ limits: { maxMessageBytes: 100 } });
    const peer = await greeted(stand);
    expect(await asked(peer, `${MAIL} SIZE=101`)).toEqual(['552']);
    await asked(peer, MAIL, RCPT, 'DATA');
    peer.write(`${'x'.repeat(120)}\r\n.\r\n`);
    expect(await peer.hearAnswer()).toMatch(/^552 5\.3\.4/);
    expect(await asked(peer, 'NOOP')).toEqual(['250']);
    await asked(peer, MAIL, RCPT, 'DATA');
    peer.write('x'.repeat(1_000));
    expect(await peer.hearAnswer()).toMatch(/^552 5\.3\.4/);
    expect(await peer.hearRest()).toBe('');
    expect(stand.kept).toEqual([]);
    stand.server.abort();
  });

  it('is refused when a line of it is too long', async () => {
    const stand = await start({ limits: { maxLineBytes: 1_000 } });
    const peer = await greeted(stand);
    await asked(peer, MAIL, RCPT, 'DATA');
    peer.write(`${'x'.repeat(998)}\r\n.\r\n`);
    expect(await peer.hearAnswer()).toMatch(/^250/);
    await asked(peer, MAIL, RCPT, 'DATA');
    peer.write(`${'x'.repeat(999)}\r\n.\r\n`);
    expect(await peer.hearAnswer()).toMatch(/^550 5\.6\.0/);
    stand.server.abort();
  });

  it('is answered with 451 when what takes it fails, and the words stay here', async () => {
    const stand = await start({}, { message: () => Promise.reject(new Error('the secret disk is full')) });
    const peer = await greeted(stand);
    await asked(peer, MAIL, RCPT, 'DATA');
    peer.write('x\r\n.\r\n');
    expect(await peer.hearAnswer()).toBe('451 4.3.0 It failed here, try again later');
    expect(await asked(peer, 'NOOP')).toEqual(['250']);
    stand.server.abort();
  });

  it('is answered when it is kept, not before', async () => {
    let done = (): void => {};
    const durable = new Promise<void>((resolve) => (done = resolve));
    const stand = await start(
      {},
      {
        message: async ({ text }, _peer, scope) => {
          await readWhole(text, scope);
          await durable;
          return { code: 250, enhanced: '2.0.0', text: 'kept as 42' };
        },
      },
    );
    const peer = await greeted(stand);
    await asked(peer, MAIL, RCPT, 'DATA');
    peer.write('x\r\n.\r\n');
    let answer: string | undefined;
    void peer.hearAnswer().then((said) => (answer = said));
    for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(answer).toBeUndefined();
    done();
    await until(() => answer !== undefined);
    expect(answer).toBe('250 2.0.0 kept as 42');
    stand.server.abort();
  });

  it('comes no faster than it is read', async () => {
    let read = 0;
    let go = (): void => {};
    const mayRead = new Promise<void>((resolve) => (go = resolve));
    const stand = await start(
      { limits: { maxMessageBytes: 100_000_000 } },
      {
        message: async ({ text }) => {
          await mayRead;
          for await (const piece of text) read += piece.byteLength;
          return undefined;
        },
      },
    );
    const peer = await greeted(stand);
    await asked(peer, MAIL, RCPT, 'DATA');
    const line = Buffer.from(`${'x'.repeat(998)}\r\n`.repeat(64));
    let taken = 0;
    let isStuck = false;
    for (let pieces = 0; pieces < 200 && !isStuck; pieces++) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      peer.transport.write(line, () => resolve(true));
      const patience = (async () => {
        for (let turns = 0; turns < 50; turns++) await new Promise((resolveTurn) => setImmediate(resolveTurn));
        return false;
      })();
      isStuck = !(await Promise.race([promise, patience]));
      taken++;
    }
    expect(isStuck).toBe(true);
    expect(taken).toBeLessThan(20);
    go();
    peer.write('.\r\n');
    expect(await peer.hearAnswer()).toMatch(/^250/);
    expect(read).toBe(taken * line.byteLength);
    stand.server.abort();
  });
});

describe('limits', () => {
  it('sends away who speaks before the greeting (RFC 5321 §4.3.1)', async () => {
    let go = (): void => {};
    const mayGreet = new Promise<void>((resolve) => (go = resolve));
    const stand = await start({}, { connect: () => mayGreet.then(() => undefined) });
    const peer = await playClient(stand.world, stand.server.port);
    peer.say('EHLO there.example.com');
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    go();
    expect(await peer.hearRest()).toBe('554 5.5.1 You spoke before the greeting\r\n');
    stand.server.abort();
  });

  it('takes so many recipients, and says that the others may come later', async () => {
    const stand = await start({ limits: { maxRecipients: 2 } });
    const peer = await greeted(stand);
    expect(await asked(peer, MAIL, RCPT, RCPT, RCPT)).toEqual(['250', '250', '250', '452']);
    stand.server.abort();
  });

  it('has enough after so many errors', async () => {
    const stand = await start({ limits: { maxErrors: 3 } });
    const peer = await greeted(stand);
    peer.say('A', 'B', 'C', 'NOOP');
    const rest = await peer.hearRest();
    expect(rest.match(/^\d\d\d/gm)).toEqual(['500', '500', '500', '421']);
    stand.server.abort();
  });

  it('ends a command that is too long', async () => {
    const stand = await start({ limits: { maxCommandBytes: 512 } });
    const peer = await greeted(stand);
    peer.say(`NOOP ${'x'.repeat(600)}`);
    expect(await peer.hearRest()).toMatch(/^500 5\.5\.2/);
    stand.server.abort();
  });

  it('takes so many messages on one connection', async () => {
    const stand = await start({ limits: { maxMessages: 1 } });
    const peer = await greeted(stand);
    expect(await asked(peer, MAIL, 'RSET')).toEqual(['250', '250']);
    peer.say(MAIL);
    expect(await peer.hearRest()).toMatch(/^421 4\.7\.0/);
    stand.server.abort();
  });

  it('waits for a command no longer than it says', async () => {
    const stand = await start({ timeouts: { idleMs: 7_000 } });
    const peer = await greeted(stand);
    await stand.world.clock.advance(6_999);
    expect(stand.server.stats().connections).toBe(1);
    const rest = peer.hearRest();
    await stand.world.clock.advance(1);
    expect(await rest).toMatch(/^421 4\.4\.2/);
    peer.transport.destroy();
    await stand.world.clock.advance(2_000);
    expect(stand.world.clock.pendingTimers).toBe(0);
    stand.server.abort();
  });

  it.each([
    [{ hostname: 'not a name' }],
    [{ limits: { maxMessageBytes: 0 } }],
    [{ limits: { maxCommandBytes: 100 } }],
    [{ requiresTls: true }],
    [{ requiresAuth: true }],
    [{ timeouts: { idleMs: -1 } }],
  ])('%j is refused at the door', async (options) => {
    await expect(start(options)).rejects.toMatchObject({ code: 'NET_OPTION_INVALID' });
  });
});

describe('policy', () => {
  const refuse = { code: 550, enhanced: '5.7.1', text: 'Not here' };
  it.each<[string, Partial<SmtpHandlers>, readonly string[]]>([
    ['hello', { hello: (name) => (name === 'bad.example' ? refuse : undefined) }, ['550', '250', '250', '250']],
    [
      'mail',
      { mail: ({ address }) => (address === 'a@example.com' ? refuse : undefined) },
      ['250', '250', '550', '503'],
    ],
    [
      'recipient',
      { recipient: (_recipient, sender) => (sender.address === '' ? undefined : refuse) },
      ['250', '250', '250', '550'],
    ],
  ])('of %s refuses what it refuses', async (_name, handlers, answers) => {
    const stand = await start({}, handlers);
    const peer = await playClient(stand.world, stand.server.port);
    await peer.hear();
    expect(await asked(peer, 'EHLO bad.example', 'EHLO good.example', MAIL, RCPT)).toEqual(answers);
    stand.server.abort();
  });

  it('takes mail for nobody by default', async () => {
    const world = createTestWorld();
    const server = await serveSmtp({ hostname: 'mx.example.com' }, { message: () => undefined }, world.runtime);
    const peer = await greeted({ world, server, kept: [] });
    expect(await asked(peer, MAIL, RCPT)).toEqual(['250', '550']);
    server.abort();
  });
});

describe('TLS and log-in', () => {
  const authority = createCertificateAuthority();
  const tls = authority.issue();
  const known = new Secret('hunter2');
  const authenticate: SmtpHandlers['authenticate'] = ({ user, matches }) => user === 'anna' && matches(known);
  const MECHANISMS = ['PLAIN', 'LOGIN', 'CRAM-MD5', 'XOAUTH2'] as const;

  it('drops what came along with STARTTLS in the clear (RFC 3207 §4.2, CVE-2011-0411)', async () => {
    const stand = await start({ startTls: tls });
    const peer = await greeted(stand);
    peer.say('STARTTLS', 'NOOP', MAIL);
    expect(await peer.hear()).toMatch(/^220/);
    await peer.transport.upgradeTls({ ca: authority.cert, serverName: 'localhost' }, createScope());
    // Were the commands kept, their answers would come first.
    expect(await asked(peer, MAIL)).toEqual(['503']);
    expect(await ask(peer, 'EHLO x.example')).not.toContain('STARTTLS');
    expect(await asked(peer, 'STARTTLS', MAIL)).toEqual(['503', '250']);
    stand.server.abort();
  });

  it('offers AUTH over TLS alone, and takes mail of those who did what is required', async () => {
    const stand = await start({ startTls: tls, requiresTls: true, requiresAuth: true }, { authenticate });
    const peer = await playClient(stand.world, stand.server.port);
    await peer.hear();
    expect(await ask(peer, 'EHLO x.example')).not.toContain('AUTH');
    expect(await asked(peer, 'AUTH PLAIN AGFubmEAaHVudGVyMg==', MAIL)).toEqual(['538', '530']);
    await ask(peer, 'STARTTLS');
    await peer.transport.upgradeTls({ ca: authority.cert, serverName: 'localhost' }, createScope());
    expect(await ask(peer, 'EHLO x.example')).toContain('AUTH PLAIN LOGIN');
    expect(await asked(peer, MAIL, 'AUTH PLAIN AGFubmEAaHVudGVyMw==', MAIL)).toEqual(['530', '535', '530']);
    expect(await asked(peer, 'AUTH PLAIN AGFubmEAaHVudGVyMg==', MAIL)).toEqual(['235', '250']);
    stand.server.abort();
  });

  it.each(MECHANISMS)('lets our client in by %s', async (mechanism) => {
    let seen: unknown;
    const stand = await start(
      { startTls: tls, mechanisms: [mechanism] },
      {
        authenticate,
        message: async ({ text }, peer, scope) => {
          seen = peer;
          await readWhole(text, scope);
          return undefined;
        },
      },
    );
    const options = { host: 'localhost', port: stand.server.port, tls: { ca: authority.cert } };
    const scope = createScope({ clock: stand.world.clock });
    const auth = (secret: string) =>
      ({ user: 'anna', ...(mechanism === 'XOAUTH2' ? { token: secret } : { password: secret }) }) as {
        user: string;
        password: string;
      };
    const refused = connectSmtp({ ...options, auth: auth('wrong') }, scope, stand.world.runtime);
    await expect(refused).rejects.toMatchObject({ code: 'PEER_LOGIN_REFUSED' });
    const client = await connectSmtp({ ...options, auth: auth('hunter2') }, scope, stand.world.runtime);
    await client.send({ from: 'a@example.com', to: ['b@example.com'] }, 'x');
    expect(seen).toMatchObject({ user: 'anna', isExtended: true });
    await client.drain();
    stand.server.abort();
  });

  it.each([
    [['AUTH GSSAPI'], ['504']],
    [
      ['AUTH PLAIN', '*'],
      ['334', '501'],
    ],
    [['AUTH PLAIN !!'], ['501']],
    [['AUTH PLAIN AGFubmE='], ['501']],
    [['AUTH PLAIN eABhbm5hAGh1bnRlcjI='], ['501']],
    [
      ['AUTH LOGIN', 'YW5uYQ==', '*'],
      ['334', '334', '501'],
    ],
    [['AUTH CRAM-MD5 YQ=='], ['501']],
    [
      ['AUTH PLAIN AGFubmEAaHVudGVyMg==', 'AUTH PLAIN AGFubmEAaHVudGVyMg=='],
      ['235', '503'],
    ],
  ])('%j is answered with %j (RFC 4954 §4)', async (lines, answers) => {
    const stand = await start({ allowsClearAuth: true, mechanisms: [...MECHANISMS] }, { authenticate });
    const peer = await greeted(stand);
    expect(await asked(peer, ...lines)).toEqual(answers);
    stand.server.abort();
  });

  it('tells the log who failed, and of no password', async () => {
    const lines: string[] = [];
    const log = {
      ...silentLogger,
      child: () => log,
      warn: (message: string, fields?: object) => void lines.push(`${message} ${JSON.stringify(fields)}`),
    };
    const world = createTestWorld({ log });
    const server = await serveSmtp(
      { hostname: 'mx.example.com', allowsClearAuth: true },
      { authenticate, message: () => undefined },
      world.runtime,
    );
    const peer = await greeted({ world, server, kept: [] });
    await ask(peer, 'AUTH PLAIN AGFubmEAaHVudGVyMw==');
    expect(lines.join()).toContain('a log-in to the mail server failed');
    expect(lines.join()).not.toMatch(/hunter|AGFubmE/);
    server.abort();
  });
});

describe('a drain', () => {
  it('finishes the message under way and answers the others with 421', async () => {
    const stand = await start();
    const busy = await greeted(stand);
    const idle = await greeted(stand);
    expect(await asked(busy, MAIL, RCPT, 'DATA')).toEqual(['250', '250', '354']);
    const draining = stand.server.drain();
    expect(await idle.hearRest()).toMatch(/^421 4\.3\.2/);
    void idle.transport.close();
    busy.write('hello\r\n.\r\n');
    expect(await busy.hearAnswer()).toMatch(/^250 2\.6\.0/);
    expect(await busy.hearAnswer()).toMatch(/^421 4\.3\.2/);
    void busy.transport.close();
    expect(await draining).toMatchObject({ finished: 1, cut: 0 });
    expect(stand.kept).toHaveLength(1);
    expect(stand.world.clock.pendingTimers).toBe(0);
  });

  it('cuts the message that takes too long: it is not kept', async () => {
    const stand = await start();
    const peer = await greeted(stand);
    await asked(peer, MAIL, RCPT, 'DATA');
    peer.write('half of');
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    const draining = stand.server.drain({ timeoutMs: 100 });
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    await stand.world.clock.advance(100);
    expect(await draining).toMatchObject({ cut: 1 });
    expect(stand.kept).toEqual([]);
  });
});
