import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changeOf, digestOf } from './change.ts';
import { type CommonFields, commonFields, specOf } from './spec.fixture.ts';

const BASE = { id: 'web', command: ['serve'], environment: { A: '1', B: '2' } };
const ATTACHED = { id: 'web', type: 'unmanaged', attach: { port: 1 } };

describe('a change', () => {
  it.each<readonly [object, object, string]>([
    [BASE, { ...BASE }, 'none'],
    [BASE, { ...BASE, environment: { B: '2', A: '1' } }, 'none'],
    [BASE, { ...BASE, stop: { grace: '30s' } }, 'none'],
    [BASE, { ...BASE, enabled: false }, 'live'],
    [BASE, { ...BASE, replicas: 2 }, 'live'],
    [BASE, { ...BASE, labels: { a: 'b' } }, 'live'],
    [BASE, { ...BASE, depends_on: ['db'] }, 'live'],
    [BASE, { ...BASE, restart: { policy: 'never' } }, 'live'],
    [BASE, { ...BASE, probes: { liveness: { tcp: { port: 1 } } } }, 'live'],
    [BASE, { ...BASE, stop: { grace: '1s' } }, 'live'],
    [BASE, { ...BASE, schedule: '* * * * *' }, 'live'],
    [BASE, { ...BASE, limits: { memory: { max_rss: '1GB' } } }, 'live'],
    [BASE, { ...BASE, logs: { max_files: 1 } }, 'live'],
    [BASE, { ...BASE, command: ['serve', '-v'] }, 'restart'],
    [BASE, { ...BASE, environment: { A: '1' } }, 'restart'],
    [BASE, { ...BASE, user: 'nobody' }, 'restart'],
    [BASE, { ...BASE, type: 'integrated' }, 'restart'],
    [BASE, { ...BASE, logs: { mode: 'file' } }, 'restart'],
    // It is told of its own directory for temporary files by TMPDIR.
    [BASE, { ...BASE, limits: { storage: { max_temporary: '1GB' } } }, 'restart'],
    [BASE, { id: 'web' }, 'restart'],
    [BASE, ATTACHED, 'restart'],
    [ATTACHED, { ...ATTACHED, attach: { port: 2 } }, 'restart'],
  ])('of %j to %j is: %s', (before, after, expected) => {
    expect(changeOf(specOf(before), specOf(after))).toBe(expected);
    expect(changeOf(specOf(after), specOf(before))).toBe(expected);
  });

  it('has another digest where, and only where, it needs a restart', () => {
    fc.assert(
      fc.property(commonFields, commonFields, fc.boolean(), (one, other, isSameProgram) => {
        const before = specOf({ id: 'web', ...one });
        const after = specOf({ id: 'web', ...other, ...(isSameProgram && rewritten(one)) });
        expect(digestOf(before) !== digestOf(after)).toBe(changeOf(before, after) === 'restart');
      }),
    );
  });
});

/** The same program, its variables written the other way round. */
function rewritten({ command, environment = {}, working_directory, limits }: CommonFields): CommonFields {
  return {
    command,
    environment: Object.fromEntries(Object.entries(environment).toReversed()),
    working_directory,
    limits,
  };
}
