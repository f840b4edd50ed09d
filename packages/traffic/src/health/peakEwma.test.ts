import { describe, expect, it } from 'vitest';
import { PeakEwma } from './peakEwma.ts';

describe('PeakEwma', () => {
  it('is NaN before the first value', () => {
    expect(new PeakEwma(10_000).valueAt(5)).toBeNaN();
  });

  it('jumps to a peak at once', () => {
    const average = new PeakEwma(10_000);
    average.observe(20, 0);
    average.observe(500, 1);
    expect(average.valueAt(1)).toBe(500);
  });

  it('comes down by the time that passed between the values', () => {
    const average = new PeakEwma(10_000);
    average.observe(500, 0);
    average.observe(100, 10_000);
    expect(average.valueAt(10_000)).toBeCloseTo(500 / Math.E + 100 * (1 - 1 / Math.E), 9);
  });

  it('is not brought down by many values at once', () => {
    const average = new PeakEwma(10_000);
    average.observe(500, 0);
    for (let i = 0; i < 1000; i++) average.observe(1, 0);
    expect(average.valueAt(0)).toBe(500);
  });

  it('decays while nothing is measured, reading it changes nothing', () => {
    const average = new PeakEwma(10_000);
    average.observe(500, 0);
    average.valueAt(1_000_000);
    expect(average.valueAt(10_000)).toBeCloseTo(500 / Math.E, 9);
  });

  it.each([Number.NaN, -1, Infinity])('leaves out %d', (responseMs) => {
    const average = new PeakEwma(10_000);
    average.observe(7, 0);
    average.observe(responseMs, 0);
    expect(average.valueAt(0)).toBe(7);
  });
});
