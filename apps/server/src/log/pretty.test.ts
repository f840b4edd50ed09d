import { describe, expect, it } from 'vitest';
import { prettyDestination } from './pretty.ts';

describe('lines for people', () => {
  it('have the level in words, the message and the fields', async () => {
    const shown: string[] = [];
    const destination = await prettyDestination({ write: (line) => shown.push(line) });
    destination.write(
      '{"level":40,"time":"2026-01-01T00:00:00.000Z","module":"store","elapsed_ms":3,"msg":"slow commit"}\n',
    );
    const text = shown.join('');
    expect(text).toMatch(/WARN/);
    expect(text).toMatch(/slow commit/);
    expect(text).toMatch(/elapsed_ms.*3/);
    expect(text).toMatch(/\n$/);
  });
});
