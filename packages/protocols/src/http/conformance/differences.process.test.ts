import { describe, expect, it } from 'vitest';
import { isInstalled } from '@roundhouse/testing';
import type { HttpHandler } from '../message.ts';
import { serveHttp } from '../server/serveHttp.ts';
import { MESSAGE_CASES } from './messages.fixture.ts';
import { exchange, startCaddy, startHaproxy, startNginx, type WebPeer } from './peers.fixture.ts';
import { statusesIn } from './raw.fixture.ts';

const STARTERS: Readonly<Record<string, (backend: number) => Promise<WebPeer>>> = {
  nginx: startNginx,
  haproxy: startHaproxy,
  caddy: startCaddy,
};
const AT_ONCE = 12;

const handler: HttpHandler = async (request) => {
  const body = await request.body.text();
  return { status: 200, body: `\r\n${request.method} ${request.path} ${body}\r\n` };
};

/** What a server makes of each case: whether it takes the message itself. */
async function verdicts(port: number): Promise<boolean[]> {
  const taken: boolean[] = [];
  for (let at = 0; at < MESSAGE_CASES.length; at += AT_ONCE) {
    const some = MESSAGE_CASES.slice(at, at + AT_ONCE);
    const texts = await Promise.all(some.map(({ bytes }) => exchange(port, Buffer.from(bytes, 'latin1'))));
    taken.push(...texts.map((text) => statusesIn(text)[0] === 200));
  }
  return taken;
}

describe.skipIf(!Object.keys(STARTERS).every(isInstalled))('beside nginx, haproxy and caddy', () => {
  it('the server takes no message that all three refuse, and each of them takes what is plainly good', async () => {
    await using server = await serveHttp({}, handler);
    const ours = await verdicts(server.port);
    const theirs: Record<string, boolean[]> = {};
    for (const [name, start] of Object.entries(STARTERS)) {
      await using peer = await start(server.port);
      theirs[name] = await verdicts(peer.port);
    }
    const laxer = MESSAGE_CASES.filter((_, index) => ours[index] && Object.values(theirs).every((all) => !all[index]));
    expect(laxer.map(({ title }) => title)).toEqual([]);
    for (const [name, all] of Object.entries(theirs)) {
      expect(all.slice(0, 3), `${name} does not take a plain request`).toEqual([true, true, true]);
      const stricter = MESSAGE_CASES.filter((_, index) => !ours[index] && all[index]).map(({ title }) => title);
      const weaker = MESSAGE_CASES.filter((_, index) => ours[index] && !all[index]).map(({ title }) => title);
      console.log(`${name}: takes ${stricter.length} that we refuse: ${stricter.join('; ')}`);
      console.log(`${name}: refuses ${weaker.length} that we take: ${weaker.join('; ')}`);
    }
  });
});
