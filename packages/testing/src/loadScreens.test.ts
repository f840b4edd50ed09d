import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { recordOf, SCREEN_KINDS, type ScreenKind, screenStream } from './loadScreens.ts';
import { frameRecord } from './telnet.ts';

const sha256 = (...parts: Uint8Array[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/** Of what the Python load host sends that the figures of the reference emulator were measured with. */
const VECTORS: ReadonlyArray<readonly [ScreenKind, n: number, bytes: number, digest: string]> = [
  ['dense', 0, 1927, 'aec721f5677a07a1afbfd4cd543f4baa981cd260d364c397091697b97225f9a5'],
  ['dense', 100, 1927, '7efd902806b05c2fe7ca5fc40b0309d948365eafe62be12bcea8cc64bc9fb34d'],
  ['dense', 999_999, 1927, 'ded6d678b7f183066fe095e1885c625d551051d65a8811c159c3d96822815ff1'],
  ['form', 0, 1037, '6376ed3b233449c7f18197759b759e467b6cb0843e0b39d3752e9ac214857832'],
  ['form', 100, 1037, '365fee66bc11ccfca9504e566ed2ecd9d62df75022cd4c495a6df0935b8ea219'],
  ['form', 999_999, 1037, '1683176b9b877ebf71f296d726ca2ad3112d06c64cb253e13d561f89ae1ca63c'],
  ['ext', 0, 2596, '0382206634e623a0ec16d25ec6cfc628f89723796ab070f26b5fc5e21c9b344b'],
  ['ext', 100, 2596, 'c9ef616678c72a1c1a6be8a95ac4572361259168134d471a20fdaf65a78df152'],
  ['ext', 999_999, 2596, '3d488de4daed12ea476441b1238408058c88762e998e0cb0740e00d6d7d39ab7'],
];
const FIRST_THOUSAND = {
  dense: '77bca10eecc7ce3ab40c57532d67eefd2a5a0c887fdc155ffc35e28c9917ebb2',
  form: 'b9a037981791c32d7bb1cf1893a7109c2d5be9f14bb2cdbc75c6e3ddb99c41fc',
  ext: '09d2786f18e5b2ccb569d2d9580827524a6fe4d5338b490c8ee4c3c7c5547628',
} satisfies Record<ScreenKind, string>;

describe('screenStream', () => {
  it.each(VECTORS)('gives the bytes of the Python load host: %s %i', (kind, n, length, digest) => {
    const bytes = screenStream(kind, n);
    expect(bytes).toHaveLength(length);
    expect(sha256(bytes)).toBe(digest);
  });

  it.each(SCREEN_KINDS)('gives the same for the screens 1 to 1,000: %s', (kind) => {
    const screens = Array.from({ length: 1000 }, (_, index) => screenStream(kind, index + 1));
    expect(sha256(...screens)).toBe(FIRST_THOUSAND[kind]);
  });

  it.each(SCREEN_KINDS)('is the framed record: %s', (kind) => {
    expect(screenStream(kind, 5)).toEqual(frameRecord(recordOf(kind, 5)));
  });
});
