import { afterEach, expect, it } from 'vitest';
import { type RawWorld, rawWorld, statusesIn } from '../conformance/raw.fixture.ts';
import { createRouter } from '../router/router.ts';
import { text } from '../message.ts';
import { bodyLimit } from '../middleware/bodyLimit.ts';

let world: RawWorld;
afterEach(() => world[Symbol.dispose]());

const router = () =>
  createRouter()
    .get('/', () => text('next'))
    .post('/', async ({ body }) => text(await body.text()), bodyLimit(100_000));
/** RFC 9112 §7.1: the length is told chunk by chunk, so that only what arrives shows that it is too much. */
const chunk = (bytes: number): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.toString(16)}\r\n`), Buffer.alloc(bytes, 0x61), Buffer.from('\r\n')]);
const HEAD = Buffer.from('POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n');

it('a body that was read in part is taken to its end, and the next request is answered', async () => {
  world = await rawWorld(router().handler);
  const client = await world.connect();
  await client.send(Buffer.concat([HEAD, chunk(60_000), chunk(60_000)]));
  expect(statusesIn(client.received.toString('latin1'))).toEqual([413]);
  for (let count = 0; count < 8; count += 1) await client.send(chunk(60_000));
  await client.send(Buffer.from('0\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n'));
  expect(statusesIn(client.received.toString('latin1'))).toEqual([413, 200]);
});

it('a client that goes on sending what nobody wants is cut', async () => {
  world = await rawWorld(router().handler);
  const client = await world.connect();
  await client.send(Buffer.concat([HEAD, chunk(60_000), chunk(60_000)]));
  for (let count = 0; count < 40; count += 1) await client.send(chunk(60_000));
  await world.clock.advance(1_000);
  await client.quiet();
  expect(client.isClosed).toBe(true);
});

it('a drain does not wait for a body that nobody reads', async () => {
  world = await rawWorld(router().handler);
  const client = await world.connect();
  await client.send(Buffer.concat([HEAD, chunk(60_000), chunk(60_000)]));
  const draining = world.server.drain();
  await client.end();
  expect(await draining).toMatchObject({ cut: 0, elapsedMs: 0 });
});

it('requests that were parsed together with one that ends the server are let go, and nothing fails', async () => {
  let calls = 0;
  world = await rawWorld(() => {
    calls += 1;
    world.server.abort();
    return text('too late');
  });
  const client = await world.connect();
  await client.send(Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(3)));
  expect(client.isClosed).toBe(true);
  expect(calls).toBe(1);
});
