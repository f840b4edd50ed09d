import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJsonBody } from './jsonBody.ts';

const parse = (text: string): unknown => parseJsonBody(Buffer.from(text));
const nested = (depth: number, inner = ''): string => `${'['.repeat(depth)}${inner}${']'.repeat(depth)}`;

describe('a JSON body', () => {
  it('is undefined when there is none', () => {
    expect(parse('')).toBeUndefined();
  });

  it('reads as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20 }), (text) => {
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['arrays', nested(33)],
    ['objects', `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`],
    ['both', `${'[{"a":'.repeat(17)}1${'}]'.repeat(17)}`],
    ['what is never closed', '['.repeat(100_000)],
    ['what follows a text with a bracket and an escaped quote', `{"a":"\\"]]]]","b":${nested(32)}}`],
  ])('nested too deep is refused: %s', (_what, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'JSON_TOO_DEEP', status: 400 }));
  });

  it('may nest up to the bound, and have brackets in texts', () => {
    expect(parse(nested(32))).toEqual(JSON.parse(nested(32)));
    const brackets = JSON.stringify({ text: '['.repeat(100), other: '\\"[{'.repeat(50) });
    expect(parse(brackets)).toEqual(JSON.parse(brackets));
    // Many values beside each other are not deep.
    const wide = `[${Array(100).fill('[{}]').join(',')}]`;
    expect(parse(wide)).toHaveLength(100);
  });

  it.each([
    ['not JSON', '{"secret":hunter2}'],
    ['half', '{"secret":"hunter2'],
  ])('that is %s is refused without showing it', (_what, text) => {
    try {
      expect.unreachable(String(parse(text)));
    } catch (error) {
      expect(error).toMatchObject({ code: 'BODY_INVALID', status: 400 });
      expect(JSON.stringify(error)).not.toContain('hunter2');
    }
  });

  it('is UTF-8', () => {
    expect(() => parseJsonBody(Buffer.from([0x22, 0xff, 0x22]))).toThrow(
      expect.objectContaining({ code: 'BODY_INVALID' }),
    );
  });
});
