import { type CaseSuite, isInstalled, type SuitePeer } from '@roundhouse/testing';
import type { HttpHandler } from '../message.ts';
import { serveHttp } from '../server/serveHttp.ts';
import { MESSAGE_CASES, type MessageCase } from './messages.fixture.ts';
import { exchange, run, startCaddy, startHaproxy, startNginx, type WebPeer } from './peers.fixture.ts';
import { type RawClient, rawWorld, statusesIn } from './raw.fixture.ts';

const AT_ONCE = 12;
/** Bytes of a case that is sent byte by byte, at most: beyond it the limits are what is tested, not the cutting. */
const MAX_SINGLE_BYTES = 2_000;

/** Reads the body to its end, as who relies on it. */
const handler: HttpHandler = async (request) => {
  const body = await request.body.text();
  return { status: 200, body: `\r\n${request.method} ${request.path} ${body}\r\n` };
};

function outcomeOf(answers: readonly number[], isEnd: boolean, isHiddenServed: boolean): string {
  return `${answers.join(', ') || 'nothing'}; ${isEnd ? 'closed' : 'open'}; what follows is ${isHiddenServed ? 'a request' : 'not read'}`;
}

async function sent(bytes: string, send: (client: RawClient, all: Buffer) => Promise<void>): Promise<string> {
  using world = await rawWorld(handler);
  const client = await world.connect();
  await send(client, Buffer.from(bytes, 'latin1'));
  const text = client.received.toString('latin1');
  return outcomeOf(statusesIn(text), client.isClosed, text.includes('/hidden'));
}

async function byteByByte(client: RawClient, all: Buffer): Promise<void> {
  for (const byte of all) {
    await client.send(Buffer.of(byte));
    if (client.isClosed) return;
  }
}

function casesOf({ title, source, bytes, answers, isEnd }: MessageCase): CaseSuite['cases'] {
  const allowed = [outcomeOf(answers, isEnd, !isEnd)];
  const whole = {
    title,
    source: `RFC ${source}`,
    allowed,
    run: () => sent(bytes, (client, all) => client.send(all)),
  };
  if (bytes.length > MAX_SINGLE_BYTES) return [whole];
  return [whole, { ...whole, title: `${title}, byte by byte`, run: () => sent(bytes, byteByByte) }];
}

/** What a server makes of each case: whether it takes the message itself. */
async function verdicts(port: number): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (let at = 0; at < MESSAGE_CASES.length; at += AT_ONCE) {
    const some = MESSAGE_CASES.slice(at, at + AT_ONCE);
    const texts = await Promise.all(some.map(({ bytes }) => exchange(port, Buffer.from(bytes, 'latin1'))));
    for (const [index, { title }] of some.entries()) all[title] = verdictOf(statusesIn(texts[index] ?? '')[0]);
  }
  return all;
}

const verdictOf = (status: number | undefined): string => (status === 200 ? 'taken' : 'refused');

function peer(name: string, versionArgs: string, start: (backend: number) => Promise<WebPeer>): SuitePeer {
  return {
    name,
    isInstalled: () => isInstalled(name),
    version: async () => /\d+\.\d+[\w.]*/.exec((await run(name, [versionArgs])).output)?.[0] ?? 'unknown',
    async run() {
      await using server = await serveHttp({}, handler);
      await using started = await start(server.port);
      return await verdicts(started.port);
    },
  };
}

const MESSAGES: CaseSuite = {
  name: 'http1-messages',
  title: 'HTTP/1.1 messages',
  about:
    'Requests that are dangerous (two readers would find different ends: request smuggling) or wrong, and some that only look so; each with another request behind it, and each once more byte by byte. What is dangerous ends the connection. The same bytes go to nginx, HAProxy and Caddy, which stand in front of our server.',
  cases: MESSAGE_CASES.flatMap(casesOf),
  classOf: (outcome) => (/^(?:taken|200)/.test(outcome) ? 'taken' : 'refused'),
  peers: [peer('nginx', '-v', startNginx), peer('haproxy', '-v', startHaproxy), peer('caddy', 'version', startCaddy)],
};

export const SUITES: readonly CaseSuite[] = [MESSAGES];
