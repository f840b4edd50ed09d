import { FakeClock } from '@roundhouse/testing';
import { describe, it } from 'vitest';
import { type MakeStore, storeCompliance } from '../compliance.fixture.ts';
import { createMemoryStore } from './memoryStore.ts';

const make: MakeStore = async () => {
  const clock = new FakeClock();
  return { store: createMemoryStore({ clock }), clock, advance: (ms) => clock.advance(ms), release: async () => {} };
};

describe('the store in memory', () => {
  for (const { title, run } of storeCompliance(make, { runs: 300 })) it(title, run);
});
