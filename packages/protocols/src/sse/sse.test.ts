import { createScope } from '@roundhouse/core';
import { createMemoryNetwork, createRuntime } from '@roundhouse/net';
import { constantBackoff } from '@roundhouse/resilience';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpClient, createRouter, type HttpHandler, serveHttp } from '../http/index.ts';
import { createEventFeed, eventSource, type EventSourceOptions, eventStream } from './index.ts';

const open: { abort(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.abort();
});

async function world(handler: HttpHandler) {
  const network = createMemoryNetwork();
  const clock = new FakeClock();
  const runtime = createRuntime({ clock, dialer: network.dialer, listen: network.listen, random: () => 0.5 });
  const server = await serveHttp({}, createRouter().get('/events', handler), runtime);
  const client = createHttpClient({}, runtime);
  open.push(client, server);
  const scope = createScope({ clock });
  const url = `http://localhost:${server.port}/events`;
  const events = (options: EventSourceOptions = {}) =>
    eventSource(client, url, { backoff: constantBackoff(10), ...options }, scope, { random: () => 0.5 });
  return { clock, client, server, scope, url, events };
}

/** Lets time pass until it settles. */
async function driven<T>(clock: FakeClock, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const done = promise.finally(() => void (isOver = true));
  done.catch(() => {});
  for (let turn = 0; turn < 400 && !isOver; turn++) await clock.advance(5);
  return done;
}

describe('a source of events', () => {
  it('goes on behind the last event when the connection is cut', async () => {
    const seen: (string | undefined)[] = [];
    const { events, clock, client } = await world((request, scope) => {
      seen.push(request.headers['last-event-id']);
      const source = async function* () {
        yield { data: 'one', id: String(seen.length) };
        await scope.sleep(1);
        throw new Error('the source breaks');
      };
      return eventStream(request, { source }, scope);
    });
    const failures: (string | undefined)[] = [];
    const received = events({ onReconnect: (reason) => void failures.push(reason?.code) });
    for (const lastEventId of ['1', '2']) {
      expect((await driven(clock, received.next())).value).toMatchObject({ data: 'one', lastEventId });
    }
    expect(seen).toEqual([undefined, '1']);
    expect(failures).toEqual(['CONNECTION_LOST']);
    client.abort();
    await expect(driven(clock, received.next())).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('has missed nothing that was published while it was away', async () => {
    const feed = createEventFeed();
    for (const data of ['a', 'b', 'c']) feed.publish({ data });
    const { events, clock } = await world((request, scope) =>
      eventStream(request, { source: (last) => feed.subscribe(last) }, scope),
    );
    const received = events({ lastEventId: '1' });
    const found = [await driven(clock, received.next()), await driven(clock, received.next())];
    expect(found.map(({ value }) => (value as { data: string }).data)).toEqual(['b', 'c']);
    await received.return(undefined);
    await expect.poll(() => feed.listeners).toBe(0);
  });

  it('comes again after each end, waits as the server says, and ends at 204', async () => {
    const seen: (string | undefined)[] = [];
    const { events, clock } = await world((request, scope) => {
      seen.push(request.headers['last-event-id']);
      if (seen.length === 3) return { status: 204 };
      const source = async function* () {
        yield { data: `n${seen.length}`, id: String(seen.length) };
      };
      return eventStream(request, { source, retryMs: 40 }, scope);
    });
    const waits: number[] = [];
    const data: string[] = [];
    const read = (async () => {
      for await (const event of events({ onReconnect: (_, delayMs) => void waits.push(delayMs) }))
        data.push(event.data);
    })();
    await driven(clock, read);
    expect(data).toEqual(['n1', 'n2']);
    expect(seen).toEqual([undefined, '1', '2']);
    expect(waits).toEqual([40, 40]);
  });

  it.each([
    [{ status: 404 }, 'PEER_REFUSED'],
    [{ status: 200, headers: { 'content-type': 'text/html' } }, 'PEER_REFUSED'],
    [{ status: 503 }, 'PEER_UNAVAILABLE'],
  ])('fails when the answer is %o', async (response, code) => {
    const { events, clock } = await world(() => response);
    await expect(driven(clock, events({ maxFailures: 2 }).next())).rejects.toMatchObject({ code });
  });

  it('refuses an event that is larger than allowed', async () => {
    const { events, clock } = await world((request, scope) =>
      eventStream(request, { source: () => createEventFeedWith('x'.repeat(200)) }, scope),
    );
    await expect(driven(clock, events({ maxEventLength: 100 }).next())).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
    });
  });

  it('leaves nothing behind when its scope ends', async () => {
    const feed = createEventFeed();
    const { events, clock, scope, client, server } = await world((request, own) =>
      eventStream(request, { source: (last) => feed.subscribe(last) }, own),
    );
    const next = events().next();
    await expect.poll(() => feed.listeners).toBe(1);
    scope.end();
    await expect(next).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect.poll(() => feed.listeners).toBe(0);
    client.abort();
    server.abort();
    await expect.poll(() => clock.pendingTimers).toBe(0);
  });
});

async function* createEventFeedWith(data: string) {
  yield { data };
}

describe('a stream of events', () => {
  it('says now and then that it is there', async () => {
    const feed = createEventFeed();
    const { client, clock, url, scope } = await world((request, own) =>
      eventStream(request, { source: () => feed.subscribe(), heartbeatMs: 1_000 }, own),
    );
    const response = await client.get(url, scope);
    let text = '';
    const read = (async () => {
      for await (const part of response.body) text += Buffer.from(part).toString();
    })();
    await expect.poll(() => text).toBe(':\n\n');
    await clock.advance(2_000);
    await expect.poll(() => text).toBe(':\n\n:\n\n:\n\n');
    feed.close();
    await read;
  });

  it('cuts a listener that does not keep up, and no other', async () => {
    const feed = createEventFeed({ maxQueued: 3 });
    const slow = feed.subscribe()[Symbol.asyncIterator]();
    const quick = feed.subscribe()[Symbol.asyncIterator]();
    for (let count = 0; count < 5; count++) {
      feed.publish({ data: String(count) });
      expect((await quick.next()).value).toMatchObject({ data: String(count) });
    }
    await expect(slow.next()).rejects.toMatchObject({ code: 'WRITE_OVERFLOW' });
    expect(feed.listeners).toBe(1);
  });
});
