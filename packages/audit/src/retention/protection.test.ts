import { describe, expect, it } from 'vitest';
import type { SegmentSummary } from '../journal/contract.ts';
import { attributeState } from './protection.ts';

const segments = [0, 1, 2].map(
  (segment): SegmentSummary => ({
    segment,
    path: `/journal/${segment}`,
    first_seq: segment,
    records: 1,
    created: '',
    is_open: segment === 2,
    is_erased: false,
  }),
);

describe('the state of attributes', () => {
  it.each<[attributes: readonly string[], state: string, locked: number]>([
    [['----i----', '----i----', '-----a---'], 'in_force', 3],
    [['----i----', '---------', '-----a---'], 'partly', 2],
    // The open one has to be written, the closed ones must not be added to.
    [['-----a---', '-----a---', '----i----'], 'refused', 0],
    [[], 'refused', 0],
  ])('%j is %s', async (attributes, state, locked) => {
    const found = await attributeState(true, segments, async () => attributes);
    expect(found).toMatchObject({ state, locked, segments: 3, limits: expect.stringContaining('root') as string });
  });

  it('says why it cannot be found out, and asks nothing where nothing is wanted', async () => {
    const read = (): Promise<never> => Promise.reject(new Error('Operation not supported'));
    expect(await attributeState(true, segments, read)).toMatchObject({
      state: 'refused',
      reason: 'Operation not supported',
    });
    expect(await attributeState(false, segments, read)).toMatchObject({ state: 'off', locked: 0 });
  });

  it('is asked for in parts, however many segments there are', async () => {
    const many = Array.from({ length: 1_200 }, (_, segment) => ({ ...segments[0], segment }) as SegmentSummary);
    const sizes: number[] = [];
    const read = async (paths: readonly string[]): Promise<readonly string[]> => {
      sizes.push(paths.length);
      return paths.map(() => 'i');
    };
    expect(await attributeState(true, many, read)).toMatchObject({ state: 'in_force', locked: 1_200 });
    expect(sizes).toEqual([500, 500, 200]);
  });
});
