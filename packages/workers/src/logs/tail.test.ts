import { createScope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeptStream } from './kept.fixture.ts';
import { StreamFiles } from './streamFiles.ts';
import { StreamFollower } from './streamFollower.ts';
import { linesBackward, type TailRange } from './tail.ts';

const ALL = { sinceMs: undefined, untilMs: undefined };

async function backward(kept: KeptStream, range: TailRange, limit = Infinity): Promise<string[]> {
  using files = new StreamFiles(kept.directory, 'stdout');
  using scope = createScope();
  const lines: string[] = [];
  for await (const { bytes } of linesBackward(files, range, () => true, scope)) {
    lines.push(Buffer.from(bytes).toString());
    if (lines.length === limit) break;
  }
  return lines;
}

describe('linesBackward', () => {
  it('gives the lines of all files from the last to the first', async () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 60 }), fc.boolean(), async (lines, isEnded) => {
        using kept = new KeptStream(64);
        kept.write(lines.join('\n') + (isEnded ? '\n' : ''));
        const expected = !isEnded && lines.at(-1) === '' ? lines.slice(0, -1) : lines;
        expect(await backward(kept, ALL)).toEqual(expected.toReversed());
      }),
      { numRuns: 40 },
    );
  });

  it('gives each line once over its windows, and lines that are longer than a window', async () => {
    using kept = new KeptStream(10_000_000);
    const lines = Array.from({ length: 30 }, (_, i) => `${i}`.padEnd(i % 3 === 0 ? 70_000 : 9_000, 'x'));
    kept.write(`${lines.join('\n')}\n`);
    expect(await backward(kept, ALL)).toEqual(lines.toReversed());
    expect(await backward(kept, ALL, 2)).toEqual(lines.slice(-2).toReversed());
  });

  it('keeps to the time, of which each line has that of its beginning', async () => {
    using kept = new KeptStream(32);
    const start = kept.clock.now();
    for (let i = 0; i < 10; i += 1) {
      kept.write(`line ${i} beg`);
      await kept.clock.advance(500);
      kept.write('un\n');
      await kept.clock.advance(500);
    }
    const numbers = async (sinceMs?: number, untilMs?: number): Promise<number[]> =>
      (await backward(kept, { sinceMs, untilMs })).map((text) => Number(text[5]));
    expect(await numbers(start + 3_000)).toEqual([9, 8, 7, 6, 5, 4, 3]);
    expect(await numbers(start + 3_001)).toEqual([9, 8, 7, 6, 5, 4]);
    expect(await numbers(undefined, start + 2_999)).toEqual([2, 1, 0]);
    expect(await numbers(start + 2_000, start + 4_000)).toEqual([4, 3, 2]);
    expect(await numbers(start + 60_000)).toEqual([]);
    expect(await numbers(undefined, start - 1)).toEqual([]);
  });

  it('gives no line of another time when the clock was set back', async () => {
    using kept = new KeptStream(1_000);
    kept.write('noon\n');
    kept.reopen(new FakeClock(kept.clock.now() - 10_000));
    const back = kept.clock.now();
    kept.write('before noon\n');
    expect(await backward(kept, { sinceMs: back + 1, untilMs: undefined })).toEqual(['noon']);
    expect(await backward(kept, { sinceMs: undefined, untilMs: back })).toEqual(['before noon']);
    expect(await backward(kept, ALL)).toEqual(['before noon', 'noon']);
  });

  it('ends with its scope', async () => {
    using kept = new KeptStream(1_000);
    kept.write('line\n');
    using files = new StreamFiles(kept.directory, 'stdout');
    const scope = createScope();
    scope.end();
    await expect(linesBackward(files, ALL, () => true, scope).next()).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('StreamFollower', () => {
  it('gives each line once, whenever it is asked and however it is rotated', async () => {
    const part = fc.tuple(fc.string({ unit: fc.constantFrom('a', 'b', '\n'), maxLength: 30 }), fc.boolean());
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 30 }), async (parts) => {
        using kept = new KeptStream(20);
        kept.write('old\n');
        const files = new StreamFiles(kept.directory, 'stdout');
        using follower = new StreamFollower(files, files.end);
        using scope = createScope();
        const seen: string[] = [];
        const look = async (): Promise<void> => {
          for (;;) {
            const { lines, isAtEnd } = await follower.next(16, scope);
            for (const { bytes } of lines) seen.push(Buffer.from(bytes).toString());
            if (isAtEnd) return;
          }
        };
        for (const [text, isLooked] of parts) {
          kept.write(text);
          if (isLooked) await look();
        }
        await look();
        const all = parts.map(([text]) => text).join('');
        expect(seen).toEqual(all.split('\n').slice(0, -1));
      }),
      { numRuns: 40 },
    );
  });

  it('tells a line whole that was begun before', async () => {
    using kept = new KeptStream(1_000);
    kept.write('one\nhalf a');
    const files = new StreamFiles(kept.directory, 'stdout');
    using follower = new StreamFollower(files, files.end);
    using scope = createScope();
    expect((await follower.next(1_000, scope)).lines).toEqual([]);
    kept.write(' line\n');
    const { lines } = await follower.next(1_000, scope);
    expect(lines.map(({ bytes, position }) => [Buffer.from(bytes).toString(), position])).toEqual([['half a line', 4]]);
  });
});
