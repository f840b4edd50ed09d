import type { Files } from '@roundhouse/config';
import { createScope, silentLogger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { Configuration, readConfiguration } from './configuration.ts';
import type { ConfigurationValue } from './definition.ts';

const FILE = `
limits: { max_sessions: 10 }
endpoint_groups: [{ id: prod }]
endpoints: [{ id: east, host: east.example.com, port: 23, group: prod, weight: 1 }]
`;

const HOUR = 3_600_000;

async function world() {
  const clock = new FakeClock();
  const scope = createScope({ clock });
  const files: Files = {
    read: async (path) => {
      if (path === '/r.yaml') return Buffer.from(FILE);
      throw Object.assign(new Error('missing'), { code: 'ENOENT' });
    },
    list: async () => {
      throw Object.assign(new Error('missing'), { code: 'ENOENT' });
    },
    link: async () => undefined,
  };
  const applied: ConfigurationValue[] = [];
  const published: string[] = [];
  let refuses = false;
  const deps = { files, variables: {}, clock, isMachineChecked: false };
  const sources = { file: '/r.yaml' };
  const configuration = new Configuration(sources, await readConfiguration(sources, deps, scope), {
    ...deps,
    scope,
    log: silentLogger,
    publish: (type) => published.push(type),
    ownPorts: new Set(),
    target: {
      async apply(next) {
        if (refuses) throw new Error('no room');
        applied.push(next);
      },
      health: () => ({ share: 1 }),
    },
  });
  return {
    clock,
    scope,
    configuration,
    applied,
    published,
    refuse: (on: boolean) => {
      refuses = on;
    },
    set: (path: string, value: unknown, ttlMs?: number) =>
      configuration.override({
        path,
        value,
        by: 'alice',
        expiresAt: ttlMs === undefined ? undefined : clock.now() + ttlMs,
      }),
  };
}

describe('overrides', () => {
  it('stand above the file, say so, and go when their time is over', async () => {
    const { clock, configuration, applied, set } = await world();
    const { plan } = await set('endpoints[east].weight', 7, HOUR);
    expect(plan.changes.map(({ path, action }) => [path, action])).toEqual([['endpoints[east]', 'live']]);
    expect(applied.at(-1)?.endpoints?.[0]?.weight).toBe(7);
    expect(configuration.origins()['endpoints[east].weight']).toContain('override by alice until');
    await set('limits.max_sessions', 20);
    expect(configuration.overrides.map(({ path }) => path)).toEqual(['endpoints[east].weight', 'limits.max_sessions']);
    await clock.advance(HOUR);
    expect(applied.at(-1)?.endpoints?.[0]?.weight).toBe(1);
    expect(applied.at(-1)?.limits?.max_sessions).toBe(20);
    expect(configuration.overrides.map(({ path }) => path)).toEqual(['limits.max_sessions']);
  });

  it('take the place of one of the same path, and are taken back', async () => {
    const { configuration, applied, set } = await world();
    await set('limits.max_sessions', 20);
    await set('limits.max_sessions', 30);
    expect(configuration.overrides).toHaveLength(1);
    await configuration.removeOverride('limits.max_sessions');
    expect(applied.at(-1)?.limits?.max_sessions).toBe(10);
    await expect(configuration.removeOverride('limits.max_sessions')).rejects.toMatchObject({
      code: 'OVERRIDE_NOT_FOUND',
    });
  });

  it.each([
    ['a value that the schema refuses', 'limits.max_sessions', 'many'],
    ['a path that leads nowhere', 'limits.max_sesions', 5],
    ['an endpoint that there is not', 'endpoints[west].weight', 5],
    ['a reference to nothing', 'endpoints[east].group', 'nowhere'],
  ])('with %s change nothing', async (_, path, value) => {
    const { configuration, applied, published, set } = await world();
    await expect(set(path, value)).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' });
    expect([applied, configuration.overrides, published]).toEqual([[], [], ['rejected']]);
  });

  it('that cannot be applied are forgotten', async () => {
    const { configuration, refuse, set } = await world();
    refuse(true);
    await expect(set('limits.max_sessions', 20)).rejects.toMatchObject({ code: 'CONFIGURATION_REJECTED' });
    refuse(false);
    expect(configuration.overrides).toEqual([]);
  });

  it('are bounded in number, and leave no timer behind', async () => {
    const { clock, scope, set } = await world();
    for (let index = 0; index < 100; index++) await set(`endpoints[east].lu_pools.P${index}`, index, HOUR);
    await expect(set('limits.max_sessions', 20)).rejects.toMatchObject({ code: 'TOO_MANY_OVERRIDES' });
    scope.end();
    expect(clock.pendingTimers).toBe(0);
  });
});
