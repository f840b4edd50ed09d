import { describe, expect, it } from 'vitest';
import { refuseForeignUser } from './foreignUser.ts';

const DAEMON = { uid: 1, gid: 1, name: 'daemon' };

describe('a user', () => {
  it.each([
    ['root', DAEMON, { uid: 0, gid: 0 }],
    ['the user itself', DAEMON, { uid: 1, gid: 1 }],
    ['anybody, where none is named', undefined, { uid: 7, gid: 7 }],
  ])('may be taken by %s', (_who, user, self) => {
    expect(() => refuseForeignUser('web', user, self)).not.toThrow();
  });

  it.each([
    ['another user', { uid: 7, gid: 7 }],
    ['the user in another group', { uid: 1, gid: 7 }],
  ])('may not be taken by %s, which is said with its name', (_who, self) => {
    expect(() => refuseForeignUser('web', DAEMON, self)).toThrow(
      expect.objectContaining({
        code: 'WORKER_START_FAILED',
        details: { worker: 'web', stage: 'user', reason: expect.stringContaining('cannot start programs as daemon') },
      }),
    );
  });
});
