import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, type Logger, systemClock } from '@roundhouse/core';
import { createMemoryStore, type Delivery, type DeliveryFilter, type Store } from '@roundhouse/store';
import { createCertificateAuthority, FakeClock } from '@roundhouse/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { eventFault } from '../event/catalogue.ts';
import { type EventJournal, type JournalOptions, openEventJournal } from '../event/journal.ts';
import { createTroubledStore } from '../event/troubledStore.fixture.ts';
import type { WebhookDefinition } from './definition.ts';
import { createWebhooks, type Webhooks, type WebhooksDependencies, type WebhooksOptions } from './dispatcher.ts';
import { openStandardReceiver, type StandardReceiverOptions } from './standardReceiver.fixture.ts';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes....').toString('base64')}`;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const stack: Array<() => PromiseLike<unknown>> = [];
afterEach(async () => {
  for (const close of stack.splice(0).reverse()) await close();
});

interface LifeOptions extends WebhooksOptions {
  readonly clock?: Clock;
  readonly store?: Store;
  readonly journal?: JournalOptions;
  readonly resolve?: NonNullable<WebhooksDependencies['resolve']>;
}

interface Life {
  readonly store: Store;
  readonly journal: EventJournal;
  readonly webhooks: Webhooks;
  readonly lines: string[];
  readonly end: () => Promise<void>;
}

/** One life of the process, as far as webhooks go. */
async function live({
  clock = systemClock,
  store,
  resolve,
  journal: journalOptions,
  ...options
}: LifeOptions = {}): Promise<Life> {
  const lines: string[] = [];
  const line = (message: string, fields?: unknown): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const log: Logger = { debug: line, info: line, warn: line, error: line, child: () => log };
  const deps = { store: store ?? createMemoryStore({ clock }), clock, random: () => 0.5, log };
  const journal = await openEventJournal(journalOptions ?? {}, deps);
  const secrets = async (): Promise<string> => SECRET;
  const webhooks = createWebhooks(options, {
    ...deps,
    journal,
    secrets,
    ...(resolve === undefined ? {} : { resolve }),
  });
  webhooks.start();
  const end = async (): Promise<void> => {
    await webhooks.stop();
    await journal.close();
  };
  stack.push(end);
  return { store: deps.store, journal, webhooks, lines, end };
}

async function receiver(options: Partial<StandardReceiverOptions> = {}) {
  const opened = await openStandardReceiver({ secret: SECRET, ...options });
  stack.push(() => opened[Symbol.asyncDispose]());
  return opened;
}

const definition = (url: string, rest: Partial<WebhookDefinition> = {}): WebhookDefinition => ({
  id: 'w',
  url,
  secret: SECRET,
  allow_private: true,
  events: ['session.*'],
  ...rest,
});

function publishMany(journal: EventJournal, count: number, subjectOf = (n: number): string => `s${n}`): void {
  for (let n = 1; n <= count; n++)
    journal.publish('session.active', subjectOf(n), { from: 'connected', endpoint: null });
}

/** Turns the event loop until something is so; a clock that stands still is moved on a little each time. */
async function eventually<T>(look: () => Promise<T | undefined> | T | undefined, clock?: FakeClock): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await clock?.advance(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function deliveries(
  { store }: Life,
  filter: DeliveryFilter = {},
  count = 1,
  clock?: FakeClock,
): Promise<readonly Delivery[]> {
  return eventually(async () => {
    const found = await store.deliveries.list({ ...filter, limit: 1_000 });
    return found.length >= count ? found : undefined;
  }, clock);
}

/** The first attempt of the oldest delivery, once it is recorded. */
async function firstAttempt(life: Life, clock?: FakeClock) {
  return await eventually(async () => {
    const delivery = (await life.store.deliveries.list({ limit: 1_000 })).at(-1);
    const [attempt] = delivery === undefined ? [] : await life.store.deliveries.attempts(delivery.id);
    return delivery === undefined || attempt === undefined ? undefined : { delivery, attempt };
  }, clock);
}

/** A server that does with a request whatever a test wants. */
async function server(onRequest: (response: ServerResponse) => void): Promise<{ url: string; server: Server }> {
  const made = createServer((request, response) => {
    request.resume();
    request.once('end', () => onRequest(response));
  });
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  stack.push(
    () =>
      new Promise((resolve) => {
        made.close(resolve);
        made.closeAllConnections();
      }),
  );
  return { url: `http://127.0.0.1:${(made.address() as AddressInfo).port}/`, server: made };
}

describe('delivery', () => {
  it('brings every event once, signed, as CloudEvents', async () => {
    const life = await live();
    const hook = await receiver();
    await life.webhooks.add(definition(hook.url));
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    life.journal.publish('session.created', 's0', { group: null, endpoint: null }, { traceparent });
    publishMany(life.journal, 300);
    life.journal.publish('limit.near', 'sessions', { used: 9, capacity: 10 });
    await hook.waitFor(301);
    await deliveries(life, { status: 'delivered' }, 301);
    expect(hook.rejected).toEqual([]);
    expect(new Set(hook.received.map(({ id }) => id)).size).toBe(301);
    const first = hook.received.find(({ event }) => event.subject === 's0');
    expect(first?.headers).toMatchObject({
      traceparent,
      'content-type': 'application/cloudevents+json; charset=utf-8',
      'user-agent': 'Roundhouse',
      'webhook-id': first?.event.id,
      'accept-encoding': 'identity',
    });
    expect(hook.received.every(({ event }) => event.type.startsWith('roundhouse.session.'))).toBe(true);
  });

  it('over TLS checks the certificate, and says what is wrong with a bad one', async () => {
    const authority = createCertificateAuthority();
    const hook = await receiver({ certificate: authority.issue() });
    const trusting = await live({ ca: [authority.cert] });
    await trusting.webhooks.add(definition(hook.url));
    publishMany(trusting.journal, 1);
    await hook.waitFor(1);
    expect((await firstAttempt(trusting)).attempt).toMatchObject({ error: null, facts: { tls: 'TLSv1.3' } });

    const distrusting = await live();
    await distrusting.webhooks.add(definition(hook.url));
    publishMany(distrusting.journal, 1);
    expect((await firstAttempt(distrusting)).attempt).toMatchObject({ error: 'RECEIVER_TLS_FAILED', status: null });
    expect(hook.received).toHaveLength(1);

    const expired = await receiver({ certificate: authority.issue({ isExpired: true }) });
    await trusting.webhooks.set(definition(expired.url, { id: 'v' }));
    publishMany(trusting.journal, 1);
    const failed = await eventually(async () => {
      const [delivery] = await trusting.store.deliveries.list({ receiver: 'v', limit: 1 });
      return delivery?.lastError ?? undefined;
    });
    expect(failed).toBe('RECEIVER_TLS_FAILED');
    expect(expired.received).toEqual([]);
  });

  it('goes on in the next life of the process with what was pending and what was published meanwhile', async () => {
    const store = createMemoryStore({ clock: systemClock });
    const hook = await receiver();
    const first = await live({ store });
    hook.answer = (response) => response.writeHead(500).end();
    await first.webhooks.add(definition(hook.url));
    publishMany(first.journal, 3);
    await hook.waitFor(3);
    await first.webhooks.stop();
    publishMany(first.journal, 2);
    await first.end();

    const clock = new FakeClock(Date.now() + 10_000);
    const second = await live({ store, clock });
    const later = await receiver({ clock });
    await second.webhooks.set(definition(later.url));
    await deliveries(second, { status: 'delivered' }, 5, clock);
    expect(later.received.map(({ id }) => id).sort()).toEqual(['1', '2', '3', '4', '5']);
  });

  it('is announced in the log and in the status without any secret', async () => {
    const life = await live();
    const hook = await receiver();
    hook.answer = (response) => response.writeHead(410).end();
    await life.webhooks.add(definition(hook.url));
    publishMany(life.journal, 1);
    const { delivery } = await firstAttempt(life);
    const seen = JSON.stringify([life.lines, await life.webhooks.statuses(), delivery, await life.journal.read(0)]);
    expect(life.lines.join()).toContain('webhook disabled');
    expect(seen).not.toContain(SECRET.slice('whsec_'.length));
  });
});

describe('answers', () => {
  const silent = (): void => {};
  it.each([
    ['500', 'RECEIVER_REFUSED', 500, (response: ServerResponse) => response.writeHead(500).end('oh\u0007\u202eno')],
    ['400', 'RECEIVER_REFUSED', 400, (response: ServerResponse) => response.writeHead(400).end()],
    ['no answer', 'RECEIVER_TIMEOUT', null, silent],
    ['a cut', 'RECEIVER_UNREACHABLE', null, (response: ServerResponse) => response.destroy()],
    [
      'a drip',
      'RECEIVER_TIMEOUT',
      null,
      (response: ServerResponse) => {
        const drip = setInterval(() => response.write('.'), 5);
        response.once('close', () => clearInterval(drip));
        response.writeHead(200);
      },
    ],
  ])('%s is a failure: %s', async (_, error, status, onRequest) => {
    const life = await live();
    const { url } = await server(onRequest);
    await life.webhooks.add(definition(url, { timeout_ms: 150 }));
    publishMany(life.journal, 1);
    const { delivery, attempt } = await firstAttempt(life);
    expect(attempt).toMatchObject({ error, status, facts: { address: '127.0.0.1' } });
    expect(JSON.stringify(attempt.facts)).not.toMatch(/\\u0007|\u202e/);
    expect(delivery).toMatchObject({ status: 'pending', attempts: 1, lastError: error });
    expect((delivery.nextAttemptAt ?? 0) - attempt.at).toBeGreaterThanOrEqual(5_000);
  });

  it('that never come because a kept connection was just closed are no failures', async () => {
    const life = await live();
    const used = new WeakSet<object>();
    const { url } = await server((response) => {
      const { socket } = response;
      if (socket === null || used.has(socket)) response.destroy();
      else response.writeHead(204).end();
      if (socket !== null) used.add(socket);
    });
    await life.webhooks.add(definition(url, { max_parallel: 1 }));
    publishMany(life.journal, 3);
    const delivered = await deliveries(life, { status: 'delivered' }, 3);
    expect(delivered.map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
    expect((await life.store.deliveries.attempts(delivered[0]?.id ?? 0))[0]?.facts).toMatchObject({ second_try: true });
  });

  it('that redirect are failures, and are not followed', async () => {
    const life = await live();
    let visits = 0;
    const target = await server((response) => {
      visits++;
      response.end();
    });
    const { url } = await server((response) => response.writeHead(307, { location: target.url }).end());
    await life.webhooks.add(definition(url));
    publishMany(life.journal, 1);
    expect((await firstAttempt(life)).attempt).toMatchObject({ error: 'RECEIVER_REDIRECTS', status: 307 });
    expect(visits).toBe(0);
  });

  it('of any length are read as far as 64 KB, kept as far as 4 KB, and not decoded', async () => {
    const life = await live();
    let isCut = false;
    const { url } = await server((response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      const chunk = Buffer.alloc(65_536, 'x');
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', more).once('close', () => (isCut = true));
      more();
    });
    await life.webhooks.add(definition(url));
    publishMany(life.journal, 1);
    const { attempt } = await firstAttempt(life);
    expect(attempt).toMatchObject({ error: null, status: 200, facts: { answer: 'x'.repeat(4_096) } });
    expect(attempt.facts['answer_bytes']).toBeLessThan(262_144);
    await eventually(() => isCut || undefined);
  });

  it('that ask for a pause hold all messages back so long', async () => {
    const clock = new FakeClock(Date.now());
    const life = await live({ clock });
    const hook = await receiver({ clock });
    let status = 429;
    hook.answer = (response) => response.writeHead(status, { 'retry-after': '30' }).end();
    await life.webhooks.add(definition(hook.url, { max_parallel: 1 }));
    publishMany(life.journal, 3);
    const { delivery, attempt } = await firstAttempt(life, clock);
    expect((delivery.nextAttemptAt ?? 0) - attempt.at).toBeGreaterThanOrEqual(30_000);
    expect(await life.webhooks.status('w')).toMatchObject({ state: 'failing', pending: 3 });
    await clock.advance(29_000);
    expect(hook.received).toHaveLength(1);
    status = 204;
    await clock.advance(2_000);
    await deliveries(life, { status: 'delivered' }, 3, clock);
  });

  it('410 ends it: the webhook is disabled, says so, and goes on from then when it is enabled', async () => {
    const store = createMemoryStore({ clock: systemClock });
    const life = await live({ store });
    const hook = await receiver();
    hook.answer = (response) => response.writeHead(410).end();
    await life.webhooks.add(definition(hook.url, { max_parallel: 1 }));
    publishMany(life.journal, 1);
    await deliveries(life, { status: 'dead' });
    publishMany(life.journal, 5);
    expect(() => life.webhooks.test('w')).toThrowError(expect.objectContaining({ code: 'WEBHOOK_DISABLED' }));
    await life.journal.settled();
    const told = (await life.journal.read(0)).filter(({ type }) => type.startsWith('roundhouse.webhook.'));
    expect(told.map(({ type }) => type).sort()).toEqual([
      'roundhouse.webhook.delivery_failed',
      'roundhouse.webhook.disabled',
    ]);
    expect(told.map(eventFault)).toEqual([undefined, undefined]);
    await eventually(async () => ((await life.webhooks.status('w')).lag === 0 ? true : undefined));
    await life.end();

    const next = await live({ store });
    hook.answer = (response) => response.writeHead(204).end();
    await next.webhooks.set(definition(hook.url));
    expect(await next.webhooks.status('w')).toMatchObject({ state: 'disabled', disabled: 'gone' });
    await next.webhooks.enable('w');
    publishMany(next.journal, 1);
    await deliveries(next, { status: 'delivered' });
    expect(hook.received).toHaveLength(2);
  });
});

describe('time', () => {
  it('is that of the schedule, then the message is a dead letter, and a replay sends it under the same id', async () => {
    const clock = new FakeClock(Date.now());
    const life = await live({ clock });
    const hook = await receiver({ clock });
    hook.answer = (response) => response.writeHead(500).end();
    await life.webhooks.add(definition(hook.url));
    publishMany(life.journal, 1);
    const { delivery } = await firstAttempt(life, clock);
    const waits: number[] = [];
    for (let attempts = 1; attempts < 10; attempts++) {
      const pending = await eventually(async () => {
        const found = await life.store.deliveries.get(delivery.id);
        return found?.attempts === attempts ? found : undefined;
      }, clock);
      const waitMs = (pending.nextAttemptAt ?? 0) - clock.now();
      waits.push(Math.round(waitMs / 1_000));
      await clock.advance(waitMs - 100);
      expect(hook.received).toHaveLength(attempts);
      await clock.advance(100);
      await hook.waitFor(attempts + 1);
    }
    expect(waits).toEqual([5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
    await deliveries(life, { status: 'dead' }, 1, clock);
    await eventually(() => (life.journal.range().last === 2 ? true : undefined), clock);
    const [, failed] = await life.journal.read(0);
    expect(failed).toMatchObject({
      type: 'roundhouse.webhook.delivery_failed',
      subject: 'w',
      data: { message_id: '1', attempts: 10, code: 'RECEIVER_REFUSED', status: 500 },
    });
    expect(failed === undefined ? 'none' : eventFault(failed)).toBeUndefined();
    expect(await life.webhooks.status('w')).toMatchObject({ pending: 0, dead: 1 });

    hook.answer = (response) => response.writeHead(204).end();
    await life.webhooks.replayOne(delivery.id);
    await clock.advance(MINUTE);
    await deliveries(life, { status: 'delivered' }, 1, clock);
    expect(new Set(hook.received.map(({ id }) => id))).toEqual(new Set(['1']));
    expect(await life.store.deliveries.attempts(delivery.id)).toHaveLength(11);
    expect(await life.webhooks.replay({ receiver: 'w', since: 0 })).toBe(1);
    await hook.waitFor(12);
    await expect(life.webhooks.replayOne(999)).rejects.toMatchObject({ code: 'DELIVERY_NOT_FOUND' });
  });

  it('runs out for a receiver that has failed for five days, also across lives', async () => {
    const clock = new FakeClock(Date.now());
    const store = createMemoryStore({ clock });
    const { url } = await server((response) => response.writeHead(500).end());
    const fail = async (life: Life): Promise<void> => {
      const { id } = life.journal.publish('session.active', 's', { from: 'connected', endpoint: null });
      // As long as a breaker may be open.
      await clock.advance(2 * MINUTE);
      await eventually(async () => {
        const [newest] = await store.deliveries.list({ limit: 1 });
        return newest?.messageId === id && newest.lastError !== null ? true : undefined;
      }, clock);
    };
    const first = await live({ clock, store });
    await first.webhooks.set(definition(url));
    await fail(first);
    await clock.advance(48 * HOUR);
    await fail(first);
    await first.end();
    const second = await live({ clock, store });
    await second.webhooks.set(definition(url));
    for (let day = 3; day <= 4; day++) {
      await clock.advance(24 * HOUR);
      await fail(second);
      expect(await second.webhooks.status('w')).toMatchObject({ state: 'failing' });
    }
    await clock.advance(24 * HOUR);
    await fail(second);
    expect(await second.webhooks.status('w')).toMatchObject({ state: 'disabled', disabled: 'failing' });
    await second.end();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('one receiver', () => {
  it('that hangs delays no other', async () => {
    const life = await live();
    const { url } = await server(() => {});
    const good = await receiver();
    await life.webhooks.add(definition(url, { id: 'hangs' }));
    await life.webhooks.add(definition(good.url, { id: 'good' }));
    publishMany(life.journal, 200);
    await good.waitFor(200);
    expect(await life.webhooks.status('hangs')).toMatchObject({ inFlight: 8, pending: 200 });
    await life.webhooks.remove('hangs');
  });

  it('that fails is left alone after a few attempts, and tried again by one', async () => {
    const clock = new FakeClock(Date.now());
    const life = await live({ clock });
    const hook = await receiver({ clock });
    hook.answer = (response) => response.writeHead(500).end();
    await life.webhooks.add(definition(hook.url, { max_parallel: 1 }));
    publishMany(life.journal, 50);
    await eventually(async () => ((await life.webhooks.status('w')).breaker === 'open' ? true : undefined), clock);
    expect(hook.received).toHaveLength(5);
    await clock.advance(4_000);
    expect(hook.received).toHaveLength(5);
    hook.answer = (response) => response.writeHead(204).end();
    await clock.advance(1_000);
    await deliveries(life, { status: 'delivered' }, 45, clock);
  });

  it('that refuses many gets those behind them at once, and those again in their time', async () => {
    const clock = new FakeClock(Date.now());
    const life = await live({ clock });
    const hook = await receiver({ clock });
    let status = 400;
    hook.answer = (response) => response.writeHead(status).end();
    await life.webhooks.add(definition(hook.url));
    publishMany(life.journal, 1_200);
    const before = clock.monotonic();
    await eventually(() => (hook.received.length === 1_200 ? true : undefined), clock);
    status = 204;
    publishMany(life.journal, 10);
    await deliveries(life, { status: 'delivered' }, 10, clock);
    expect(clock.monotonic() - before).toBeLessThan(4_000);
    await clock.advance(5_000);
    expect(await deliveries(life, { status: 'delivered' }, 1_000, clock)).toHaveLength(1_000);
    await eventually(async () => ((await life.webhooks.status('w')).pending === 0 ? true : undefined), clock);
    expect(hook.received).toHaveLength(2_410);
  });

  it('with order gets the events of a subject one after another, those of others beside', async () => {
    const life = await live();
    const hook = await receiver();
    const open = new Map<string, number>();
    let most = 0;
    hook.answer = (response, { event }) => {
      open.set(event.subject, (open.get(event.subject) ?? 0) + 1);
      most = Math.max(most, open.size);
      expect(open.get(event.subject)).toBe(1);
      setImmediate(() => {
        open.delete(event.subject);
        response.writeHead(204).end();
      });
    };
    await life.webhooks.add(definition(hook.url, { ordered: true }));
    publishMany(life.journal, 120, (n) => `s${n % 4}`);
    await hook.waitFor(120);
    for (const subject of ['s0', 's1', 's2', 's3']) {
      const ids = hook.received.filter(({ event }) => event.subject === subject).map(({ id }) => Number(id));
      expect(ids).toEqual([...ids].sort((a, b) => a - b));
    }
    expect(most).toBeGreaterThan(1);
  });

  it('with order shows the subject that stands still, and resumes it in order in the next life', async () => {
    const clock = new FakeClock(Date.now());
    const store = createMemoryStore({ clock });
    const life = await live({ clock, store });
    const hook = await receiver({ clock });
    hook.answer = (response, { event }) => response.writeHead(event.id === '1' ? 400 : 204).end();
    await life.webhooks.add(definition(hook.url, { ordered: true }));
    publishMany(life.journal, 5, (n) => (n === 4 ? 'other' : 's'));
    await deliveries(life, { status: 'delivered' }, 1, clock);
    const { blocked } = await eventually(async () => {
      const status = await life.webhooks.status('w');
      return status.blocked.length > 0 ? status : undefined;
    }, clock);
    expect(blocked).toMatchObject([{ subject: 's', behind: 3 }]);
    expect(hook.received.map(({ id }) => id).sort()).toEqual(['1', '4']);
    await life.end();

    const next = await live({ clock, store });
    hook.answer = (response) => response.writeHead(204).end();
    await next.webhooks.set(definition(hook.url, { ordered: true }));
    await clock.advance(100);
    expect(hook.received).toHaveLength(2);
    await clock.advance(5_000);
    await deliveries(next, { status: 'delivered' }, 5, clock);
    expect(hook.received.slice(2).map(({ id }) => id)).toEqual(['1', '2', '3', '5']);
  });

  it('that lags takes no more than its share of the store, and hears of events that were forgotten meanwhile', async () => {
    const clock = new FakeClock(Date.now());
    const life = await live({ clock, maxPending: 10, journal: { retention: { maxEvents: 20 }, recent: 1 } });
    const hook = await receiver({ clock });
    hook.answer = () => {};
    await life.webhooks.add(definition(hook.url, { max_parallel: 1, events: ['*'] }));
    publishMany(life.journal, 10);
    await hook.waitFor(1);
    publishMany(life.journal, 90);
    await life.journal.settled();
    await clock.advance(1);
    expect(await life.webhooks.status('w')).toMatchObject({ pending: 10, lag: 90 });
    await life.journal.trim();
    hook.answer = (response) => response.writeHead(204).end();
    // The one that hangs is given up by its time-out, and tried again.
    await clock.advance(15_000);
    await clock.advance(10_000);
    await deliveries(life, { status: 'delivered' }, 30, clock);
    await life.journal.settled();
    const missed = (await life.journal.read(80)).find(({ type }) => type === 'roundhouse.webhook.events_missed');
    expect(missed?.data).toEqual({ from: 11, to: 80, count: 70 });
  });
});

describe('the name of a receiver', () => {
  it('is resolved once an attempt, and the connection goes to what was checked', async () => {
    const authority = createCertificateAuthority();
    const certificate = authority.issue({ names: ['DNS:hooks.example'] });
    const good = await receiver({ certificate });
    const evil = await receiver({ certificate, host: '127.0.0.2', port: good.port });
    const answers = [['127.0.0.1'], ['127.0.0.2'], ['127.0.0.1', '127.0.0.2'], ['127.0.0.1']];
    let calls = 0;
    // Whoever asks a second time within an attempt gets the answer of the next.
    const resolve = async (): Promise<readonly string[]> => answers[calls++] ?? [];
    const life = await live({ resolve, allowedRanges: ['127.0.0.1/32'], ca: [authority.cert] });
    const to = (scheme: string): WebhookDefinition =>
      definition(`${scheme}://hooks.example:${good.port}/`, { allow_private: false });
    await expect(life.webhooks.set(to('http'))).rejects.toMatchObject({ code: 'WEBHOOK_URL_FORBIDDEN' });
    await life.webhooks.set(to('https'));
    const outcomes: unknown[] = [];
    for (let count = 1; count <= answers.length; count++) {
      publishMany(life.journal, 1);
      await eventually(async () => {
        const [delivery] = await deliveries(life, {}, count);
        const [attempt] = await life.store.deliveries.attempts(delivery?.id ?? 0);
        if (attempt !== undefined) outcomes.push([attempt.error, attempt.facts['address'] ?? null]);
        return attempt;
      });
    }
    expect(outcomes).toEqual([
      [null, '127.0.0.1'],
      ['WEBHOOK_URL_FORBIDDEN', null],
      ['WEBHOOK_URL_FORBIDDEN', null],
      [null, '127.0.0.1'],
    ]);
    expect(calls).toBe(answers.length);
    expect([good.received.length, evil.received.length, evil.rejected.length]).toEqual([2, 0, 0]);
  });

  it('is the one that the certificate must have', async () => {
    const authority = createCertificateAuthority();
    const hook = await receiver({ certificate: authority.issue({ names: ['DNS:other.example', 'IP:127.0.0.1'] }) });
    const life = await live({ resolve: async () => ['127.0.0.1'], ca: [authority.cert] });
    await life.webhooks.set(definition(`https://hooks.example:${hook.port}/`));
    publishMany(life.journal, 1);
    expect((await firstAttempt(life)).attempt).toMatchObject({ error: 'RECEIVER_TLS_FAILED' });
  });

  it('stands in the request, though the connection is made by address', async () => {
    const hook = await receiver();
    const life = await live({ resolve: async () => ['127.0.0.1'] });
    await life.webhooks.set(definition(`http://hooks.example:${hook.port}/`));
    publishMany(life.journal, 1);
    await hook.waitFor(1);
    expect(hook.received[0]?.headers.host).toBe(`hooks.example:${hook.port}`);
  });
});

describe('a store in trouble', () => {
  it.each(['before', 'after'] as const)(
    'makes no delivery twice: deliveries refused %s they are stored',
    async (when) => {
      const clock = new FakeClock(Date.now());
      const store = createTroubledStore(createMemoryStore({ clock }));
      const life = await live({ clock, store });
      const hook = await receiver({ clock });
      await life.webhooks.add(definition(hook.url));
      store.trouble.set('enqueue', when);
      publishMany(life.journal, 20);
      await clock.advance(1_000);
      store.trouble.clear();
      await clock.advance(10_000);
      await deliveries(life, { status: 'delivered' }, 20, clock);
      expect(hook.received.map(({ id }) => Number(id)).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, index) => index + 1),
      );
    },
  );

  it('is told how attempts went when it takes it again, and nothing is sent twice meanwhile', async () => {
    const clock = new FakeClock(Date.now());
    const store = createTroubledStore(createMemoryStore({ clock }));
    const life = await live({ clock, store });
    const hook = await receiver({ clock });
    await life.webhooks.add(definition(hook.url));
    store.trouble.set('record', 'before');
    publishMany(life.journal, 20);
    await hook.waitFor(20);
    await clock.advance(MINUTE);
    store.trouble.clear();
    await clock.advance(MINUTE);
    await deliveries(life, { status: 'delivered' }, 20, clock);
    expect(hook.received).toHaveLength(20);
  });
});

describe('a store that dawdles', () => {
  it('tells of nothing twice: what was sent while it was asked is not sent again by its answer', async () => {
    const clock = new FakeClock(Date.now());
    const store = createTroubledStore(createMemoryStore({ clock }));
    await store.deliveries.enqueue(
      [{ receiver: 'w', messageId: 'old', orderKey: null, type: 't', body: {}, nextAttemptAt: clock.now() }],
      { w: 0 },
    );
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    store.gates.set('due', asked.promise).set('answer of due', answered.promise);
    const life = await live({ clock, store });
    const hook = await receiver({ clock });
    const sent = Promise.withResolvers<ServerResponse>();
    hook.answer = (response) => sent.resolve(response);
    await life.webhooks.set(definition(hook.url));
    publishMany(life.journal, 1);
    const response = await sent.promise;
    hook.answer = (next) => next.writeHead(204).end();
    asked.resolve();
    await clock.advance(1);
    response.writeHead(204).end();
    await deliveries(life, { status: 'delivered' }, 1, clock);
    answered.resolve();
    await deliveries(life, { status: 'delivered' }, 2, clock);
    await clock.advance(5_000);
    expect(hook.received.map(({ id }) => id)).toEqual(['1', 'old']);
  });

  it('has nothing left of a webhook that is removed while its events are taken over', async () => {
    const store = createTroubledStore(createMemoryStore({ clock: systemClock }));
    const life = await live({ store });
    const hook = await receiver();
    await life.webhooks.set(definition(hook.url));
    const gate = Promise.withResolvers<void>();
    store.gates.set('enqueue', gate.promise);
    publishMany(life.journal, 5);
    await eventually(() => (store.calls.filter((call) => call === 'enqueue').length === 2 ? true : undefined));
    const removed = life.webhooks.remove('w');
    await new Promise((resolve) => setImmediate(resolve));
    gate.resolve();
    await removed;
    expect(await store.deliveries.cursor('w')).toBeUndefined();
    expect(await store.deliveries.list({ limit: 10 })).toEqual([]);
  });
});

describe('webhooks', () => {
  it('are added once, changed, tried out and removed while events flow', async () => {
    const life = await live();
    const [one, two] = [await receiver(), await receiver()];
    await life.webhooks.add(definition(one.url));
    await expect(life.webhooks.add(definition(one.url))).rejects.toMatchObject({ code: 'WEBHOOK_EXISTS' });
    const test = life.webhooks.test('w');
    await one.waitFor(1);
    expect(one.received[0]?.event).toMatchObject({ id: test.id, type: 'roundhouse.webhook.test', subject: 'w' });
    publishMany(life.journal, 50);
    await life.webhooks.set(definition(two.url));
    publishMany(life.journal, 50);
    await deliveries(life, { status: 'delivered' }, 101);
    expect(new Set([...one.received, ...two.received].map(({ id }) => id)).size).toBe(101);
    await life.webhooks.remove('w');
    expect(await life.store.deliveries.list({ receiver: 'w', limit: 10 })).toEqual([]);
    await expect(life.webhooks.remove('w')).rejects.toMatchObject({ code: 'WEBHOOK_NOT_FOUND' });
    await expect(life.webhooks.status('w')).rejects.toMatchObject({ code: 'WEBHOOK_NOT_FOUND' });
  });

  it('that stop cut what hangs after a while; it is sent again in the next life', async () => {
    const clock = new FakeClock(Date.now());
    const store = createMemoryStore({ clock });
    const life = await live({ clock, store });
    const hook = await receiver({ clock });
    hook.answer = () => {};
    await life.webhooks.add(definition(hook.url));
    publishMany(life.journal, 1);
    await hook.waitFor(1);
    const stopped = life.webhooks.stop();
    await clock.advance(5_000);
    await stopped;
    expect(await store.deliveries.list({ limit: 10 })).toMatchObject([{ status: 'pending', attempts: 0 }]);
    await life.end();
    expect(clock.pendingTimers).toBe(0);
    hook.answer = (response) => response.writeHead(204).end();
    const next = await live({ clock, store });
    await next.webhooks.set(definition(hook.url));
    await deliveries(next, { status: 'delivered' }, 1, clock);
    expect(hook.received.map(({ id }) => id)).toEqual(['1', '1']);
  });

  it('leave no connection behind when they stop', async () => {
    const life = await live();
    const { url, server: made } = await server((response) => response.end());
    await life.webhooks.add(definition(url));
    publishMany(life.journal, 20);
    await deliveries(life, { status: 'delivered' }, 20);
    const connections = (): Promise<number> =>
      new Promise((resolve) => made.getConnections((_error, count) => resolve(count)));
    expect(await connections()).toBeGreaterThan(0);
    await life.webhooks.stop();
    for (let turns = 0; turns < 100 && (await connections()) > 0; turns++) await new Promise(setImmediate);
    expect(await connections()).toBe(0);
  });

  it('are so many and no more', async () => {
    const life = await live({ maxWebhooks: 1 });
    await life.webhooks.add(definition('https://example.com'));
    await expect(life.webhooks.add(definition('https://example.com', { id: 'v' }))).rejects.toMatchObject({
      code: 'TOO_MANY_WEBHOOKS',
    });
  });
});
