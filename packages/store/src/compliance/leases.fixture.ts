import assert from 'node:assert/strict';
import type { Lease } from '../store.ts';
import { type ComplianceCase, rejectsWith } from './bed.fixture.ts';

export const leaseCases: readonly ComplianceCase[] = [
  {
    title: 'a lease has one holder until it runs out, and each new one a greater token',
    run: async ({ store, clock, advance }) => {
      const start = clock.now();
      assert.deepEqual(await store.acquire('leader', 'a', 1_000), {
        name: 'leader',
        holder: 'a',
        token: 1,
        expiresAt: start + 1_000,
      });
      assert.equal(await store.acquire('leader', 'b', 1_000), undefined);
      assert.equal((await store.acquire('other', 'b', 1_000))?.token, 1);
      await advance(999);
      assert.equal(await store.acquire('leader', 'b', 1_000), undefined);
      await advance(1);
      assert.equal((await store.acquire('leader', 'b', 1_000))?.token, 2);
      assert.equal(await store.acquire('leader', 'a', 1_000), undefined);
    },
  },
  {
    title: 'its holder renews it under the same token, from now on',
    run: async ({ store, clock, advance }) => {
      await store.acquire('leader', 'a', 1_000);
      await advance(900);
      const renewed = await store.acquire('leader', 'a', 1_000);
      assert.deepEqual([renewed?.token, renewed?.expiresAt], [1, clock.now() + 1_000]);
      await advance(900);
      assert.equal(await store.acquire('leader', 'b', 1_000), undefined);
      await advance(5_000);
      assert.equal((await store.acquire('leader', 'a', 1_000))?.token, 1, 'nobody else held it meanwhile');
    },
  },
  {
    title: 'a lease given back is free, and only its holder of that token gives it back',
    run: async ({ store, advance }) => {
      const first = (await store.acquire('leader', 'a', 1_000)) as Lease;
      await store.release({ ...first, holder: 'b' });
      await store.release({ ...first, token: 9 });
      await store.release({ ...first, name: 'none' });
      assert.equal(await store.acquire('leader', 'b', 1_000), undefined);
      await store.release(first);
      const second = (await store.acquire('leader', 'b', 1_000)) as Lease;
      assert.equal(second.token, 2);
      await store.release(first);
      assert.equal(await store.acquire('leader', 'a', 1_000), undefined, 'an old lease gives nothing back');
      await advance(1_000);
      assert.equal((await store.acquire('leader', 'a', 1_000))?.token, 3);
    },
  },
  {
    title: 'of many that ask at once one gets it',
    run: async ({ store }) => {
      const leases = await Promise.all(
        Array.from({ length: 12 }, (_, index) => store.acquire('it', `${index}`, 1_000)),
      );
      assert.equal(leases.filter((lease) => lease !== undefined).length, 1);
    },
  },
  {
    title: 'a life time is 1 ms to a day',
    run: async ({ store }) => {
      for (const ttlMs of [0, -1, 0.5, 86_400_001, Number.NaN]) {
        await rejectsWith('ILLEGAL_ARGUMENT', store.acquire('it', 'me', ttlMs));
      }
    },
  },
];
