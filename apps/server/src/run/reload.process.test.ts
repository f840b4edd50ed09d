import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { endpointGroupInputSchema, endpointInputSchema, type ReloadPlan } from '@roundhouse/api';
import { RoundhouseError } from '@roundhouse/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TroubledHost } from '../troubledHost.fixture.ts';
import { type Content, Installation, patiently } from './installation.fixture.ts';

const HOST = '127.0.0.1';
const PROBE = { interval_ms: 200, timeout_ms: 200, fall: 2, rise: 1 };
/** Such that a busy machine does not look like a sick host. */
const CALM = { interval_ms: 5_000, timeout_ms: 5_000 };
const LIMITS = { rate: { per_second: 100_000 } };

const [east, west] = [new TroubledHost('east'), new TroubledHost('west')];
let installation: Installation;

beforeAll(async () => {
  await Promise.all([east.start(), west.start()]);
});
afterAll(async () => {
  await Promise.all([east.kill(), west.kill()]);
});
afterEach(() => installation[Symbol.asyncDispose]());

/** Two hosts of one group. */
function plain(probe: object = PROBE): Content & { readonly endpoints: readonly Content[] } {
  return {
    server: { port: 0 },
    log: { level: 'silent' },
    limits: LIMITS,
    endpoint_groups: [{ id: 'prod', strategy: 'least_connections' }],
    endpoints: [east, west].map(({ id, port }) => ({ id, host: HOST, port, group: 'prod', probe })),
  };
}

async function start(options?: { readonly isWatched: boolean }, content = plain()): Promise<Installation> {
  installation = await Installation.start(content, options);
  await installation.until(async () => {
    const { items } = await patiently(() => installation.client.listResources('endpoint', {}));
    expect(items.map(({ status }) => status)).not.toContain('unknown');
  });
  return installation;
}

async function refused(work: Promise<unknown>): Promise<RoundhouseError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof RoundhouseError) return error;
  throw new Error('no coded error', { cause: error });
}

/** `path: field field …`, of what a plan changes. */
function fieldsOf({ changes }: ReloadPlan): Record<string, string[]> {
  return Object.fromEntries(
    changes.map(({ path, fields }) => [path, [...new Set(fields.map((field) => field.split('.', 1)[0] as string))]]),
  );
}

/** Every field of an endpoint that changes under its sessions. */
const LIVE_ENDPOINT = {
  weight: 3,
  priority: 0,
  max_sessions: 900,
  lu_pools: { POOL: 5 },
  logons_per_s: 500,
  labels: { site: 'here' },
  probe: { ...CALM, interval_ms: 6_000, rise: 3, kind: 'telnet' },
};

const NAVIGATION = {
  name: 'first screen',
  steps: [{ name: 'logon', expect: { texts: [{ text: 'FIRST ROUNDHOUSE BANK' }] } }],
};

/** Every field of a group. */
const LIVE_GROUP = {
  strategy: 'round_robin',
  affinity: { mode: 'sticky', ttl_ms: 60_000 },
  queue: { max: 7, timeout_ms: 700 },
  panic: 'refuse',
  failback: 'when_idle',
  fallback: ['spare'],
  failover: { enabled: true, timeout_ms: 20_000, max_parallel: 4 },
  labels: { env: 'prod' },
  model: '3278-2-E',
  code_page: '037',
  lu: null,
  navigation: NAVIGATION,
  warm: { size: 1 },
};

describe('a reload under 500 sessions', () => {
  it('changes everything that can change while they live, and drops none of them', async () => {
    const { client, write, until } = bound(await start({ isWatched: false }, plain(CALM)));
    const before = await installation.open(500, 'prod');
    const { endpoints, ...rest } = plain(CALM);
    await write({
      ...rest,
      log: { level: 'error,sessions:silent' },
      sessions: { idle_after_ms: 3_600_000, retain_ended_ms: 1_000 },
      limits: { ...LIMITS, max_sessions: 500, max_sessions_per_user: 600 },
      roles: [{ id: 'watcher', rules: [{ verbs: ['get'], kinds: ['endpoint'] }] }],
      principals: [{ id: 'kim', roles: ['watcher'] }],
      api_keys: [{ id: 'kim', principal: 'kim', hash: 'ab'.repeat(32) }],
      webhooks: [{ id: 'hook', url: 'https://hook.example.com/', secret: `whsec_${'A'.repeat(43)}=`, disabled: true }],
      endpoint_groups: [{ id: 'prod', ...LIVE_GROUP }, { id: 'spare' }],
      endpoints: endpoints.map((each) => ({ ...each, ...LIVE_ENDPOINT })),
    });
    const plan = await client.reloadConfiguration();
    expect(plan.applied).toBe(true);
    expect(new Set(plan.changes.map(({ action }) => action))).toEqual(new Set(['live']));
    const drained = ['id', 'host', 'port', 'tls', 'start_tls', 'compat', 'group'];
    const fields = fieldsOf(plan);
    expect(fields['endpoints[east]']?.toSorted()).toEqual(
      Object.keys(endpointInputSchema.shape)
        .filter((field) => !drained.includes(field))
        .toSorted(),
    );
    expect(fields['endpoint_groups[prod]']?.toSorted()).toEqual(
      Object.keys(endpointGroupInputSchema.shape)
        .filter((field) => field !== 'id')
        .toSorted(),
    );

    const after = await installation.sessions();
    const where = (sessions: typeof before) => sessions.map(({ id, endpoint }) => `${id} ${endpoint}`).toSorted();
    expect(where(after)).toEqual(where(before));
    const outcomes = new Map<string, number>();
    for (let at = 0; at < before.length; at += 50) {
      for (const { outcome, screen_data: text } of await Promise.all(
        before
          .slice(at, at + 50)
          .map(({ id }) => patiently(() => client.sendInput(id, { actions: [{ type: 'text', text: 'KIM' }] }))),
      )) {
        const told = `${outcome} ${text.includes('KIM')}`;
        outcomes.set(told, (outcomes.get(told) ?? 0) + 1);
      }
    }
    expect([...outcomes]).toEqual([['ok true', 500]]);
    expect(installation.events.filter(({ type }) => /^roundhouse\.session\.(closed|failed|moved)/.test(type))).toEqual(
      [],
    );
    // What is new is in force.
    await until(async () => {
      expect((await client.getResource('endpoint_group', 'prod')).warm?.ready).toBe(1);
    });
    expect((await refused(patiently(() => client.createSession({ group: 'prod' })))).code).toBe(
      'SESSION_LIMIT_REACHED',
    );
    expect((await client.getResource('endpoint', 'west')).weight).toBe(3);
    expect((await client.getLogLevels()).modules['sessions']?.level).toBe('silent');
  });

  it('that is not valid changes nothing, and says what is wrong', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, HOST, resolve));
    const { port } = taken.address() as AddressInfo;
    const { client, write } = bound(await start({ isWatched: false }, plain(CALM)));
    const before = await installation.open(500, 'prod');
    const [configuration, endpoints] = [await client.getConfiguration(), await client.listResources('endpoint', {})];
    const good = plain(CALM);
    const [first] = good.endpoints;
    const bad: ReadonlyArray<readonly [Content | string, string]> = [
      ['endpoints: [', 'CONFIG_SYNTAX'],
      [{ ...good, endpoints: [{ ...first, group: 'prdo' }] }, 'CONFIG_REFERENCE'],
      [{ ...good, endpoints: [{ ...first, weight: 2 }], roles: [{ id: 'viewer', rules: [] }] }, 'CONFIG_CONFLICT'],
      [{ ...good, endpoints: [{ ...first, weight: 2 }], server: { port } }, 'CONFIG_PORT_TAKEN'],
      [{ ...good, endpoints: [{ ...first, weight: 2, wieght: 1 }] }, 'CONFIG_UNKNOWN_KEY'],
    ];
    for (const [content, code] of bad) {
      await write(content);
      const error = await refused(client.reloadConfiguration());
      expect(error).toMatchObject({ code: 'CONFIGURATION_INVALID', status: 422 });
      const diagnostics = error.details['diagnostics'] as Array<Record<string, unknown>>;
      expect(diagnostics.map((each) => [each['code'], each['file']])).toEqual([[code, installation.file]]);
      expect(diagnostics[0]).toMatchObject({ line: expect.any(Number), column: expect.any(Number), hint: /./ });
    }
    await installation.until(() => expect(installation.told()).toHaveLength(bad.length));
    expect(new Set(installation.told().map(([type]) => type))).toEqual(new Set(['rejected']));
    expect(await client.getConfiguration()).toEqual(configuration);
    const versions = ({ items }: typeof endpoints) => items.map(({ id, version, weight }) => ({ id, version, weight }));
    expect(versions(await client.listResources('endpoint', {}))).toEqual(versions(endpoints));
    const after = await installation.sessions();
    expect(after.map(({ id }) => id).toSorted()).toEqual(before.map(({ id }) => id).toSorted());
    expect(new Set(after.map(({ state }) => state))).toEqual(new Set(['connected']));
    await new Promise((resolve) => taken.close(resolve));
  });
});

describe('a reload', () => {
  it('shows its plan before it does anything', async () => {
    const { client, write } = bound(await start());
    const { endpoints, ...rest } = plain();
    const [first] = endpoints;
    await write({ ...rest, events: { keep: 5_000 }, endpoints: [{ ...first, weight: 2, port: west.port }] });
    expect(await client.reloadConfiguration({ dry_run: true })).toEqual({
      applied: false,
      workers: [],
      warnings: [],
      changes: [
        { path: 'endpoints[east]', op: 'change', fields: ['port', 'weight'], action: 'drain' },
        { path: 'endpoints[west]', op: 'remove', fields: [], action: 'drain' },
        { path: 'events', op: 'add', fields: [], action: 'restart' },
      ],
    });
  });

  it('comes by itself when the file is replaced', async () => {
    const { client, write, until } = bound(await start({ isWatched: true }));
    const { endpoints, ...rest } = plain();
    await write({ ...rest, endpoints: endpoints.map((each) => ({ ...each, weight: 9 })) });
    await until(async () => expect((await client.getResource('endpoint', 'east')).weight).toBe(9));
    await write('endpoints: [');
    await until(() => expect(installation.told().at(-1)?.[0]).toBe('rejected'));
    await write({ ...rest, endpoints: endpoints.map((each) => ({ ...each, weight: 8 })) });
    await until(async () => expect((await client.getResource('endpoint', 'east')).weight).toBe(8));
  });

  it('follows files that the configuration begins to build on', async () => {
    const { client, write, until } = bound(await start({ isWatched: true }));
    const { endpoints, ...rest } = plain();
    const base = join(installation.folder, 'base.json');
    await writeFile(base, JSON.stringify({ endpoints }));
    await write({ extends: 'base.json', ...rest });
    await until(() => expect(installation.told()).toHaveLength(1));
    await writeFile(base, JSON.stringify({ endpoints: endpoints.map((each) => ({ ...each, weight: 4 })) }));
    await until(async () => expect((await client.getResource('endpoint', 'east')).weight).toBe(4));
  });

  it('says of what wants a restart that it does, until there is one', async () => {
    const { client, write } = bound(await start());
    const events = { path: 'events', op: 'add', action: 'restart' };
    await write({ ...plain(), events: { keep: 5_000 } });
    expect((await client.reloadConfiguration()).changes).toMatchObject([events]);
    expect((await client.reloadConfiguration()).changes).toMatchObject([events]);
    const sessions = { path: 'sessions', op: 'add', action: 'live' };
    await write({ ...plain(), events: { keep: 5_000 }, sessions: { idle_after_ms: 1_000 } });
    expect((await client.reloadConfiguration()).changes).toMatchObject([sessions, events]);
    await write(plain());
    expect((await client.reloadConfiguration()).changes).toMatchObject([
      { path: 'events', op: 'remove' },
      { path: 'sessions' },
    ]);
    expect((await client.reloadConfiguration()).changes).toEqual([]);
  });

  it('moves the sessions of an endpoint that is another host now, and keeps their ids', async () => {
    const { client, write, until } = bound(await start());
    const { endpoints, ...rest } = plain();
    await client.drainEndpoint('west', {});
    const sessions = await installation.open(20, 'prod');
    expect(new Set(sessions.map(({ port }) => port))).toEqual(new Set([east.port]));
    await client.drainEndpoint('west', { undo: true });
    const [first] = endpoints;
    await write({ ...rest, endpoints: [{ ...first, port: west.port }] });
    await client.reloadConfiguration();
    await until(async () => {
      const now = await installation.sessions();
      expect(now.map(({ id, port }) => `${id} ${port}`).toSorted()).toEqual(
        sessions.map(({ id }) => `${id} ${west.port}`).toSorted(),
      );
      expect(new Set(now.map(({ state }) => state))).toEqual(new Set(['connected']));
    });
  });

  it('is taken back when the endpoints lose their health under it', async () => {
    const { client, write, until } = bound(await start());
    const { endpoints, ...rest } = plain();
    await write({ ...rest, endpoints: endpoints.map((each) => ({ ...each, port: 1 })) });
    await client.reloadConfiguration();
    await until(() => {
      expect(installation.told()).toEqual([
        ['reloaded', { changes: 2, action: 'drain' }],
        ['rolled_back', { healthy_share: 0 }],
      ]);
    });
    const { items } = await client.listResources('endpoint', {});
    expect(items.map(({ id, port }) => [id, port])).toEqual([
      ['east', east.port],
      ['west', west.port],
    ]);
    const { values } = await client.getConfiguration();
    expect((values['endpoints'] as Array<{ port: number }>).map(({ port }) => port)).toEqual([east.port, west.port]);
    await until(async () => {
      const { items: now } = await client.listResources('endpoint', {});
      expect(now.map(({ status }) => status)).toEqual(['healthy', 'healthy']);
    });
  });
});

function bound(started: Installation) {
  return {
    client: started.client,
    write: (content: Content | string) => started.write(content),
    until: (check: () => void | Promise<void>) => started.until(check),
  };
}
