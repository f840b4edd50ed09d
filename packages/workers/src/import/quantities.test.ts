import { expect, it } from 'vitest';
import { binaryBytes, booleanOf, signalOf, spanMs } from './quantities.ts';

it.each([
  ['512', 512],
  ['200K', 204_800],
  ['1.5m', 1_572_864],
  ['50MB', 52_428_800],
  ['1G', 1_073_741_824],
  ['2T', 2_199_023_255_552],
  ['50%', undefined],
  ['infinity', undefined],
  ['', undefined],
])('%j is %s bytes', (text, bytes) => {
  expect(binaryBytes(text)).toBe(bytes);
});

// systemd.time(7), "Parsing time spans".
it.each([
  ['50', 50_000],
  ['2 h', 7_200_000],
  ['2hours', 7_200_000],
  ['48hr', 172_800_000],
  ['55s500ms', 55_500],
  ['300ms20s 5day', 432_020_300],
  ['2min 200ms', 120_200],
  ['1500us', 2],
  ['1w', 604_800_000],
  ['infinity', undefined],
  ['5 parsecs', undefined],
  ['', undefined],
])('%j is %s ms', (text, ms) => {
  expect(spanMs(text)).toBe(ms);
});

it.each([
  ['SIGTERM', 'TERM'],
  ['term', 'TERM'],
  ['2', 'INT'],
  ['SIGRTMIN+3', undefined],
  ['0', undefined],
])('%j is the signal %s', (text, signal) => {
  expect(signalOf(text)).toBe(signal);
});

it.each([
  ['Yes', true],
  ['0', false],
  ['off', false],
  ['maybe', undefined],
])('%j is %s', (text, value) => {
  expect(booleanOf(text)).toBe(value);
});
