import { describe, expect, it } from 'vitest';
import { Detector, stateOf, type Windows } from './detector.ts';
import type { Placement } from './plan.ts';

const LIMIT: Placement = {
  limit: 'memory.max_rss',
  value: 100,
  policy: 'alert',
  warnRatio: 0.8,
  group: undefined,
  rlimit: undefined,
  isExact: false,
  isWatched: true,
  reason: undefined,
};
const WINDOWS: Windows = { intervalMs: 10, sustainedMs: 0, spikeMs: 0 };

/** What is told at each sample, one an interval: `-` for nothing, the severity with its step, or `recovered`. */
function tell(
  used: readonly (number | null)[],
  limit: Partial<Placement> = {},
  windows: Partial<Windows> = {},
): string[] {
  const detector = new Detector();
  return used.map((each, index) =>
    show(detector.note(each, index * 10, { ...LIMIT, ...limit }, { ...WINDOWS, ...windows })),
  );
}

function show(told: ReturnType<Detector['note']>): string {
  if (told === undefined) return '-';
  return told.kind === 'recovered' ? 'recovered' : `${told.violation.severity} ${told.violation.step}`;
}

describe('the detector of violations', () => {
  it.each([
    ['tells once of what stays exceeded', [101, 101, 101], ['critical 0', '-', '-']],
    ['takes what is just reached for a warning', [100, 100], ['warning 0', '-']],
    ['warns from the threshold on', [79, 80, 90], ['-', 'warning 0', '-']],
    [
      'tells again when it gets worse, and not when it gets better',
      [85, 120, 150, 120, 85],
      ['warning 0', 'critical 0', 'emergency 0', '-', '-'],
    ],
    ['recovers below the threshold of warnings', [120, 90, 70, 70], ['critical 0', '-', 'recovered', '-']],
    ['tells anew after it has recovered', [120, 70, 120], ['critical 0', 'recovered', 'critical 0']],
    ['takes nothing from what could not be read', [120, null, 70], ['critical 0', '-', 'recovered']],
  ])('%s', (_, used, told) => {
    expect(tell(used)).toEqual(told);
  });

  it('calls it an emergency after ten intervals', () => {
    expect(tell(Array.from({ length: 12 }, () => 101)).filter((each) => each !== '-')).toEqual([
      'critical 0',
      'emergency 0',
    ]);
    expect(tell(Array.from({ length: 11 }, () => 101)).at(-1)).toBe('emergency 0');
  });

  it.each(['sustainedMs', 'spikeMs'] as const)('waits until it has lasted (%s)', (window) => {
    const windows = { [window]: 20 };
    expect(tell([120, 120, 70, 120, 120, 120, 120], {}, windows)).toEqual(['-', '-', '-', '-', '-', 'critical 0', '-']);
  });

  it('waits with the recovery for as long', () => {
    expect(tell([120, 120, 120, 70, 120, 70, 70, 70], {}, { sustainedMs: 20 })).toEqual([
      '-',
      '-',
      'critical 0',
      '-',
      '-',
      '-',
      '-',
      'recovered',
    ]);
  });

  it('tells nothing for the policy none', () => {
    expect(tell([200, 200], { policy: 'none' })).toEqual(['-', '-']);
  });

  it('takes the steps of an escalation one after the other, three intervals apart, and repeats the last', () => {
    const told = tell(
      Array.from({ length: 16 }, () => 120),
      { policy: 'escalate' },
    );
    expect(told.map((each) => each.at(-1))).toEqual([...'0--1--2--3--3--3']);
  });

  it('goes on with an escalation after a restart, and begins anew after ten calm intervals', () => {
    const limit = { ...LIMIT, policy: 'escalate' as const };
    const detector = new Detector();
    const at = (ms: number, used: number): string => show(detector.note(used, ms, limit, WINDOWS));
    expect([at(0, 120), at(30, 120)]).toEqual(['critical 0', 'critical 1']);
    detector.begin();
    expect([at(40, 10), at(50, 120)]).toEqual(['-', 'critical 2']);
    detector.begin();
    expect([at(60, 10), at(160, 10), at(170, 120)]).toEqual(['-', '-', 'critical 0']);
  });
});

describe('the state of a limit', () => {
  it.each([
    [
      'what the kernel refuses is exceeded when reached',
      { isExact: true, limit: 'process.max_processes' },
      100,
      'exceeded',
    ],
    ['a ration is only used up', { isExact: true, limit: 'cpu.max_percent' }, 101, 'warning'],
    ['so is one of a disk', { isExact: true, limit: 'io.max_read_rate' }, 100, 'warning'],
    ['what is watched may be reached', {}, 100, 'warning'],
    ['nothing is no warning of a limit of nothing', { value: 0 }, 0, 'ok'],
    ['anything exceeds a limit of nothing', { value: 0 }, 1, 'exceeded'],
  ] as const)('%s', (_, limit, used, state) => {
    expect(stateOf(used, { ...LIMIT, ...limit })).toBe(state);
  });
});
