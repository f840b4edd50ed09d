import { expect, test } from 'vitest';
import { z } from 'zod';
import { lazyObject } from './lazyObject.ts';

test('an object is the same as one that is made at once, and its fields are made once, when they are asked for', () => {
  let times = 0;
  const lazy = lazyObject(() => {
    times += 1;
    return { name: z.string(), size: z.int().optional() };
  });
  const named = lazy.meta({ id: 'Thing' });
  expect(times).toBe(0);

  const longer = named.extend({ more: z.boolean() });
  expect(lazy.safeParse({ name: 'a', size: 1 })).toMatchObject({ success: true, data: { name: 'a', size: 1 } });
  expect(lazy.safeParse({ name: 'a', other: 1 }).error?.issues).toMatchObject([{ code: 'unrecognized_keys' }]);
  expect(longer.safeParse({ name: 'a', more: true }).success).toBe(true);
  expect(longer.safeParse({ name: 'a', more: true, other: 1 }).success).toBe(false);
  const eager = z.strictObject({ name: z.string(), size: z.int().optional() }).meta({ id: 'Thing' });
  expect(z.toJSONSchema(named)).toEqual(z.toJSONSchema(eager));
  expect(times).toBe(1);
});
