import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Sample } from './contract.ts';
import { SampleHistory } from './history.ts';

function sampleAt(at: number): Sample {
  return {
    at,
    processes: 1,
    threads: 2,
    cpuPercent: at % 2 === 0 ? null : 3,
    cpuTimeMs: 4,
    rssBytes: at,
    virtualBytes: 6,
    swapBytes: 7,
    fileDescriptors: null,
    connections: 0,
    readBytes: 8,
    writeBytes: 9,
    readOps: null,
    writeOps: 1,
    temporaryBytes: null,
    logBytes: 5,
  };
}

describe('the history of samples', () => {
  it('keeps those of its time, oldest first, as they were', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 200 }),
        fc.integer({ min: 0, max: 300 }),
        (gaps, retention) => {
          const history = new SampleHistory(retention);
          let at = 0;
          const all = gaps.map((gap) => {
            at += gap;
            history.push(sampleAt(at));
            return sampleAt(at);
          });
          expect(history.since(0)).toEqual(all.filter((each) => each.at >= at - retention));
          expect(history.since(at - 5)).toEqual(all.filter((each) => each.at >= at - Math.min(retention, 5)));
        },
      ),
    );
  });

  it('grows while it is in the middle of a turn', () => {
    const history = new SampleHistory(50);
    const times = [...Array.from({ length: 12 }, (_, index) => index * 10), ...Array.from({ length: 40 }, () => 115)];
    for (const at of times) history.push(sampleAt(at));
    expect(history.since(0).map(({ at }) => at)).toEqual(times.filter((at) => at >= 65));
  });

  it('is bounded in number', () => {
    const history = new SampleHistory(Infinity);
    for (let at = 0; at < 5_000; at++) history.push(sampleAt(at));
    const kept = history.since(0);
    expect([kept.length, kept[0]?.at, kept.at(-1)?.at]).toEqual([3_600, 1_400, 4_999]);
  });
});
