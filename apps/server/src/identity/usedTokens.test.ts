import { expect, it } from 'vitest';
import { UsedTokens } from './usedTokens.ts';

const code = (expected: string) => expect.objectContaining({ error: expect.objectContaining({ code: expected }) });

it('takes each token once, as long as it would be good', () => {
  const used = new UsedTokens();
  used.take('a', 100, 0);
  expect(() => used.take('a', 100, 99)).toThrow(code('TOKEN_REPLAYED'));
  used.take('b', 100, 99);
  used.take('a', 200, 100);
});

it('forgets no good token for want of room, but those that are over', () => {
  const used = new UsedTokens(2);
  used.take('a', 100, 0);
  used.take('b', 200, 0);
  expect(() => used.take('c', 300, 50)).toThrow(code('TOKEN_MEMORY_FULL'));
  expect(() => used.take('a', 100, 50)).toThrow(code('TOKEN_REPLAYED'));
  used.take('c', 300, 100);
  expect(() => used.take('b', 200, 150)).toThrow(code('TOKEN_REPLAYED'));
});
