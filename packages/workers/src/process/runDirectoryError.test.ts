import { describe, expect, it } from 'vitest';
import { workerError } from '../errors.ts';
import { runDirectoryError } from './runDirectoryError.ts';

describe('what is wrong with a run directory', () => {
  it.each([
    ['ENOSPC', 'the disk is full', /^Make room/],
    ['EROFS', 'it is mounted read-only', /mount it for writing/],
    ['EACCES', 'this user may not write there', /mount it for writing/],
    ['EMFILE', 'this process has no file descriptors left', /ulimit -n/],
    ['ENFILE', 'this machine has no file descriptors left', /LimitNOFILE/],
  ])('is said of %s, with the next step', (code, reason, hint) => {
    const cause = Object.assign(new Error(`${code}: no`), { code });
    expect(runDirectoryError('/run/rh', cause)).toMatchObject({
      code: 'WORKER_RUN_DIRECTORY',
      details: { directory: '/run/rh', reason },
      hint: expect.stringMatching(hint),
    });
  });

  it('is taken from the words of a tool, and from what has a code already', () => {
    const told = runDirectoryError('/run/rh', new Error('mkfifo: /x: No space left on device'));
    expect(told.details['reason']).toBe('the disk is full');
    const known = workerError('WORKER_NOT_FOUND', { details: { id: 'a' } });
    expect(runDirectoryError('/run/rh', known)).toBe(known);
  });
});
