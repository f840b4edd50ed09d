import { describe, expect, it } from 'vitest';
import { lineFilter } from './lineFilter.ts';

describe('lineFilter', () => {
  it.each([
    ['warn', '{"level":40,"msg":"x"}', true],
    ['warn', '{"level":30}', false],
    ['warn', '{"level":"ERROR"}', true],
    ['warn', '  {"time":1,"level":"warning"}', true],
    ['warn', '{"level":"info"}', false],
    ['warn', '{"level":"crit"}', true],
    ['WARNING', '{"level":"warn"}', true],
    ['35', '{"level":"notice"}', true],
    ['warn', 'level: error', false],
    ['warn', '{"level":"error"', false],
    ['warn', '{"level":null}', false],
    ['warn', '{"msg":"\\"level\\""}', false],
    ['audit', '{"level":"audit"}', true],
    ['audit', '{"level":"error"}', false],
    ['info', '{"level":"audit"}', false],
    ['constructor', '{"level":"error"}', false],
  ])('at level %s: %s is %s', (level, line, isTaken) => {
    expect(lineFilter({ level })(Buffer.from(line))).toBe(isTaken);
  });

  it('matches a pattern on each line alone', () => {
    const filter = lineFilter({ pattern: 'Ä+' });
    const lines = ['xä', 'ÄÄ', 'ä', 'none'];
    expect(lines.map((line) => filter(Buffer.from(line)))).toEqual([false, true, false, false]);
  });

  it('matches a pattern on what is shown of a line', () => {
    const shown = (): Uint8Array => Buffer.from('****');
    expect(lineFilter({ pattern: '4111', shown })(Buffer.from('4111'))).toBe(false);
    expect(lineFilter({ pattern: '[*]', shown })(Buffer.from('4111'))).toBe(true);
  });

  it('takes both for both', () => {
    const filter = lineFilter({ pattern: 'disk', level: 'error' });
    expect(filter(Buffer.from('{"level":50,"msg":"disk"}'))).toBe(true);
    expect(filter(Buffer.from('{"level":50,"msg":"net"}'))).toBe(false);
    expect(filter(Buffer.from('{"level":30,"msg":"disk"}'))).toBe(false);
  });
});
