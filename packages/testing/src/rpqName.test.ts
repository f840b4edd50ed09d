import { describe, expect, it } from 'vitest';
import { withRpqName } from './rpqName.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

describe('withRpqName', () => {
  const before = '88 000e 8180 8081a1';
  const field = '0012 81a1 00000000 00000000 06 a7f3f2f7f0';
  const after = '0011 81a6 00000b01 ffef';

  it('puts the name in and sets both lengths', () => {
    expect(withRpqName(hex(before + field + after), hex('d9c8'))).toEqual(
      hex(`${before} 000f 81a1 00000000 00000000 03 d9c8 ${after}`),
    );
  });

  it('changes every reply of several', () => {
    expect(withRpqName(hex(`${field} ffef ${field}`), hex('d9'))).toEqual(
      hex('000e 81a1 0000000000000000 02 d9 ffef 000e 81a1 0000000000000000 02 d9'),
    );
  });

  it('leaves bytes alone that only look like the reply', () => {
    const others = hex('81a1 0009 81a1 00000000 00000000 06 a7f3 81a1');
    expect(withRpqName(others, hex('d9'))).toEqual(others);
  });
});
