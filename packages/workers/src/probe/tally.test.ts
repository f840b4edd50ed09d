import type { ProbeResult } from '@roundhouse/traffic';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProbeRole } from '../spec/spec.ts';
import { count, UNTRIED } from './tally.ts';

const STEP = { name: 'exec', ok: false, elapsedMs: 5, code: 'PROBE_EXIT_CODE' } as const;
const results = {
  p: { outcome: 'ok', elapsedMs: 3, steps: [] },
  d: { outcome: 'degraded', elapsedMs: 3, steps: [], error: { code: 'SLOW', message: 'It is slow' } },
  f: { outcome: 'failed', elapsedMs: 5, steps: [STEP], error: { code: 'PROBE_EXIT_CODE', message: 'It failed' } },
} as const satisfies Record<string, ProbeResult>;

/** What is told of a sequence of checks: `S` success, `F` failure, `.` nothing. */
function told(checks: string, role: ProbeRole, successThreshold: number, failureThreshold: number): string {
  let tally = UNTRIED;
  return Array.from(checks, (check) => {
    const next = count(tally, results[check as keyof typeof results], role, { successThreshold, failureThreshold }, 7);
    tally = next.tally;
    if (!next.isTold) return '.';
    return next.tally.status.status === 'success' ? 'S' : 'F';
  }).join('');
}

describe('what the checks of a role come to', () => {
  it.each([
    // role, success threshold, failure threshold, checks, told
    ['readiness', 1, 3, 'ppp', 'S..'],
    ['readiness', 1, 3, 'fff', '..F'],
    ['readiness', 1, 3, 'ffffff', '..F...'],
    ['readiness', 1, 3, 'pffpfff', 'S.....F'],
    ['readiness', 3, 1, 'fppfppp', 'F.....S'],
    ['readiness', 2, 2, 'pppffpfpp', '.S..F...S'],
    ['readiness', 1, 1, 'pfpf', 'SFSF'],
    ['readiness', 1, 1, 'dfd', 'SFS'],
    ['liveness', 1, 3, 'pfff', 'S..F'],
    ['liveness', 1, 3, 'fffffffff', '..F..F..F'],
    ['liveness', 1, 1, 'fff', 'FFF'],
    ['liveness', 5, 2, 'ffp', '.FS'],
    ['startup', 4, 2, 'fp', '.S'],
    ['startup', 1, 2, 'ffffp', '.F.FS'],
  ] as const)('%s with the thresholds %i and %i: %s tells %s', (role, success, failure, checks, expected) => {
    expect(told(checks, role, success, failure)).toBe(expected);
  });

  it('says how the last check went, and how many failed in a row', () => {
    const thresholds = { successThreshold: 1, failureThreshold: 2 };
    const passed = count(UNTRIED, results.p, 'liveness', thresholds, 1).tally;
    expect(passed.status).toEqual({
      status: 'success',
      checkedAt: 1,
      elapsedMs: 3,
      failures: 0,
      code: null,
      message: null,
      steps: [],
    });
    let tally = passed;
    for (const now of [2, 3, 4]) tally = count(tally, results.f, 'liveness', thresholds, now).tally;
    expect(tally.status).toEqual({
      status: 'failure',
      checkedAt: 4,
      elapsedMs: 5,
      failures: 3,
      code: 'PROBE_EXIT_CODE',
      message: 'It failed',
      steps: [STEP],
    });
  });

  it('tells failure only after as many failures in a row as the threshold says', () => {
    const roles = fc.constantFrom<ProbeRole>('startup', 'readiness', 'liveness');
    const checks = fc.array(fc.constantFrom('p', 'd', 'f'), { maxLength: 60 }).map((each) => each.join(''));
    fc.assert(
      fc.property(roles, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), checks, (role, s, f, text) => {
        const said = told(text, role, s, f);
        for (let index = 0; index < said.length; index++) {
          if (said[index] === 'F') expect(text.slice(index + 1 - f, index + 1)).toBe('f'.repeat(f));
        }
      }),
    );
  });
});
