import { describe, expect, it } from 'vitest';
import { codePage } from '../codepage/registry.ts';
import { parseBindImage } from '../telnet/bind.ts';
import { encodeBindImage } from './bind.ts';

const page = codePage('037');
const defaultSize = { rows: 24, columns: 80 };

describe('encodeBindImage', () => {
  it('puts sizes and name where a display of LU type 2 looks for them', () => {
    const image = encodeBindImage({ pluName: 'DEMO', defaultSize, alternateSize: { rows: 43, columns: 80 } }, page);
    expect(Buffer.from(image).toString('hex')).toBe(
      '31010303b1903080000087f8000002800000000018502b507f000004c4c5d4d600',
    );
    expect(parseBindImage(image, page, { rows: 43, columns: 80 })).toMatchObject({
      pluName: 'DEMO',
      sizes: { defaultSize, alternateSize: { rows: 43, columns: 80 }, acceptable: true },
    });
  });

  it('leaves the alternate size to a display that is to find its own', () => {
    const own = { rows: 60, columns: 160 };
    const image = encodeBindImage({ pluName: 'DEMO', defaultSize, alternateSize: undefined }, page);
    expect(parseBindImage(image, page, own)?.sizes).toMatchObject({ defaultSize, alternateSize: own });
  });

  it('cuts the name at eight characters', () => {
    const image = encodeBindImage({ pluName: 'ROUNDHOUSE', defaultSize, alternateSize: defaultSize }, page);
    expect(parseBindImage(image, page, defaultSize)?.pluName).toBe('ROUNDHOU');
  });
});
