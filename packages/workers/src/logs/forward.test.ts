import { createScope, type Scope, silentLogger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import type { LogLine } from './contract.ts';
import { forwardLines } from './forward.ts';
import { linePattern } from './pattern.ts';

const INSTANCE = { worker: 'a', number: 0 };
const lineOf = (text: string): LogLine => ({
  instance: INSTANCE,
  stream: 'stdout',
  at: 0,
  bytes: Buffer.from(text),
  isCut: false,
});

async function forwarded(lines: readonly string[], clock: FakeClock, scope: Scope): Promise<string[]> {
  const told: string[] = [];
  forwardLines(
    { pattern: '^ERR', stream: undefined },
    INSTANCE,
    0,
    {
      logs: {
        async *follow() {
          for (const text of lines) yield lineOf(text);
        },
      },
      log: silentLogger,
      onLine: ({ bytes }) => told.push(Buffer.from(bytes).toString()),
    },
    scope,
  );
  await clock.advance(0);
  await clock.advance(0);
  return told;
}

describe('lines that are told', () => {
  it('are those that fit', async () => {
    const clock = new FakeClock();
    expect(await forwarded(['ok', 'ERR 1', 'no ERR', 'ERR 2'], clock, createScope({ clock }))).toEqual([
      'ERR 1',
      'ERR 2',
    ]);
  });

  it('are bounded, however many fit', async () => {
    const clock = new FakeClock();
    const flood = Array.from({ length: 1_000 }, (_, n) => `ERR ${n}`);
    expect(await forwarded(flood, clock, createScope({ clock }))).toHaveLength(100);
  });

  it('are looked at as far as 4,096 bytes', () => {
    const fits = linePattern('x');
    expect([fits(Buffer.from(`${'.'.repeat(4_095)}x`)), fits(Buffer.from(`${'.'.repeat(4_096)}x`))]).toEqual([
      true,
      false,
    ]);
  });

  it('need a pattern that is one', () => {
    expect(() => linePattern('(')).toThrow(expect.objectContaining({ code: 'LOG_PATTERN_INVALID' }));
  });
});
