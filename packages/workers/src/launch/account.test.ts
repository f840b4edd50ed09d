import { describe, expect, it } from 'vitest';
import { findAccount, findGroup, ownAccount } from './account.ts';

const ROOT = { name: 'root', uid: 0, gid: 0, home: '/root' };
const NOBODY = { name: 'nobody', uid: 65_534, gid: 65_534, home: '/nonexistent' };

describe('an account', () => {
  it.each([
    ['root', ROOT],
    ['0', ROOT],
    ['nobody', NOBODY],
    ['65534', NOBODY],
    ['no-such-user', undefined],
    ['4000000000', undefined],
    ['', undefined],
    ['--help', undefined],
    ['-s', undefined],
  ])('%j is as the system has it', async (user, account) => expect(await findAccount(user)).toEqual(account));

  it('of this process is that of its user', () => {
    expect(ownAccount()).toMatchObject({ uid: process.getuid?.(), gid: process.getgid?.() });
  });
});

describe('a group', () => {
  it.each([
    ['root', 0],
    ['0', 0],
    ['nogroup', 65_534],
    ['no-such-group', undefined],
  ])('%j has the number %j', async (group, gid) => expect(await findGroup(group)).toBe(gid));
});
