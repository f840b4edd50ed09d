import { describe, expect, it } from 'vitest';
import { exited, policyOf } from './restart.fixture.ts';

const UNKNOWN = exited({ isKnown: false });
const UNHEALTHY = exited({ code: 0 }, 0, 'health_failure');
const NOT_LAUNCHED = { kind: 'notLaunched', code: 'WORKER_START_FAILED', isRetryable: true, upMs: 0 } as const;

describe('a policy', () => {
  it.each([
    ['never', 'success', exited({ code: 0 }), 'completed'],
    ['never', 'a failure', exited({ code: 3 }), 'exit_code_3'],
    ['never', 'a signal', exited({ signal: 'SIGSEGV' }), 'signal_SIGSEGV'],
    ['never', 'an end nobody saw', UNKNOWN, 'exit_unknown'],
    ['never', 'failing probes, whatever the code', UNHEALTHY, 'health_failure'],
    ['never', 'a start that failed', NOT_LAUNCHED, 'start_failed'],
    ['on_failure', 'success', exited({ code: 0 }), 'completed'],
    ['on_failure', 'a failure', exited({ code: 3 }), 'start'],
    ['on_failure', 'an end nobody saw', UNKNOWN, 'start'],
    ['on_failure', 'failing probes, whatever the code', UNHEALTHY, 'start'],
    ['on_failure', 'a start that failed', NOT_LAUNCHED, 'wait'],
    ['always', 'success', exited({ code: 0 }), 'start'],
    ['always', 'a failure', exited({ code: 3 }), 'start'],
    ['unless_stopped', 'success', exited({ code: 0 }), 'start'],
  ] as const)('%s, with %s', (policy, _what, ending, outcome) => {
    const { verdict } = policyOf({ policy }).decide(undefined, ending, 0);
    expect('reason' in verdict && verdict.kind !== 'wait' ? verdict.reason : verdict.kind).toBe(outcome);
  });

  it('takes the exit codes for success that it is told', () => {
    const policy = policyOf({ policy: 'on_failure', success_exit_codes: [0, 143] });
    expect(policy.decide(undefined, exited({ code: 143 }), 0).verdict.kind).toBe('idle');
    expect(policyOf({ policy: 'on_failure' }).decide(undefined, exited({ code: 143 }), 0).verdict.kind).toBe('start');
  });
});

describe('rules', () => {
  const policy = policyOf({
    policy: 'on_failure',
    rules: [
      { exit_codes: [2], action: 'fail' },
      { exit_codes: [2, 3], signals: ['SIGINT'], action: 'stop' },
      { exit_codes: [0], action: 'restart' },
    ],
  });

  it.each([
    ['the first that fits', exited({ code: 2 }), { kind: 'fail', reason: 'exit_code_2' }],
    ['a code', exited({ code: 3 }), { kind: 'idle', reason: 'completed' }],
    ['a signal', exited({ signal: 'SIGINT' }), { kind: 'idle', reason: 'completed' }],
    ['success that is to be repeated', exited({ code: 0 }), { kind: 'start' }],
    ['what no rule names', exited({ code: 9 }), { kind: 'start' }],
  ] as const)('decide: %s', (_what, ending, verdict) => {
    expect(policy.decide(undefined, ending, 0).verdict).toEqual(verdict);
  });

  it('are not for programs that were stopped by their supervisor', () => {
    expect(policy.decide(undefined, exited({ code: 2 }, 0, 'health_failure'), 0).verdict.kind).toBe('start');
  });
});
