import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventRecord } from '../event.ts';
import { PROBLEM_MEDIA_TYPE } from '../problem.ts';
import { type Client, createClient } from './client.ts';

/** How the peer answers the connections to come, in order; the last one stays. */
let script: Array<(response: http.ServerResponse) => void> = [];
let asked: Array<{ url: string | undefined; lastEventId: string | undefined }> = [];
let peer: http.Server;
let clock: FakeClock;
let client: Client;

beforeEach(async () => {
  asked = [];
  clock = new FakeClock();
  peer = http.createServer((request, response) => {
    asked.push({ url: request.url, lastEventId: request.headers['last-event-id'] as string | undefined });
    const answer = script.length > 1 ? script.shift() : script[0];
    answer?.(response);
  });
  await new Promise<void>((resolve) => peer.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(peer.address() as AddressInfo).port}`;
  client = createClient({ url, token: 't', clock, random: () => 1 });
});
afterEach(() => {
  client.close();
  peer.close();
  peer.closeAllConnections();
  expect(clock.pendingTimers).toBe(0);
});

function event(id: number): EventRecord {
  return {
    specversion: '1.0',
    id: String(id),
    source: '/test',
    type: 'roundhouse.session.created',
    subject: `ses_${id}`,
    time: '2026-01-01T00:00:00.000Z',
    datacontenttype: 'application/json',
    data: {},
  };
}

function frame(id: number): string {
  return `id: ${id}\ndata: ${JSON.stringify(event(id))}\n\n`;
}

/** A stream of these events that stays open. */
function open(...ids: number[]): (response: http.ServerResponse) => void {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`: hello\n\n${ids.map(frame).join('')}`);
  };
}

/** The same, cut in the middle of the next event. */
function cut(...ids: number[]): (response: http.ServerResponse) => void {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(`: hello\n\n${ids.map(frame).join('')}id: 99\ndata: {`, () => response.destroy());
  };
}

function refuse(status: number, code: string, retryable: boolean): (response: http.ServerResponse) => void {
  const body = JSON.stringify({ code, detail: code, hint: 'Wait.', retryable, status, details: {}, errors: [] });
  return (response) => response.writeHead(status, { 'content-type': PROBLEM_MEDIA_TYPE }).end(body);
}

/** Goes on at once after a lost connection, and notes how long it would have waited. */
function resuming(): { delays: number[]; reasons: Array<string | undefined>; onLost: LostListener } {
  const delays: number[] = [];
  const reasons: Array<string | undefined> = [];
  const onLost: LostListener = (reason, delayMs) => {
    delays.push(delayMs);
    reasons.push(reason?.code);
    void clock.advance(delayMs);
  };
  return { delays, reasons, onLost };
}

type LostListener = (reason: { readonly code: string } | undefined, delayMs: number) => void;

async function take(events: AsyncIterable<EventRecord>, count: number): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of events) {
    ids.push(id);
    if (ids.length === count) break;
  }
  return ids;
}

describe('streamEvents', () => {
  it('asks for the types and the subject, and begins behind the event named', async () => {
    script = [open(6)];
    const events = client.streamEvents({ types: 'roundhouse.session', subject: 'ses_6' }, { lastEventId: '5' });
    expect(await take(events, 1)).toEqual(['6']);
    expect(asked).toEqual([{ url: '/api/v1/events?types=roundhouse.session&subject=ses_6', lastEventId: '5' }]);
  });

  it('resumes behind the last whole event when the connection is cut or ended', async () => {
    script = [cut(1, 2), (response) => response.writeHead(200).end(frame(3)), open(4)];
    const { reasons, onLost } = resuming();
    expect(await take(client.streamEvents({}, { onLost }), 4)).toEqual(['1', '2', '3', '4']);
    expect(asked.map((each) => each.lastEventId)).toEqual([undefined, '2', '3']);
    expect(reasons).toEqual(['API_UNREACHABLE', undefined]);
  });

  it('resumes where the server said the stream stood, though no event came', async () => {
    script = [(response) => response.writeHead(200).end('id: 41\n\n'), open(42)];
    const { onLost } = resuming();
    expect(await take(client.streamEvents({}, { onLost }), 1)).toEqual(['42']);
    expect(asked.map((each) => each.lastEventId)).toEqual([undefined, '41']);
  });

  it('waits longer with each failure, up to a limit, and begins anew after a success', async () => {
    const busy = refuse(503, 'SHUTTING_DOWN', true);
    script = [cut(1), ...Array.from({ length: 7 }, () => busy), cut(2), open(3)];
    const { delays, onLost } = resuming();
    expect(await take(client.streamEvents({}, { onLost }), 3)).toEqual(['1', '2', '3']);
    expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 250]);
  });

  it('waits at least as long as the server asks for', async () => {
    script = [(response) => response.writeHead(200).end('retry: 1500\n\n'), open(1)];
    const { delays, onLost } = resuming();
    await take(client.streamEvents({}, { onLost }), 1);
    expect(delays).toEqual([1_500]);
  });

  it('takes silence for a lost connection', async () => {
    script = [open(1), open(2)];
    const { reasons, onLost } = resuming();
    const events = client.streamEvents({}, { onLost })[Symbol.asyncIterator]();
    await events.next();
    const second = events.next();
    await clock.advance(60_000);
    expect(await second).toMatchObject({ value: { id: '2' } });
    expect(reasons).toEqual(['API_TIMEOUT']);
    await events.return?.();
  });

  it('raises what keeps the first connection from being made', async () => {
    script = [refuse(503, 'SHUTTING_DOWN', true)];
    await expect(take(client.streamEvents(), 1)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });

  it('raises what another attempt cannot mend', async () => {
    script = [cut(1), refuse(401, 'UNAUTHENTICATED', false)];
    const { onLost } = resuming();
    await expect(take(client.streamEvents({}, { onLost }), 2)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it.each([
    ['an event that is not JSON', 'data: <\n\n'],
    ['a line without an end', `data: ${'x'.repeat(2_000_000)}`],
    ['an event without an end', `data: ${'x'.repeat(999)}\n`.repeat(2_000)],
  ])('raises API_ANSWER_INVALID for %s', async (_title, text) => {
    script = [(response) => response.writeHead(200).write(text)];
    await expect(take(client.streamEvents(), 1)).rejects.toMatchObject({ code: 'API_ANSWER_INVALID' });
  });

  it.each(['while it waits for an event', 'while it waits for another attempt'])(
    'ends without an error when its signal aborts %s',
    async (moment) => {
      const controller = new AbortController();
      const abort = (): void => controller.abort();
      script = moment.endsWith('event') ? [open(1)] : [cut(1)];
      const seen: string[] = [];
      const events = client.streamEvents({}, { signal: controller.signal, onLost: abort });
      for await (const { id } of events) {
        seen.push(id);
        if (moment.endsWith('event')) setImmediate(abort);
      }
      expect(seen).toEqual(['1']);
    },
  );

  it('hangs up when nobody reads on', async () => {
    const hungUp = new Promise<void>((resolve) => {
      script = [(response) => open(1)(response.once('close', resolve))];
    });
    await take(client.streamEvents(), 1);
    await hungUp;
  });
});
