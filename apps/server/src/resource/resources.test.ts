import type { ResourceInput, ResourceKindName } from '@roundhouse/api';
import { silentLogger } from '@roundhouse/core';
import { createMemoryStore, type Store } from '@roundhouse/store';
import { FakeClock } from '@roundhouse/testing';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Actuator, Actuators } from './actuator.ts';
import { type DesiredResources, type ResourceFact, Resources } from './resources.ts';
import type { Sealer } from './secretFields.ts';

const BY = { by: 'alice' };

/** Holds what it is told to apply, in order, and fails where a test wants it to. */
class Plant {
  readonly real = new Map<string, unknown>();
  readonly log: string[] = [];
  refuses: string | undefined;

  actuator<K extends ResourceKindName>(kind: K): Actuator<K> {
    return {
      kind,
      check: (input) => {
        if (this.refuses === `check ${input.id}`) throw new Error(`refused ${input.id}`);
      },
      apply: (input) => {
        if (this.refuses === `apply ${input.id}`) throw new Error(`refused ${input.id}`);
        this.log.push(`+${kind}/${input.id}`);
        this.real.set(`${kind}/${input.id}`, input);
      },
      remove: (id) => {
        if (this.refuses === `remove ${id}`) throw new Error(`refused ${id}`);
        this.log.push(`-${kind}/${id}`);
        this.real.delete(`${kind}/${id}`);
      },
      show: (input) => input as never,
    };
  }

  get actuators(): Actuators {
    return {
      role: this.actuator('role'),
      principal: this.actuator('principal'),
      api_key: this.actuator('api_key'),
      endpoint_group: this.actuator('endpoint_group'),
      endpoint: this.actuator('endpoint'),
      webhook: this.actuator('webhook'),
      worker: this.actuator('worker'),
    };
  }
}

/** Not secret, but easy to see. */
const SEALER: Sealer = {
  seal: (text, context) => `${context}|${Array.from(text).reverse().join('')}`,
  open: (sealed, context) => {
    if (!sealed.startsWith(`${context}|`)) throw new Error('moved');
    return Array.from(sealed.slice(context.length + 1))
      .reverse()
      .join('');
  },
};

const clock = new FakeClock();
let store: Store;
let plant: Plant;
let facts: ResourceFact[];
let failCommit = false;

function open(): Resources {
  return new Resources({
    store,
    commit: async (writes, told) => {
      if (failCommit) throw new Error('disk full');
      const committed = await store.commit({ writes });
      facts.push(...told);
      return committed;
    },
    actuators: plant.actuators,
    sealer: SEALER,
    clock,
    log: silentLogger,
    builtIn: { role: [{ id: 'admin', rules: [] }] },
  });
}

async function opened(): Promise<Resources> {
  const resources = open();
  await resources.load();
  return resources;
}

beforeEach(() => {
  store = createMemoryStore({ clock });
  plant = new Plant();
  facts = [];
  failCommit = false;
});

const endpoint = (id: string, more: Partial<ResourceInput<'endpoint'>> = {}): ResourceInput<'endpoint'> => ({
  id,
  host: '127.0.0.1',
  port: 23,
  ...more,
});

const sorted = (real: ReadonlyMap<string, unknown>) => Object.fromEntries(real);

describe('resources', () => {
  it('are applied, kept and told of, and are there again after a restart', async () => {
    const resources = await opened();
    await resources.create('endpoint_group', { id: 'prod' }, BY);
    const created = await resources.create('endpoint', endpoint('a', { group: 'prod' }), BY);
    expect(created).toMatchObject({ id: 'a', origin: 'api', version: 2 });
    expect(facts).toEqual([
      { type: 'endpoint_group.created', subject: 'prod', data: { by: 'alice' } },
      { type: 'endpoint.created', subject: 'a', data: { by: 'alice' } },
    ]);
    plant.real.clear();
    plant.log.length = 0;
    const again = await opened();
    expect(plant.log).toEqual(['+role/admin', '+endpoint_group/prod', '+endpoint/a']);
    expect(await again.get('endpoint', 'a')).toEqual(await resources.get('endpoint', 'a'));
  });

  it('are told of with the labels that they have, or had last', async () => {
    const resources = await opened();
    await resources.create('endpoint', endpoint('a', { labels: { env: 'dev' } }), BY);
    await resources.put('endpoint', endpoint('a', { labels: { env: 'prod' } }), BY);
    await resources.put('endpoint', endpoint('a'), BY);
    await resources.put('endpoint', endpoint('a', { labels: { env: 'test' } }), BY);
    await resources.remove('endpoint', 'a', BY);
    const labels = facts.map(({ labels: each }) => each?.['env']);
    expect(labels).toEqual(['dev', 'prod', undefined, 'test', 'test']);
  });

  it('change under the condition of the caller, and say which fields have changed', async () => {
    const resources = await opened();
    await resources.create('endpoint', endpoint('a'), BY);
    const seen: Array<number | null> = [];
    const condition = (version: number | null): void => void seen.push(version);
    await resources.put('endpoint', endpoint('a', { port: 24, weight: 2 }), { ...BY, condition });
    expect(facts.at(-1)).toEqual({
      type: 'endpoint.changed',
      subject: 'a',
      data: { by: 'alice', changed: ['port', 'weight'] },
    });
    const refuse = (): never => {
      throw new Error('stale');
    };
    await expect(resources.put('endpoint', endpoint('a'), { ...BY, condition: refuse })).rejects.toThrow('stale');
    await expect(resources.remove('endpoint', 'a', { ...BY, condition: refuse })).rejects.toThrow('stale');
    await resources.put('endpoint', endpoint('b'), { ...BY, condition });
    expect(seen).toEqual([1, null]);
  });

  it('that are the same already stay untouched', async () => {
    const resources = await opened();
    await resources.create('endpoint', endpoint('a'), BY);
    const { version } = await resources.put('endpoint', endpoint('a'), BY);
    expect(version).toBe(1);
    expect(plant.log.filter((line) => line === '+endpoint/a')).toHaveLength(1);
    expect(facts).toHaveLength(1);
  });

  it('refuse what is not there, what is there already, and what is not theirs to change', async () => {
    const resources = await opened();
    await resources.applyFile({ endpoint: [endpoint('east')] }, 'file');
    await expect(resources.get('endpoint', 'eest')).rejects.toMatchObject({
      code: 'ENDPOINT_NOT_FOUND',
      hint: 'There is "east".',
    });
    const refusals: ReadonlyArray<readonly [string, () => Promise<unknown>]> = [
      ['RESOURCE_EXISTS', () => resources.create('endpoint', endpoint('east'), BY)],
      ['RESOURCE_IN_FILE', () => resources.put('endpoint', endpoint('east', { port: 1 }), BY)],
      ['RESOURCE_IN_FILE', () => resources.remove('endpoint', 'east', BY)],
      ['RESOURCE_BUILT_IN', () => resources.remove('role', 'admin', BY)],
      ['ROLE_NOT_FOUND', () => resources.remove('role', 'x', BY)],
      ['REFERENCE_MISSING', () => resources.create('endpoint', endpoint('b', { group: 'prod' }), BY)],
      ['REFERENCE_MISSING', () => resources.create('principal', { id: 'p', roles: ['admin', 'amdin'] }, BY)],
    ];
    for (const [code, attempt] of refusals) await expect(attempt(), code).rejects.toMatchObject({ code });
    expect(facts).toHaveLength(1);
  });

  it('that are named by others cannot go, unless those go with them', async () => {
    const resources = await opened();
    await resources.create('endpoint_group', { id: 'prod' }, BY);
    await resources.create('endpoint_group', { id: 'spare' }, BY);
    await resources.create('endpoint_group', { id: 'dr', fallback: ['prod'] }, BY);
    await expect(resources.remove('endpoint_group', 'prod', BY)).rejects.toMatchObject({
      code: 'RESOURCE_IN_USE',
      details: { kind: 'endpoint_group', id: 'prod', by_kind: 'endpoint_group', by: 'dr' },
    });
    await resources.put('endpoint_group', { id: 'dr', fallback: ['spare'] }, BY);
    await resources.remove('endpoint_group', 'prod', BY);
  });

  it('are left as they were when a step or the store fails', async () => {
    const resources = await opened();
    await resources.applyFile({ endpoint_group: [{ id: 'g' }], endpoint: [endpoint('a', { group: 'g' })] }, 'file');
    const before = new Map(plant.real);
    const wanted: DesiredResources = {
      endpoint_group: [{ id: 'g', strategy: 'random' }, { id: 'h' }],
      endpoint: [endpoint('b', { group: 'h' }), endpoint('c', { group: 'g' })],
    };
    for (const refuses of ['check c', 'apply c', 'apply g', 'remove a']) {
      plant.refuses = refuses;
      await expect(resources.applyFile(wanted, 'file'), refuses).rejects.toThrow('refused');
      plant.refuses = undefined;
      expect(sorted(plant.real), refuses).toEqual(sorted(before));
    }
    failCommit = true;
    await expect(resources.applyFile(wanted, 'file')).rejects.toThrow('disk full');
    failCommit = false;
    expect(sorted(plant.real)).toEqual(sorted(before));
    expect(resources.ids('endpoint')).toEqual(['a']);
    await resources.applyFile(wanted, 'file');
    expect(resources.ids('endpoint')).toEqual(['b', 'c']);
  });

  it('of a file go when the file names them no more; those of the API stay', async () => {
    const resources = await opened();
    await resources.create('endpoint', endpoint('mine'), BY);
    await resources.applyFile({ endpoint_group: [{ id: 'g' }], endpoint: [endpoint('a', { group: 'g' })] }, 'file');
    plant.log.length = 0;
    const changes = await resources.applyFile({}, 'file');
    expect(changes.map(({ kind, id }) => `${kind}/${id}`)).toEqual(['endpoint/a', 'endpoint_group/g']);
    expect(plant.log).toEqual(['-endpoint/a', '-endpoint_group/g']);
    expect(resources.ids('endpoint')).toEqual(['mine']);
    // The file takes over what it names.
    await resources.applyFile({ endpoint: [endpoint('mine')] }, 'file');
    expect(resources.find('endpoint', 'mine')?.origin).toBe('file');
  });

  it('are kept with their secrets sealed to their place, and keep those that a change does not give', async () => {
    const resources = await opened();
    const secret = `whsec_${'A'.repeat(32)}`;
    await resources.create('webhook', { id: 'w', url: 'https://example.com', secret: [secret, secret] }, BY);
    await resources.create('endpoint', endpoint('e', { tls: { cert: 'CERT', key: 'KEY-PEM' } }), BY);
    const stored = JSON.stringify([await store.list('webhook'), await store.list('endpoint')]);
    expect(stored).toContain('CERT');
    expect(stored).not.toContain(secret);
    expect(stored).not.toContain('KEY-PEM');
    await resources.put('webhook', { id: 'w', url: 'https://example.org' }, BY);
    await resources.put('endpoint', endpoint('e', { tls: { cert: 'CERT2' } }), BY);
    await opened();
    expect(plant.real.get('webhook/w')).toMatchObject({ url: 'https://example.org', secret: [secret, secret] });
    expect(plant.real.get('endpoint/e')).toMatchObject({ tls: { cert: 'CERT2', key: 'KEY-PEM' } });
  });

  it('one that cannot be applied or read at the start keeps none of the others from it', async () => {
    const resources = await opened();
    for (const id of ['a', 'b', 'c']) await resources.create('endpoint', endpoint(id, { tls: { key: id } }), BY);
    plant.refuses = 'apply b';
    plant.real.clear();
    const again = await opened();
    expect([...plant.real.keys()]).toEqual(['role/admin', 'endpoint/a', 'endpoint/c']);
    expect(again.ids('endpoint')).toEqual(['a', 'b', 'c']);
  });

  it('come to what a file wants from wherever they are', async () => {
    const ids = ['a', 'b', 'c', 'd'];
    const wanted = fc
      .tuple(
        fc.uniqueArray(fc.tuple(fc.constantFrom(...ids), fc.option(fc.constantFrom(...ids))), {
          selector: ([id]) => id,
        }),
        fc.uniqueArray(fc.tuple(fc.constantFrom(...ids), fc.constantFrom(...ids), fc.nat(3)), {
          selector: ([id]) => id,
        }),
      )
      .map(([groups, endpoints]): DesiredResources => {
        const there = groups.map(([id]) => id);
        // A fallback is an earlier group, so that there is no circle.
        const isThere = (fallback: string | null, id: string): fallback is string =>
          fallback !== null && there.indexOf(fallback) >= 0 && there.indexOf(fallback) < there.indexOf(id);
        return {
          endpoint_group: groups.map(([id, fallback]) => ({
            id,
            ...(isThere(fallback, id) ? { fallback: [fallback] } : {}),
          })),
          endpoint: endpoints
            .filter(([, group]) => there.includes(group))
            .map(([id, group, weight]) => endpoint(id, { group, weight })),
        };
      });
    await fc.assert(
      fc.asyncProperty(fc.array(wanted, { minLength: 1, maxLength: 4 }), async (steps) => {
        store = createMemoryStore({ clock });
        plant = new Plant();
        const resources = await opened();
        for (const step of steps) {
          await resources.applyFile(step, 'file');
          expect(resources.planFile(step)).toEqual([]);
        }
        const last = steps.at(-1) as DesiredResources;
        const real = [...plant.real.keys()].filter((key) => key !== 'role/admin').sort();
        const named = Object.entries(last).flatMap(([kind, inputs]) => inputs.map(({ id }) => `${kind}/${id}`));
        expect(real).toEqual(named.sort());
      }),
      { numRuns: 100 },
    );
  });
});
