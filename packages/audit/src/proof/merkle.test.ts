import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consistencyRoots, inclusionRoot } from '../verify/verify.ts';
import { CompactRange, consistencyPath, EMPTY_ROOT, inclusionPath, leafHash, nodeHash, rootOf } from './merkle.ts';

/** Leaves, roots by size and proofs of the reference implementation of Certificate Transparency (merkletree tests). */
const LEAVES = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const INCLUSION: readonly [index: number, size: number, path: string[]][] = [
  [0, 1, []],
  [
    0,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
];
const CONSISTENCY: readonly [older: number, size: number, path: string[]][] = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [
    2,
    5,
    [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];

const hex = (hashes: readonly Buffer[]): string[] => hashes.map((each) => each.toString('hex'));
const hashesOf = (leaves: readonly Buffer[]): Buffer[] => leaves.map((leaf) => leafHash(leaf));
const vectorLeaves = hashesOf(LEAVES.map((leaf) => Buffer.from(leaf, 'hex')));

/** Nodes of a tree in memory. */
function readerOf(leaves: readonly Buffer[]): (level: number, index: number) => Promise<Buffer> {
  const node = (level: number, index: number): Buffer => {
    if (level > 0) return nodeHash(node(level - 1, index * 2), node(level - 1, index * 2 + 1));
    const leaf = leaves[index];
    if (leaf === undefined) throw new RangeError(`There is no leaf ${index}`);
    return leaf;
  };
  return async (level, index) => node(level, index);
}

describe('the Merkle tree', () => {
  it('has the roots of the reference, leaf by leaf', async () => {
    const range = new CompactRange();
    expect(hex([EMPTY_ROOT, range.root()])).toEqual([ROOTS[0], ROOTS[0]]);
    for (const [index, leaf] of vectorLeaves.entries()) {
      range.append(leaf);
      expect(range.root().toString('hex')).toBe(ROOTS[index + 1]);
      expect(await rootOf(0, index + 1, readerOf(vectorLeaves))).toEqual(range.root());
    }
  });

  it.each(INCLUSION)('proves leaf %i in a tree of %i as the reference does', async (index, size, path) => {
    expect(hex(await inclusionPath(index, size, readerOf(vectorLeaves)))).toEqual(path);
  });

  it.each(CONSISTENCY)(
    'proves that %i leaves are the beginning of %i as the reference does',
    async (older, size, path) => {
      expect(hex(await consistencyPath(older, size, readerOf(vectorLeaves)))).toEqual(path);
    },
  );

  it('makes proofs for every leaf and size that the verifier, which shares no code, agrees with', async () => {
    const leaves = hashesOf(Array.from({ length: 40 }, (_, index) => Buffer.from([index])));
    const read = readerOf(leaves);
    for (let size = 1; size <= leaves.length; size++) {
      const root = await rootOf(0, size, read);
      for (let index = 0; index < size; index++) {
        const path = await inclusionPath(index, size, read);
        expect(inclusionRoot(leaves[index] as Buffer, index, size, path)).toEqual(root);
        expect(inclusionRoot(leaves[(index + 1) % 40] as Buffer, index, size, path)).not.toEqual(root);
      }
      for (let older = 1; older <= size; older++) {
        const oldRoot = await rootOf(0, older, read);
        const path = await consistencyPath(older, size, read);
        expect(consistencyRoots(older, size, oldRoot, path)).toEqual({ older: oldRoot, newer: root });
        const others = path.map((hash, at) => (at === 0 ? EMPTY_ROOT : hash));
        if (path.length > 0) {
          expect(consistencyRoots(older, size, oldRoot, others)).not.toEqual({ older: oldRoot, newer: root });
        }
        expect(consistencyRoots(older, size, oldRoot, [...path, root])).not.toEqual({ older: oldRoot, newer: root });
      }
    }
  });

  it('goes on from its compact range, and tells of each node it completes', () => {
    const sizes = fc.integer({ min: 0, max: 300 });
    fc.assert(
      fc.property(sizes, sizes, (first, more) => {
        const whole = new CompactRange();
        const nodes: number[] = [];
        const leaves = hashesOf(Array.from({ length: first + more }, (_, index) => Buffer.from([index % 251])));
        for (const leaf of leaves) whole.append(leaf, (level) => nodes.push(level));
        const range = new CompactRange();
        for (const leaf of leaves.slice(0, first)) range.append(leaf);
        const resumed = new CompactRange(range.size, range.roots);
        for (const leaf of leaves.slice(first)) resumed.append(leaf);
        expect(resumed.root()).toEqual(whole.root());
        expect(nodes.filter((level) => level === 3)).toHaveLength(Math.floor((first + more) / 8));
      }),
      { numRuns: 30 },
    );
    expect(() => new CompactRange(3, [EMPTY_ROOT])).toThrow(RangeError);
  });
});
