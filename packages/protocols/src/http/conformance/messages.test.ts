import { describe, expect, it } from 'vitest';
import type { HttpHandler } from '../message.ts';
import { MESSAGE_CASES } from './messages.fixture.ts';
import { rawWorld, statusesIn } from './raw.fixture.ts';

/** Reads the body to its end, as who relies on it. */
const handler: HttpHandler = async (request) => {
  const body = await request.body.text();
  return { status: 200, body: `\r\n${request.method} ${request.path} ${body}\r\n` };
};

describe('a server of HTTP/1.1 takes', () => {
  it.each(MESSAGE_CASES)('$title (RFC $source): $answers', async ({ bytes, answers, isEnd }) => {
    using world = await rawWorld(handler);
    const client = await world.connect();
    await client.send(Buffer.from(bytes, 'latin1'));
    const text = client.received.toString('latin1');
    expect(statusesIn(text)).toEqual(answers);
    expect(client.isClosed).toBe(isEnd);
    expect(text.includes('/hidden')).toBe(!isEnd);
  });

  it.each(MESSAGE_CASES)('$title alike when it comes byte by byte', async ({ bytes, answers, isEnd }) => {
    using world = await rawWorld(handler);
    const client = await world.connect();
    for (const byte of Buffer.from(bytes.slice(0, 2_000), 'latin1')) {
      await client.send(Buffer.of(byte));
      if (client.isClosed) break;
    }
    if (bytes.length > 2_000) return;
    expect(statusesIn(client.received.toString('latin1'))).toEqual(answers);
    expect(client.isClosed).toBe(isEnd);
  });
});
