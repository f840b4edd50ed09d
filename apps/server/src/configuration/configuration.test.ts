import { createScope, silentLogger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { Configuration, readConfiguration } from './configuration.ts';
import type { ConfigurationValue } from './definition.ts';

const FILE = '/etc/roundhouse.yaml';

/** A configuration over a file in memory; what is applied and told is kept in order. */
async function setUp(first = 'limits: { max_sessions: 1 }\n') {
  const clock = new FakeClock();
  const scope = createScope({ clock });
  const world = {
    text: first,
    share: 1,
    /** What `apply` raises. */
    refusal: undefined as Error | undefined,
    /** What `apply` waits for. */
    gate: Promise.resolve(),
    applied: [] as number[],
    told: [] as string[],
  };
  const files = {
    read: (path: string) =>
      path === FILE ? Promise.resolve(Buffer.from(world.text)) : Promise.reject(new Error('none')),
    list: () => Promise.reject(Object.assign(new Error('none'), { code: 'ENOENT' })),
    link: () => Promise.resolve(undefined),
  };
  const deps = { files, variables: {}, clock, isMachineChecked: false };
  const sessionsOf = ({ limits }: ConfigurationValue): number => limits?.max_sessions ?? 0;
  const configuration = new Configuration({ file: FILE }, await readConfiguration({ file: FILE }, deps, scope), {
    ...deps,
    scope,
    log: silentLogger,
    ownPorts: new Set(),
    publish: (type, data) => world.told.push(`${type} ${JSON.stringify(data)}`),
    target: {
      async apply(next) {
        await world.gate;
        if (world.refusal !== undefined) throw world.refusal;
        world.applied.push(sessionsOf(next));
      },
      health: () => ({
        get share() {
          return world.share;
        },
      }),
    },
  });
  const reloadTo = (sessions: number) => {
    world.text = `limits: { max_sessions: ${sessions} }\n`;
    return configuration.reload();
  };
  return { clock, scope, world, configuration, reloadTo };
}

describe('a reload', () => {
  it('is told, and watched for a while', async () => {
    const { clock, world, configuration, reloadTo } = await setUp();
    const at = clock.now() + 5;
    await clock.advance(5);
    expect(await reloadTo(2)).toMatchObject({ applied: true, plan: { action: 'live' } });
    expect(world.told).toEqual(['reloaded {"changes":1,"action":"live"}']);
    expect(configuration.loadedAt).toBe(at);
    expect(configuration.values()).toEqual({ limits: { max_sessions: 2 } });
    await clock.advance(10_000);
    expect(clock.pendingTimers).toBe(0);
    expect(world.applied).toEqual([2]);
  });

  it('that changes nothing is not watched', async () => {
    const { clock, configuration } = await setUp();
    await configuration.reload();
    expect(clock.pendingTimers).toBe(0);
  });

  it('that is dry does and tells nothing', async () => {
    const { world, configuration } = await setUp();
    world.text = 'limits: { max_sessions: 2 }\n';
    expect(await configuration.reload({ isDryRun: true })).toMatchObject({ applied: false, plan: { action: 'live' } });
    world.text = 'limits: { max_sessions: two }\n';
    await expect(configuration.reload({ isDryRun: true })).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
    expect([world.applied, world.told]).toEqual([[], []]);
    expect(configuration.values()).toEqual({ limits: { max_sessions: 1 } });
  });

  it.each(['', '\n\n', '# gone\n'])('of a file that has become empty changes nothing: %j', async (text) => {
    const { world, configuration, reloadTo } = await setUp();
    world.text = text;
    await expect(configuration.reload()).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      details: { count: 1, diagnostics: [{ code: 'CONFIG_EMPTY', severity: 'error' }] },
    });
    expect(configuration.values()).toEqual({ limits: { max_sessions: 1 } });
    expect(world.applied).toEqual([]);
    // On purpose it can be done, and a file that never said anything says nothing new.
    world.text = '{}\n';
    expect(await configuration.reload()).toMatchObject({ applied: true });
    expect(configuration.values()).toEqual({});
    await reloadTo(3);
    expect(world.applied).toEqual([0, 3]);
  });

  it('of a file that was empty at the start takes it as that', async () => {
    const { configuration } = await setUp('');
    expect(await configuration.reload()).toMatchObject({ applied: true });
  });

  it('that cannot be applied leaves what was there', async () => {
    const { clock, world, configuration, reloadTo } = await setUp();
    world.refusal = new Error('no room');
    await expect(reloadTo(2)).rejects.toMatchObject({ code: 'CONFIGURATION_REJECTED', status: 409 });
    expect(world.told).toEqual([expect.stringMatching(/^rejected .*CONFIGURATION_REJECTED.*no room/)]);
    expect(configuration.values()).toEqual({ limits: { max_sessions: 1 } });
    expect(clock.pendingTimers).toBe(0);
  });

  it('waits for the one before', async () => {
    const { world, configuration, reloadTo } = await setUp();
    const gate = Promise.withResolvers<void>();
    world.gate = gate.promise;
    const first = reloadTo(2);
    await Promise.resolve();
    const second = configuration.reload();
    gate.resolve();
    expect((await first).plan.changes).toHaveLength(1);
    expect((await second).plan.changes).toEqual([]);
    expect(world.applied[0]).toBe(2);
  });
});

describe('the health after a reload', () => {
  it.each([
    ['half of it left is enough', 0.5, [2]],
    ['less is not: what was there before comes back', 0.49, [2, 1]],
  ])('%s', async (_title, share, applied) => {
    const { clock, world, configuration, reloadTo } = await setUp();
    await reloadTo(2);
    world.share = share;
    await clock.advance(10_000);
    expect(world.applied).toEqual(applied);
    expect(world.told.slice(1)).toEqual(applied.length === 2 ? ['rolled_back {"healthy_share":0.49}'] : []);
    expect(configuration.values()).toEqual({ limits: { max_sessions: applied.at(-1) } });
    expect(clock.pendingTimers).toBe(0);
  });

  it('counts for ten seconds', async () => {
    const { clock, world, reloadTo } = await setUp();
    await reloadTo(2);
    await clock.advance(10_000);
    world.share = 0;
    await clock.advance(60_000);
    expect(world.applied).toEqual([2]);
  });

  it('is looked at for the last reload alone', async () => {
    const { clock, world, reloadTo } = await setUp();
    await reloadTo(2);
    await clock.advance(500);
    await reloadTo(3);
    world.share = 0;
    await clock.advance(10_000);
    expect(world.applied).toEqual([2, 3, 2]);
  });

  it('takes nothing back that another reload has replaced meanwhile', async () => {
    const { clock, world, reloadTo } = await setUp();
    await reloadTo(2);
    const gate = Promise.withResolvers<void>();
    world.gate = gate.promise;
    const second = reloadTo(3);
    world.share = 0;
    await clock.advance(1_000);
    world.share = 1;
    gate.resolve();
    await second;
    await clock.advance(10_000);
    expect(world.applied).toEqual([2, 3]);
    expect(world.told.map((each) => each.split(' ', 1)[0])).toEqual(['reloaded', 'reloaded']);
  });

  it('leaves nothing behind when the server stops meanwhile', async () => {
    const { clock, scope, world, reloadTo } = await setUp();
    await reloadTo(2);
    scope.end();
    world.share = 0;
    await clock.advance(10_000);
    expect([world.applied, clock.pendingTimers]).toEqual([[2], 0]);
  });
});
