import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventRecord, NewWebhook, WebhookInput } from '@roundhouse/api';
import { freePort } from '@roundhouse/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from './log/silentLog.fixture.ts';
import { createServer, type Server } from './server.ts';
import { type RoundhouseProcess, startRoundhouse } from './roundhouseProcess.fixture.ts';
import { openStandardReceiver, type StandardReceiver } from './webhook/standardReceiver.fixture.ts';
import { bearer, call, type WireAnswer, watchEvents, type Watcher } from './wire.fixture.ts';

const TOKEN = 'a-token-of-this-test';
const ROOT = bearer(TOKEN);
const HOOKS = '/api/v1/webhooks';
const secretOf = (byte: number): string => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
const SECRET = secretOf(1);
const HOST = '127.0.0.1';

describe('webhooks over the API', () => {
  let server: Server;
  let url = '';
  const receivers = new AsyncDisposableStack();
  beforeAll(async () => {
    server = await createServer(
      { port: 0, token: TOKEN, version: '1.2.3' },
      { log: silentLog(), openSession: () => Promise.reject(new Error('no hosts here')) },
    );
    ({ url } = await server.start());
  });
  afterAll(async () => {
    await receivers.disposeAsync();
    await server.stop();
  });
  afterEach(async () => {
    for (const id of server.resources.ids('webhook')) await server.resources.remove('webhook', id, { by: 'test' });
  });

  const ask = (method: string, path: string, body?: unknown): Promise<WireAnswer> =>
    call(url, method, path, { authorization: ROOT, ...(body === undefined ? {} : { body }) });

  async function receiver(secret = SECRET, port = 0): Promise<StandardReceiver> {
    return receivers.use(await openStandardReceiver({ secret, port }));
  }

  async function add(input: Partial<WebhookInput> & { readonly url: string }): Promise<NewWebhook> {
    const { status, json, text } = await ask('POST', HOOKS, { allow_private: true, ...input });
    expect(status, text).toBe(201);
    return json as unknown as NewWebhook;
  }

  /** Sends the test event; gives the delivery with its log. */
  async function tried(id: string): Promise<Record<string, unknown> & { readonly log: Record<string, unknown>[] }> {
    const { status, json, text } = await ask('POST', `${HOOKS}/${id}/test`);
    expect(status, text).toBe(200);
    return json as never;
  }

  it('get a secret that is shown once, and sign each message with it', async () => {
    const port = await freePort();
    const made = await add({ url: `http://${HOST}:${port}/hook` });
    expect(made.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const secret = made.secret as string;
    const end = await receiver(secret, port);
    expect(await tried(made.id)).toMatchObject({
      webhook: made.id,
      type: 'roundhouse.webhook.test',
      status: 'delivered',
      attempts: 1,
      log: [{ status: 204, error: null }],
    });
    expect(end.received).toHaveLength(1);
    expect(end.rejected).toEqual([]);
    const { text: put } = await ask('PUT', `${HOOKS}/${made.id}`, {
      url: `http://${HOST}:${port}/hook`,
      allow_private: true,
      description: 'changed',
    });
    for (const path of [
      `${HOOKS}/${made.id}`,
      HOOKS,
      `${HOOKS}/${made.id}/deliveries`,
      `${HOOKS}/${made.id}/deliveries/1`,
    ]) {
      const { text } = await ask('GET', path);
      expect(text + put).not.toContain(secret);
      expect(text + put).not.toContain('whsec_');
    }
    // What was not said has stayed: the secret is still that one.
    await tried(made.id);
    expect(end.received).toHaveLength(2);
  });

  it('keep a secret that the caller gave to themselves from the start', async () => {
    const made = await add({ url: 'http://127.0.0.1:9/', secret: SECRET });
    expect(made.secret).toBeNull();
  });

  it('take up a new secret beside the old one, and give the old one up', async () => {
    const [before, after] = [await receiver(secretOf(1)), await receiver(secretOf(2))];
    const { id } = await add({ url: before.url, secret: secretOf(1) });
    const put = async (target: StandardReceiver, secret: string[]): Promise<void> => {
      expect((await ask('PUT', `${HOOKS}/${id}`, { url: target.url, allow_private: true, secret })).status).toBe(200);
    };
    await put(before, [secretOf(2), secretOf(1)]);
    expect(await tried(id)).toMatchObject({ status: 'delivered' });
    await put(after, [secretOf(2), secretOf(1)]);
    expect(await tried(id)).toMatchObject({ status: 'delivered' });
    await put(before, [secretOf(2)]);
    expect(await tried(id)).toMatchObject({ status: 'pending', last_error: 'RECEIVER_REFUSED' });
    expect(before.rejected).toHaveLength(1);
    expect([before.received.length, after.received.length]).toEqual([1, 1]);
  });

  it('show their deliveries, each with its attempts, and send them again', async () => {
    const end = await receiver();
    const { id } = await add({ url: end.url, secret: SECRET, events: ['webhook.test'] });
    const { id: delivery, message_id: messageId } = await tried(id);
    await tried(id);
    const page = await ask('GET', `${HOOKS}/${id}/deliveries?limit=1&status=delivered`);
    const { items, next_cursor: cursor } = page.json as { items: { id: number }[]; next_cursor: string };
    expect(items.map((each) => each.id)).toEqual([(delivery as number) + 1]);
    const rest = await ask(
      'GET',
      `${HOOKS}/${id}/deliveries?limit=1&status=delivered&cursor=${encodeURIComponent(cursor)}`,
    );
    expect(rest.json).toMatchObject({ items: [{ id: delivery, message_id: messageId }], next_cursor: null });
    expect((await ask('GET', `${HOOKS}/${id}/deliveries/${delivery as number}`)).json).toMatchObject({
      status: 'delivered',
      log: [{ status: 204, error: null, facts: { addresses: [HOST] } }],
    });
    const again = await ask('POST', `${HOOKS}/${id}/replay`, { delivery });
    expect(again.json).toEqual({ replayed: 1 });
    await end.waitFor(3);
    // Taken, and soon noted to be so.
    while ((await ask('GET', `${HOOKS}/${id}`)).json?.['pending'] !== 0);
    expect(
      (await ask('POST', `${HOOKS}/${id}/replay`, { status: 'delivered', type: 'roundhouse.webhook' })).json,
    ).toEqual({
      replayed: 2,
    });
    await end.waitFor(5);
    expect(end.received.filter((each) => each.id === messageId)).toHaveLength(3);
    const missing = await ask('GET', `${HOOKS}/${id}/deliveries/999999`);
    expect(missing.json).toMatchObject({ code: 'DELIVERY_NOT_FOUND', detail: 'There is no delivery 999999' });
    const other = await add({ url: end.url, secret: SECRET });
    expect((await ask('GET', `${HOOKS}/${other.id}/deliveries/${delivery as number}`)).status).toBe(404);
    expect((await ask('DELETE', `${HOOKS}/${id}`)).status).toBe(204);
    expect((await ask('GET', `${HOOKS}/${id}/deliveries`)).json).toMatchObject({ code: 'WEBHOOK_NOT_FOUND' });
  });

  it('are disabled by 410, leave a dead letter, and go on when somebody switches them off and on again', async () => {
    const end = await receiver();
    let isGone = true;
    end.answer = (response) => void response.writeHead(isGone ? 410 : 204).end();
    const definition = { url: end.url, secret: SECRET, allow_private: true, events: ['webhook.test'] };
    const { id } = await add(definition);
    expect(await tried(id)).toMatchObject({ status: 'dead', last_error: 'RECEIVER_GONE' });
    expect((await ask('GET', `${HOOKS}/${id}`)).json).toMatchObject({
      disabled: true,
      disabled_reason: 'gone',
      dead_letters: 1,
      oldest_dead_letter_at: expect.stringMatching(/^20/) as string,
    });
    expect((await ask('GET', `${HOOKS}/dead-letters`)).json).toMatchObject({
      items: [{ webhook: id, status: 'dead' }],
    });
    expect((await ask('POST', `${HOOKS}/${id}/test`)).json).toMatchObject({ code: 'WEBHOOK_DISABLED' });
    isGone = false;
    await ask('PUT', `${HOOKS}/${id}`, { ...definition, disabled: true });
    expect((await ask('POST', `${HOOKS}/${id}/test`)).json).toMatchObject({ code: 'WEBHOOK_DISABLED' });
    const back = await ask('PUT', `${HOOKS}/${id}`, definition);
    expect(back.json).toMatchObject({ disabled: false, disabled_reason: null, dead_letters: 1 });
    expect((await ask('POST', `${HOOKS}/${id}/replay`)).json).toEqual({ replayed: 1 });
    await end.waitFor(2);
    expect(end.received[0]?.id).toBe(end.received[1]?.id);
    expect(await tried(id)).toMatchObject({ status: 'delivered' });
  });

  it.each([
    ['http to a name', 'http://receiver.example/hook'],
    ['loopback', 'https://127.0.0.1/hook'],
    ['loopback, written strangely', 'https://0x7f.1/hook'],
    ['loopback as a number', 'https://2130706433/hook'],
    ['loopback of IPv6', 'https://[::1]/hook'],
    ['IPv4 mapped into IPv6', 'https://[::ffff:127.0.0.1]/hook'],
    ['a private address', 'https://10.1.2.3/hook'],
    ['a link-local address', 'https://169.254.1.1/hook'],
    ['the metadata of a cloud', 'https://169.254.169.254/latest'],
    ['a link-local address of IPv6', 'https://[fe80::1]/hook'],
    ['credentials in the URL', 'https://user:hunter2@receiver.example/hook'],
  ])('are not made for %s', async (_title, target) => {
    const refused = await ask('POST', HOOKS, { url: target });
    expect(refused).toMatchObject({ status: 422, json: { code: 'WEBHOOK_URL_FORBIDDEN' } });
    expect(refused.text).not.toContain('hunter2');
    expect((await ask('GET', HOOKS)).json).toMatchObject({ items: [] });
  });

  it.each(['https://169.254.169.254/latest', 'https://[::]/', 'https://255.255.255.255/'])(
    'are not made for %s, whatever the caller allows',
    async (target) => {
      const refused = await ask('POST', HOOKS, { url: target, allow_private: true });
      expect(refused.json).toMatchObject({ code: 'WEBHOOK_URL_FORBIDDEN' });
    },
  );

  it('connect to no private address that a name leads to, whenever it does', async () => {
    const { id } = await add({ url: 'https://localhost:9/hook', allow_private: false });
    expect(await tried(id)).toMatchObject({ status: 'pending', last_error: 'WEBHOOK_URL_FORBIDDEN' });
  });

  it('delay no other when they hang, fail, redirect or answer slowly', async () => {
    const good = await receiver();
    const target = await receiver();
    const hung: TcpServer = createTcpServer(() => {}).listen(0, HOST);
    await once(hung, 'listening');
    const { port } = hung.address() as AddressInfo;
    const [failing, moved, slow] = [await receiver(), await receiver(), await receiver()];
    failing.answer = (response) => void response.writeHead(500).end();
    moved.answer = (response) => void response.writeHead(307, { location: target.url }).end();
    slow.answer = (response) => void setTimeout(() => response.writeHead(200).end(), 150);
    const common = { secret: SECRET, events: ['role.*'], max_parallel: 2 };
    await add({ ...common, id: 'hanging', url: `http://${HOST}:${port}/`, timeout_ms: 60_000 });
    await add({ ...common, id: 'failing', url: failing.url });
    await add({ ...common, id: 'moved', url: moved.url });
    await add({ ...common, id: 'slow', url: slow.url });
    await add({ ...common, id: 'good', url: good.url });
    for (let n = 0; n < 40; n++) await ask('POST', '/api/v1/roles', { id: `r${n}`, rules: [] });
    await good.waitFor(40);
    // All there while the slow one is still at it, and the one that hangs has not answered once.
    expect(slow.received.length).toBeLessThan(40);
    const state = async (id: string) => (await ask('GET', `${HOOKS}/${id}/deliveries?limit=100`)).json?.['items'];
    expect(await state('hanging')).toEqual(
      expect.arrayContaining([expect.objectContaining({ status: 'pending', attempts: 0, last_error: null })]),
    );
    expect(await state('failing')).toContainEqual(expect.objectContaining({ last_error: 'RECEIVER_REFUSED' }));
    expect(await state('moved')).toContainEqual(expect.objectContaining({ last_error: 'RECEIVER_REDIRECTS' }));
    expect(target.received).toEqual([]);
    await slow.waitFor(40);
    expect([...good.rejected, ...slow.rejected]).toEqual([]);
    await server.resources.remove('webhook', 'hanging', { by: 'test' });
    hung.close();
  });
});

/** Times that the server is killed. */
const LIVES = 6;
/** Changes that callers were told of at which it is. */
const CHANGES_A_LIFE = 60;

describe('a server that is killed between event and delivery (roundhouse up)', () => {
  const home = mkdtempSync(join(tmpdir(), 'roundhouse-killed-'));
  const lives: RoundhouseProcess[] = [];
  afterAll(() => {
    for (const { child } of lives) child.kill('SIGKILL');
    rmSync(home, { recursive: true, force: true });
  });

  async function up(): Promise<RoundhouseProcess> {
    const started = await startRoundhouse(home, TOKEN);
    lives.push(started);
    return started;
  }

  it('has lost nothing that a caller or a watcher was told', async () => {
    await using receiver = await openStandardReceiver({ secret: SECRET });
    // Answers late, so that there is always something on its way.
    receiver.answer = (response) => void setTimeout(() => response.writeHead(204).end(), 20);
    /** Endpoints whose creation was answered. */
    const created: string[] = [];
    /** Events of all lives, in the order in which the watcher got them. */
    const watched: EventRecord[] = [];
    let lastEventId = '0';
    let made = 0;
    let undelivered = 0;
    let present = await up();
    const hook = { id: 'w', url: receiver.url, secret: SECRET, allow_private: true, max_parallel: 2 };
    expect((await call(present.url, 'POST', HOOKS, { authorization: ROOT, body: hook })).status).toBe(201);

    const isThere = ({ id }: { readonly id: string }): boolean => receiver.received.some((each) => each.id === id);
    const missing = (): string[] => {
      const subjects = new Set(
        receiver.received.flatMap(({ event }) => (event.type === 'roundhouse.endpoint.created' ? [event.subject] : [])),
      );
      return created.filter((id) => !subjects.has(id));
    };
    const churn = async (url: string): Promise<void> => {
      for (;;) {
        const id = `e${++made}`;
        const body = { id, host: HOST, port: 9, probe: { kind: 'none' } };
        const { status, json } = await call(url, 'POST', '/api/v1/endpoints', { authorization: ROOT, body });
        // A busy machine: nothing was done, and nothing told.
        if (json?.['code'] === 'OVERLOADED') continue;
        expect(status).toBe(201);
        created.push(id);
        await call(url, 'DELETE', `/api/v1/endpoints/${id}`, { authorization: ROOT });
      }
    };
    const gather = (watcher: Watcher): void => {
      watched.push(...watcher.events);
      lastEventId = watched.at(-1)?.id ?? lastEventId;
    };

    for (let life = 0; life < LIVES; life++) {
      const { url } = present;
      const watcher = await watchEvents(url, { authorization: ROOT, lastEventId });
      const until = created.length + CHANGES_A_LIFE + 17 * life;
      const writers = [1, 2, 3].map(() =>
        churn(url).catch((error: unknown) => {
          // Only its death ends it.
          if (present.isAlive) throw error;
        }),
      );
      await Promise.race([watcher.until(() => created.length >= until), Promise.all(writers)]);
      await present.kill('SIGKILL');
      await Promise.all([...writers, watcher.ended]);
      expect(present.child.signalCode).toBe('SIGKILL');
      undelivered += missing().length;
      gather(watcher);
      present = await up();
    }
    // The lives alone have not brought all: each next one had something to make good.
    expect(undelivered).toBeGreaterThan(0);
    receiver.answer = (response) => response.writeHead(204).end();
    const { url } = present;
    using watcher = await watchEvents(url, { authorization: ROOT, lastEventId });
    const last = { id: 'last', host: HOST, port: 9, probe: { kind: 'none' } };
    await call(url, 'POST', '/api/v1/endpoints', { authorization: ROOT, body: last });
    created.push('last');
    await watcher.until(({ subject }) => subject === 'last');
    gather(watcher);
    const first = watched.findIndex(({ type }) => type === 'roundhouse.webhook.created');
    const due = watched.slice(first + 1).filter(({ type }) => !type.startsWith('roundhouse.webhook.'));
    while (missing().length > 0 || !due.every(isThere)) await receiver.waitFor(receiver.received.length + 1);
    expect(receiver.rejected).toEqual([]);
    // The watcher has every event once, in order, without a gap, and the receiver the same under each id.
    expect(watched.map(({ id }) => Number(id))).toEqual(watched.map((_, index) => index + 1));
    const told = new Set(
      watched.filter(({ type }) => type === 'roundhouse.endpoint.created').map(({ subject }) => subject),
    );
    expect(created.filter((id) => !told.has(id))).toEqual([]);
    const byId = new Map(watched.map((event) => [event.id, event]));
    for (const { id, event } of receiver.received) {
      expect({ type: event.type, subject: event.subject }).toEqual({
        type: byId.get(id)?.type,
        subject: byId.get(id)?.subject,
      });
    }
    await present.kill('SIGTERM');
    expect(present.child.exitCode).toBe(0);
  });
});
