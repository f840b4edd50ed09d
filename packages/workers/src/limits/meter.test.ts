import { describe, expect, it } from 'vitest';
import { Meter } from './meter.ts';

const io = (readBytes: number) => ({ readBytes, writeBytes: 0, readOps: 0, writeOps: 0 });

describe('the meter of a run', () => {
  it('begins with what its processes have used, and counts on from there', () => {
    const meter = new Meter(4);
    expect(meter.read({ at: 0, cpuTimeMs: 300, io: null, group: undefined }, true)).toMatchObject({
      cpuTimeMs: 300,
      cpuPercent: null,
    });
    expect(meter.read({ at: 1_000, cpuTimeMs: 800, io: null, group: undefined }, true)).toMatchObject({
      cpuTimeMs: 800,
      cpuPercent: 50,
    });
  });

  it('never goes back when a process takes its part away with it', () => {
    const meter = new Meter(4);
    meter.read({ at: 0, cpuTimeMs: 900, io: io(50), group: undefined }, true);
    expect(meter.read({ at: 1_000, cpuTimeMs: 100, io: io(10), group: undefined }, true)).toEqual({
      cpuTimeMs: 900,
      cpuPercent: 0,
      io: io(50),
      ioRates: io(0),
    });
    expect(meter.read({ at: 3_000, cpuTimeMs: 200, io: io(30), group: undefined }, true)).toEqual({
      cpuTimeMs: 1_000,
      cpuPercent: 5,
      io: io(70),
      ioRates: io(10),
    });
  });

  it('goes by the group, less what earlier runs have used', () => {
    const group = (cpuTimeMs: number, bytes: number) => ({ rssBytes: null, swapBytes: null, cpuTimeMs, io: io(bytes) });
    const meter = new Meter(4);
    meter.read({ at: 0, cpuTimeMs: 10, io: io(1), group: group(5_000, 700) }, true);
    expect(meter.read({ at: 1_000, cpuTimeMs: 20, io: io(2), group: group(5_400, 900) }, true)).toEqual({
      cpuTimeMs: 410,
      cpuPercent: 40,
      io: io(201),
      ioRates: io(200),
    });
  });

  it('does not take the counter of a group that is new for the use of a moment', () => {
    const meter = new Meter(4);
    meter.read({ at: 0, cpuTimeMs: 10, io: null, group: undefined }, true);
    const group = { rssBytes: null, swapBytes: null, cpuTimeMs: 9_000, io: null };
    expect(meter.read({ at: 1_000, cpuTimeMs: 30, io: null, group }, true).cpuTimeMs).toBe(30);
  });

  it('shows no more than the machine has', () => {
    const meter = new Meter(2);
    meter.read({ at: 0, cpuTimeMs: 0, io: null, group: undefined }, true);
    expect(meter.read({ at: 10, cpuTimeMs: 90, io: null, group: undefined }, true).cpuPercent).toBe(200);
  });

  it('is not moved by a look that is not kept', () => {
    const meter = new Meter(2);
    meter.read({ at: 0, cpuTimeMs: 0, io: io(0), group: undefined }, true);
    const reading = { at: 1_000, cpuTimeMs: 500, io: io(100), group: undefined };
    const seen = meter.read(reading, false);
    expect(meter.read(reading, true)).toEqual(seen);
    expect(seen).toMatchObject({ cpuPercent: 50, ioRates: io(100) });
  });
});
