import { createScope, isRoundhouseError } from '@roundhouse/core';
import type { CaseSuite, SuiteCase } from '@roundhouse/testing';
import { connectPop3 } from '../pop3/index.ts';
import { connectSmtp, readWhole, serveSmtp } from '../smtp/index.ts';
import { createTestWorld, playClient, playServer, type ScriptedPeer } from './scriptedPeer.fixture.ts';
import { ENDS, INCOMING, OUTGOING, POP3_TEXTS, SERVER_LINES } from './textCases.fixture.ts';

const LOGIN = { user: 'anna', password: 'hunter2' };
const IN_THE_CLEAR = { host: '127.0.0.1', security: 'off', allowsClearCredentials: true } as const;
const QUIET_TURNS = 200;
const codeOf = (error: unknown): string =>
  isRoundhouseError(error) ? error.code : `another failure: ${String(error)}`;
const plain = (bytes: Uint8Array): string => JSON.stringify(Buffer.from(bytes).toString('latin1'));

/** Sends bytes behind EHLO to our server and ends: its answers, and the messages that it took. */
async function conversed(wire: string): Promise<string> {
  const world = createTestWorld();
  const kept: string[] = [];
  const server = await serveSmtp(
    { hostname: 'mx.example.com' },
    {
      recipient: () => undefined,
      message: async ({ sender, text }, _peer, scope) => {
        const whole = await readWhole(text, scope);
        kept.push(`${sender.address} ${plain(whole)}`);
        return undefined;
      },
    },
    world.runtime,
  );
  const peer = await playClient(world, server.port);
  const hearing = peer.hearRest();
  peer.write(`EHLO a.example\r\n${wire}`);
  // Nothing takes time in here: when the loop has turned so often, all that could be answered has been.
  for (let turns = 0; turns < QUIET_TURNS; turns++) await new Promise((resolve) => setImmediate(resolve));
  void peer.transport.close();
  const heard = await hearing;
  peer.transport.destroy();
  server.abort();
  const answers = [...heard.matchAll(/^(\d{3}) /gm)].map(([, code]) => code).slice(2);
  return `${answers.join(' ')}; ${kept.length === 0 ? 'no message' : kept.join(', ')}`;
}

const TRANSACTION = 'MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n';
/** What somebody hides behind an end that is none, as a message of somebody else. */
const SMUGGLED = 'MAIL FROM:<evil@x.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nhidden\r\n.\r\n';

/** Whether the hidden message became one of its own, and what became of the other. */
async function smuggled(end: string): Promise<string> {
  const outcome = await conversed(`${TRANSACTION}first${end}${SMUGGLED}QUIT\r\n`);
  if (outcome.includes('evil@x.example "')) return `smuggled: ${outcome}`;
  return outcome.endsWith('no message') ? 'nothing is taken' : 'one message is taken';
}

/** Our client sends a text; what stands between the answer 354 and the next command. */
async function sentText(text: string): Promise<string> {
  const world = createTestWorld();
  let wire = '';
  const server = await playServer(world, async (peer) => {
    peer.say('220 a.example');
    for (const answer of ['250 a.example', '250 yes', '250 yes', '354 go']) {
      await peer.hear();
      peer.say(answer);
    }
    wire = await heardText(peer);
    peer.say('250 taken');
    await peer.hearRest();
  });
  const scope = createScope({ clock: world.clock });
  try {
    const client = await connectSmtp({ ...IN_THE_CLEAR, port: server.port }, scope, world.runtime);
    await client.send({ from: 'a@b.example', to: ['c@d.example'] }, Buffer.from(text, 'latin1'), scope);
    client.abort();
    return JSON.stringify(wire);
  } catch (error) {
    return codeOf(error);
  } finally {
    scope.end();
  }
}

/** Up to and with the line of a dot alone. */
async function heardText(peer: ScriptedPeer): Promise<string> {
  let text = '';
  while (!`\r\n${text}`.endsWith('\r\n.\r\n')) text += await peer.hearBytes(1);
  return text;
}

/** Our POP3 client downloads what stands on the wire behind `+OK`. */
async function downloaded(wire: string): Promise<string> {
  const world = createTestWorld();
  const server = await playServer(world, async (peer) => {
    peer.say('+OK ready');
    for (const answer of ['-ERR', '+OK', '+OK']) {
      await peer.hear();
      peer.say(answer);
    }
    await peer.hear();
    peer.write(`+OK\r\n${wire}`);
    await peer.transport.close();
  });
  const scope = createScope({ clock: world.clock });
  try {
    const client = await connectPop3({ ...IN_THE_CLEAR, port: server.port, login: LOGIN }, scope, world.runtime);
    const bytes = await client.download(1);
    client.abort();
    return plain(bytes);
  } catch (error) {
    return codeOf(error);
  } finally {
    scope.end();
  }
}

const ENDINGS: CaseSuite = {
  name: 'smtp-smuggling',
  title: 'SMTP smuggling',
  about:
    'Bytes that some servers take for the end of a message and others do not (CVE-2023-51764, CVE-2023-51765, CVE-2023-51766): behind them stands a message of somebody else. Our server never takes two; then commands with line ends that are none.',
  cases: [
    ...ENDS.map(
      ([title, end, allowed]): SuiteCase => ({ title, source: 'RFC 5321 §4.1.1.4', allowed, run: () => smuggled(end) }),
    ),
    ...SERVER_LINES.map(
      ([title, source, wire, allowed]): SuiteCase => ({
        title,
        source: `RFC ${source}`,
        allowed,
        run: () => conversed(wire),
      }),
    ),
  ],
};

const TEXTS: CaseSuite = {
  name: 'mail-texts',
  title: 'Mail texts',
  about:
    'Dots and line ends of messages on the wire: what our SMTP server takes from DATA, what our SMTP client sends, and what our POP3 client makes of a multi-line answer.',
  cases: [
    ...INCOMING.map(
      ([title, source, wire, allowed]): SuiteCase => ({
        title: `our server: ${title}`,
        source: `RFC ${source}`,
        allowed,
        run: () => conversed(`${TRANSACTION}${wire}`),
      }),
    ),
    ...OUTGOING.map(
      ([title, source, text, allowed]): SuiteCase => ({
        title: `our client: ${title}`,
        source: `RFC ${source}`,
        allowed,
        run: () => sentText(text),
      }),
    ),
    ...POP3_TEXTS.map(
      ([title, source, wire, allowed]): SuiteCase => ({
        title: `our POP3 client: ${title}`,
        source: `RFC ${source}`,
        allowed,
        run: () => downloaded(wire),
      }),
    ),
  ],
};

export const SUITES: readonly CaseSuite[] = [ENDINGS, TEXTS];
