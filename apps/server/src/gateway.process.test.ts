import { connect } from 'node:net';
import {
  type Client,
  createClient,
  type EndpointGroupInput,
  type EndpointInput,
  type EventRecord,
  type InputRequest,
  type Operation,
  type SessionResource,
} from '@roundhouse/api';
import { openSession } from '@roundhouse/tn3270';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { heldBytes } from './heap.fixture.ts';
import { silentLog } from './log/silentLog.fixture.ts';
import { createServer, type Server } from './server.ts';
import { TroubledHost } from './troubledHost.fixture.ts';

const HOST = '127.0.0.1';
const TOKEN = 'token-of-the-tests';
const SESSIONS = 200;
/** What is asked of the gateway: sessions are elsewhere, or reported, this long after the trouble was noticed, ms. */
const REPLACED_WITHIN_MS = 3_000;
const PROBE = { interval_ms: 300, timeout_ms: 1_000, fall: 2, rise: 2, slow_start_ms: 20_000 };
const NOT_AVAILABLE = 'SYSTEM NOT AVAILABLE';

/** The server, three hosts as endpoints of one group, and everything that the event stream has told. */
class World {
  readonly hosts: readonly TroubledHost[] = ['host1', 'host2', 'host3'].map((id) => new TroubledHost(id));
  readonly events: EventRecord[] = [];
  server!: Server;
  readonly #watch = new AbortController();
  url = '';
  client!: Client;

  async start(group: Partial<EndpointGroupInput>, probe: EndpointInput['probe']): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.start()));
    this.server = await createServer(
      { port: 0, token: TOKEN, version: '0.0.0', events: { retention: { maxEvents: 10_000 } } },
      { openSession, log: silentLog() },
    );
    ({ url: this.url } = await this.server.start());
    this.client = createClient({ url: this.url, token: TOKEN });
    void this.#follow();
    await this.client.createResource('endpoint_group', { id: 'prod', strategy: 'least_connections', ...group });
    for (const { id, port } of this.hosts) {
      await this.client.createResource('endpoint', {
        id,
        host: HOST,
        port,
        group: 'prod',
        ...(probe === undefined ? {} : { probe }),
      });
    }
    if (probe?.kind === 'none') return;
    await this.until(async () => {
      for (const { id } of this.hosts) expect((await this.client.getResource('endpoint', id)).status).toBe('healthy');
    });
  }

  unwatch(): void {
    this.#watch.abort();
  }

  async stop(): Promise<void> {
    this.unwatch();
    await Promise.all(this.hosts.map((host) => host.kill()));
    await this.server.stop();
    this.client?.close();
  }

  open(count: number, request: { readonly endpoint?: string } = {}): Promise<SessionResource[]> {
    return Promise.all(Array.from({ length: count }, () => this.client.createSession({ group: 'prod', ...request })));
  }

  /** All, page by page. */
  async sessions(): Promise<SessionResource[]> {
    const all: SessionResource[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await this.client.listSessions({ limit: 200, ...(cursor === undefined ? {} : { cursor }) });
      all.push(...page.items);
      cursor = page.next_cursor;
    }
    return all;
  }

  /** Types of what was told of a session or endpoint, behind an event. */
  told(subject: string, behind = 0): string[] {
    return this.about(subject, behind).map(({ type }) => type.replace('roundhouse.', ''));
  }

  about(subject: string, behind = 0): EventRecord[] {
    return this.events.filter((event) => event.subject === subject && Number(event.id) > behind);
  }

  get lastEvent(): number {
    return Number(this.server.journal.lastId);
  }

  /** The operation when it is over. */
  async finished({ id }: Operation): Promise<Operation> {
    let operation: Operation | undefined;
    await this.until(async () => {
      operation = await this.client.getOperation(id);
      expect(['completed', 'failed']).toContain(operation.status);
    });
    return operation as Operation;
  }

  /** Resolves when nothing fails in `check` any more. */
  async until(check: () => void | Promise<void>, timeout = 20_000): Promise<void> {
    await vi.waitFor(check, { timeout, interval: 20 });
  }

  async #follow(): Promise<void> {
    const stream = this.client.streamEvents({}, { lastEventId: '0', signal: this.#watch.signal });
    for await (const event of stream) this.events.push(event);
  }
}

let world: World;

async function start(group: Partial<EndpointGroupInput> = {}, probe: EndpointInput['probe'] = PROBE): Promise<World> {
  world = new World();
  await world.start(group, probe);
  return world;
}

afterEach(() => world.stop());

/** Where the sessions are, by endpoint, as the list of them has it. */
function places(sessions: readonly SessionResource[]): Record<string, number> {
  const counts: Record<string, number> = { host1: 0, host2: 0, host3: 0 };
  for (const { endpoint } of sessions) counts[endpoint as string] = (counts[endpoint as string] ?? 0) + 1;
  return counts;
}

/** Those of endpoints and group say what the list of sessions says. */
async function expectExactCounters(sessionCount: number): Promise<void> {
  const { client } = world;
  const sessions = await world.sessions();
  expect(sessions).toHaveLength(sessionCount);
  const counted: Record<string, number> = {};
  for (const { id } of world.hosts) counted[id] = (await client.getResource('endpoint', id)).active_sessions;
  expect(counted).toEqual(places(sessions));
  expect((await client.getResource('endpoint_group', 'prod')).active_sessions).toBe(sessionCount);
}

function expectGaplessEvents(): void {
  const first = Number(world.events[0]?.id);
  expect(world.events.map(({ id }) => Number(id))).toEqual(world.events.map((_, index) => first + index));
}

/** What became of the health of an endpoint, one after the other. */
function healthOf(endpoint: string): unknown[] {
  return world
    .about(endpoint)
    .filter(isHealthChange)
    .map(({ data }) => data['to']);
}

function isHealthChange({ type }: EventRecord): boolean {
  return type === 'roundhouse.endpoint.health_changed';
}

const ms = (event: EventRecord | undefined): number => Date.parse(event?.time ?? '');

const text = (value: string) => ({ type: 'text', text: value }) as const;
const key = (value: 'Enter' | 'Tab' | 'PF3') => ({ type: 'key', key: value }) as const;
const LOG_ON: InputRequest = { actions: [text('JOE'), key('Tab'), text('DEMO'), key('Enter')] };

describe('a host that is killed', () => {
  it('loses every session to the others, told in order, with exact counters, and is filled again gradually', async () => {
    const { hosts, client } = await start();
    const [host1] = hosts as [TroubledHost];
    const opened = await world.open(SESSIONS);
    expect(Object.values(places(opened)).sort((a, b) => a - b)).toEqual([66, 67, 67]);
    const hit = opened.filter(({ endpoint }) => endpoint === 'host1');
    const before = world.lastEvent;
    await host1.kill();
    await world.until(() => {
      for (const { id } of hit) expect(world.told(id, before).at(-1)).toMatch(/^session\.(replaced|error)$/);
    });
    const events = world.events.filter(({ id }) => Number(id) > before);
    const detected = events.find(({ type }) => type === 'roundhouse.session.host_lost');
    const last = events.findLast(({ type }) => /session\.(replaced|error)$/.test(type));
    expect(ms(last) - ms(detected)).toBeLessThan(REPLACED_WITHIN_MS);
    expect(places(await world.sessions())).toEqual({ host1: 0, host2: 100, host3: 100 });
    await expectExactCounters(SESSIONS);
    for (const { id } of hit) {
      expect(world.told(id, before)).toEqual([
        'session.host_lost',
        'session.initializing',
        'session.connected',
        'session.replaced',
      ]);
      const operation = String(world.about(id, before)[0]?.data['operation_id']);
      expect(world.told(operation)).toEqual([
        'operation.in_progress',
        'operation.reconnecting',
        'operation.state_restored',
        'operation.completed',
      ]);
      expect((await client.getScreen(id)).screen_data).toMatch(/HOST[23]/);
    }
    for (const { id } of opened) if (!hit.some((each) => each.id === id)) expect(world.told(id, before)).toEqual([]);

    await world.until(async () => expect((await client.getResource('endpoint', 'host1')).status).toBe('unhealthy'));
    await host1.start();
    await world.until(async () => expect((await client.getResource('endpoint', 'host1')).status).toBe('healthy'));
    const later = places(await world.open(30));
    expect(later['host1']).toBeGreaterThan(0);
    expect(later['host1']).toBeLessThan(30);
    await expectExactCounters(SESSIONS + 30);
    expect(healthOf('host1')).toEqual(['healthy', 'unhealthy', 'healthy']);
    for (const other of ['host2', 'host3']) {
      expect(healthOf(other)).toEqual(['healthy']);
    }
    expectGaplessEvents();
  });
});

describe('a host in trouble', () => {
  it.each([
    ['takes connections and answers nothing', {}, async (host: TroubledHost) => host.freeze()],
    ['refuses every LU', {}, (host: TroubledHost) => host.treat('full')],
    [
      'shows that its system is not available',
      { reject: [{ text: NOT_AVAILABLE }] },
      (host: TroubledHost) => host.treat('down'),
    ],
  ])('that %s is found out; its sessions are moved, and new ones avoid it', async (_, probe, trouble) => {
    const { hosts, client } = await start({}, { ...PROBE, ...probe });
    const opened = await world.open(SESSIONS);
    const hit = opened.filter(({ endpoint }) => endpoint === 'host1');
    expect(hit.length).toBeGreaterThanOrEqual(66);
    const before = world.lastEvent;
    await trouble(hosts[0] as TroubledHost);
    await world.until(() => {
      for (const { id } of hit) expect(world.told(id, before)).toContain('session.migrated');
    });
    const events = world.events.filter(({ id }) => Number(id) > before);
    const detected = events.find((event) => isHealthChange(event) && event.subject === 'host1');
    const last = events.findLast(({ type }) => type === 'roundhouse.session.migrated');
    expect(detected?.data['to']).toBe('unhealthy');
    expect(ms(last) - ms(detected)).toBeLessThan(REPLACED_WITHIN_MS);
    for (const { id } of hit) expect(world.told(id, before)).toEqual(['session.migrated']);
    const { items } = await client.listOperations({ limit: 200 });
    const moves = items.filter(({ kind }) => kind === 'failover');
    expect(moves).toHaveLength(hit.length);
    expect(moves.every(({ status, relogged }) => status === 'completed' && relogged)).toBe(true);
    // The good-byes to a host that says nothing take their time.
    await world.until(async () => expect((await client.getResource('endpoint', 'host1')).active_sessions).toBe(0));
    expect(places(await world.sessions())).toEqual({ host1: 0, host2: 100, host3: 100 });
    await expectExactCounters(SESSIONS);
    expect(places(await world.open(10))['host1']).toBe(0);
    expect(healthOf('host1')).toEqual(['healthy', 'unhealthy']);
    expectGaplessEvents();
  });

  it('that is just slow keeps its sessions, and new ones avoid it', async () => {
    const { hosts, client } = await start({}, { ...PROBE, timeout_ms: 3_000, degraded_above_ms: 600 });
    const opened = await world.open(SESSIONS);
    const before = world.lastEvent;
    await (hosts[0] as TroubledHost).treat('1000');
    await world.until(async () => expect((await client.getResource('endpoint', 'host1')).status).toBe('degraded'));
    expect(places(await world.open(10))['host1']).toBe(0);
    for (const { id } of opened) expect(world.told(id, before)).toEqual([]);
    const kept = opened.find(({ endpoint }) => endpoint === 'host1') as SessionResource;
    expect((await client.sendInput(kept.id, LOG_ON)).screen_data).toContain('MAIN MENU');
    await expectExactCounters(SESSIONS + 10);
  });
});

describe('a user who logs off', () => {
  it('has done so at a slow host too: its session is closed, not taken elsewhere', async () => {
    const { hosts, client } = await start({}, { ...PROBE, timeout_ms: 5_000 });
    const [session] = (await world.open(1, { endpoint: 'host1' })) as [SessionResource];
    await client.sendInput(session.id, LOG_ON);
    await (hosts[0] as TroubledHost).treat('1500');
    await client.sendInput(session.id, { actions: [key('PF3')], wait: { for: 'none' } });
    await world.until(() => expect(world.told(session.id).at(-1)).toMatch(/^session\.(closed|error|replaced)$/));
    expect(world.told(session.id).at(-1)).toBe('session.closed');
    expect(world.told(session.id)).not.toContain('session.host_lost');
  });
});

describe('a migration', () => {
  const navigation = {
    name: 'to the menu',
    steps: [
      {
        expect: { texts: [{ text: 'USER ID' }] },
        actions: LOG_ON.actions,
        leads_to: { texts: [{ text: 'MAIN MENU' }] },
        timeout_ms: 3_000,
      },
    ],
  };

  /** A session on host1 at the menu, with two hosts to go to. */
  async function atMenu(): Promise<SessionResource> {
    await start({ navigation }, { kind: 'none' });
    const [session] = (await world.open(1, { endpoint: 'host1' })) as [SessionResource];
    expect((await world.client.sendInput(session.id, LOG_ON)).screen_data).toContain('MAIN MENU');
    return session;
  }

  async function expectUsable(id: string, endpoint: string): Promise<void> {
    const { client } = world;
    expect(await client.getSession(id)).toMatchObject({ endpoint, state: 'active' });
    const inquiry = await client.sendInput(id, { actions: [text('1'), key('Enter')] });
    expect(inquiry.screen_data).toContain('ACCOUNT');
  }

  /** The slow transaction with its answer outstanding. */
  async function slowTransaction(id: string): Promise<{ readonly answer: Promise<unknown> }> {
    const { client } = world;
    await client.sendInput(id, { actions: [text('5'), key('Enter')] });
    const answer = client
      .sendInput(id, { actions: [key('Enter')], wait: { for: 'unlocked', timeout_ms: 20_000 } })
      .catch((error: unknown) => error);
    await world.until(async () => expect((await client.getScreen(id)).screen_data).toContain('TRANSACTION RUNS'));
    return { answer };
  }

  it('while a transaction runs waits for its answer, which its caller gets', async () => {
    const { id } = await atMenu();
    const { client } = world;
    const { answer } = await slowTransaction(id);
    const operation = await world.finished(await client.migrateSession(id, { endpoint: 'host2' }));
    expect(operation).toMatchObject({
      status: 'completed',
      relogged: false,
      indeterminate_inputs: 0,
      endpoint: 'host2',
    });
    expect(await answer).toMatchObject({ outcome: 'ok' });
    expect(world.told(id)).not.toContain('session.input_indeterminate');
    await expectUsable(id, 'host2');
  });

  it('while a transaction has no end says that nobody knows what became of the input, and goes', async () => {
    const { id } = await atMenu();
    const { client, hosts } = world;
    const { answer } = await slowTransaction(id);
    (hosts[0] as TroubledHost).freeze();
    const before = world.lastEvent;
    const begun = await client.migrateSession(id, { endpoint: 'host2' });
    await expect(client.sendInput(id, { actions: [text('X')] })).rejects.toMatchObject({ code: 'SESSION_MIGRATING' });
    const operation = await world.finished(begun);
    expect(operation).toMatchObject({ status: 'completed', indeterminate_inputs: 1, endpoint: 'host2' });
    expect(await answer).toMatchObject({ code: 'INPUT_INDETERMINATE', details: { completed_actions: 1 } });
    await world.until(() => expect(world.told(begun.id).at(-1)).toBe('operation.completed'));
    expect(world.told(id, before)).toEqual(['session.input_indeterminate', 'session.migrated']);
    expect(world.told(begun.id)).toEqual([
      'operation.in_progress',
      'operation.snapshot_created',
      'operation.reconnecting',
      'operation.state_restored',
      'operation.completed',
    ]);
    await expectUsable(id, 'host2');
    await world.until(async () => expect((await client.getResource('endpoint', 'host1')).active_sessions).toBe(0));
  });

  it.each([
    [
      'to a target that is dead',
      /^(CONNECT_REFUSED|NO_ENDPOINT|MIGRATION_TIMEOUT)$/,
      (host: TroubledHost) => host.kill(),
    ],
    [
      'to a target that answers nothing',
      /^(HOST_SILENT|MIGRATION_TIMEOUT)$/,
      async (host: TroubledHost) => host.freeze(),
    ],
    ['to a target whose screen differs', /^NAVIGATION_/, (host: TroubledHost) => host.treat('down')],
  ])('%s is rolled back, and the session works where it is', async (_, code, trouble) => {
    const { id } = await atMenu();
    const { client, hosts } = world;
    await trouble(hosts[2] as TroubledHost);
    const before = world.lastEvent;
    const begun = await client.migrateSession(id, { endpoint: 'host3', timeout_ms: 2_000 });
    const operation = await world.finished(begun);
    expect(operation).toMatchObject({ status: 'failed', rolled_back: true, indeterminate_inputs: 0 });
    expect(operation.error?.code).toMatch(code);
    await expectUsable(id, 'host1');
    await world.until(() => expect(world.told(begun.id).at(-1)).toBe('operation.failed'));
    expect(world.told(id, before).filter((type) => type !== 'session.active')).toEqual([]);
    await world.until(async () => expect((await client.getResource('endpoint', 'host3')).active_sessions).toBe(0));
    expect((await client.getResource('endpoint_group', 'prod')).active_sessions).toBe(1);
  });
});

describe('the event stream', () => {
  const FILLER = 'x'.repeat(500);

  function publish(count: number): void {
    for (let index = 0; index < count; index++) world.server.journal.publish('test.filler', 'test', { FILLER });
  }

  /** The next `count` ids behind one. */
  async function idsBehind(lastEventId: string, count: number): Promise<number[]> {
    const ids: number[] = [];
    const stop = new AbortController();
    for await (const { id } of world.client.streamEvents(
      { types: 'roundhouse.test.' },
      { lastEventId, signal: stop.signal },
    )) {
      ids.push(Number(id));
      if (ids.length === count) break;
    }
    return ids;
  }

  it('goes on behind the last event seen without a gap or a duplicate, far behind as well', async () => {
    await start({}, { kind: 'none' });
    const { journal } = world.server;
    const begin = Number(journal.lastId);
    const live = idsBehind(journal.lastId, 2_000);
    publish(2_000);
    expect(await live).toEqual(Array.from({ length: 2_000 }, (_, index) => begin + index + 1));
    publish(7_000);
    const rest = await idsBehind(String(begin + 2_000), 7_000);
    expect(rest).toEqual(Array.from({ length: 7_000 }, (_, index) => begin + 2_000 + index + 1));
  });

  it('holds nothing for a watcher that does not read, which gets all that is kept when it does', async () => {
    await start({}, { kind: 'none' });
    const { journal } = world.server;
    const kept = async (): Promise<number> => {
      await journal.settled();
      await journal.trim();
      return await heldBytes();
    };
    world.unwatch();
    // As many as are kept: from here on, what is held grows by what the watcher holds alone.
    publish(30_000);
    const before = await kept();
    const socket = connect({ host: HOST, port: Number(new URL(world.url).port) });
    socket.on('error', () => {});
    const begin = Number(journal.lastId);
    socket.write(
      `GET /api/v1/events?types=roundhouse.test. HTTP/1.1\r\nhost: ${HOST}\r\nauthorization: Bearer ${TOKEN}\r\nlast-event-id: ${begin}\r\n\r\n`,
    );
    socket.pause();
    let most = 0;
    for (let published = 0; published < 100_000; published += 10_000) {
      publish(10_000);
      most = Math.max(most, await kept());
    }
    expect(most - before).toBeLessThan(4 * 1_048_576);
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.resume();
    await world.until(() => expect(text).toContain(`id: ${begin + 100_000}\n`));
    // What retention took from it meanwhile, it is told; the rest came without a gap.
    const gap = /: events from (\d+) to (\d+) are missing here/.exec(text);
    const ids = [...text.matchAll(/^id: (\d+)$/gm)].map((match) => Number(match[1]));
    // The event that tells of them has the id of the last.
    const missing = gap === null ? 0 : Number(gap[2]) - Number(gap[1]);
    expect(ids.length + missing).toBe(100_000);
    expect(ids).toEqual([...ids].sort((x, y) => x - y));
    socket.destroy();
  });
});
