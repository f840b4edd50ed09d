import { describe, expect, it } from 'vitest';
import { keepingName, keepingOf, parseKeeping } from './keeping.ts';

const INSTANCE = { worker: 'web.api', number: 3 };
const SPEC = {
  mode: 'daemon',
  maxBytes: 4_096,
  maxFiles: 5,
  maxAgeMs: undefined,
  isCompressed: true,
  rateLimit: 1_024,
  forward: { pattern: 'x', stream: undefined },
} as const;

describe('how output is kept', () => {
  it('comes to the daemon as it was told', () => {
    const keeping = keepingOf('/run/roundhouse', INSTANCE, SPEC);
    expect(parseKeeping(JSON.stringify(keeping))).toEqual(keeping);
    expect(keeping.fifos).toEqual({
      stdout: '/run/roundhouse/workers/web.api/3/out',
      stderr: '/run/roundhouse/workers/web.api/3/err',
    });
    expect(keepingName(INSTANCE)).toBe('web.api.3.json');
  });

  it.each([
    '',
    '{}',
    '[]',
    'null',
    '{"instance":{"worker":"w","number":0}}',
    '{"instance":{"worker":"w","number":0},"fifos":{},"log":{}}',
  ])('%j is none', (text) => {
    expect(() => parseKeeping(text)).toThrow();
  });
});
