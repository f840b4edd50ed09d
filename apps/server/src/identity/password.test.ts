import { randomBytes } from 'node:crypto';
import { Secret } from '@roundhouse/core';
import { principalInputSchema } from '@roundhouse/api';
import { describe, expect, it } from 'vitest';
import { dummyHash, hashPassword, needsRehash, verifyPassword } from './password.ts';

const password = new Secret('correct horse battery');
const deps = { randomBytes };

/** Of `password`, from the tests of the reference implementation (P-H-C/phc-winner-argon2, src/test.c). */
const REFERENCE = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';

describe('a hash of a password', () => {
  it('is what the configuration takes, salted, and good for that password alone', async () => {
    const [one, other] = await Promise.all([hashPassword(password, deps), hashPassword(password, deps)]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(one).not.toBe(other);
    expect(principalInputSchema.parse({ id: 'joe', roles: [], password_hash: one }).password_hash).toBe(one);
    expect(await verifyPassword(password, one)).toBe(true);
    expect(await verifyPassword(new Secret('correct horse batterz'), one)).toBe(false);
  });

  it('is understood when another implementation made it', async () => {
    expect(await verifyPassword(new Secret('password'), REFERENCE)).toBe(true);
    expect(await verifyPassword(new Secret('Password'), REFERENCE)).toBe(false);
  });

  it('is good for both spellings of an accented letter', async () => {
    const hash = await hashPassword(new Secret('caf\u00e9 au lait 12'), deps);
    expect(await verifyPassword(new Secret('cafe\u0301 au lait 12'), hash)).toBe(true);
  });

  it.each([
    ['correct horse battery', { minLength: 8, needsLettersAndDigits: true, history: 0 }, 'it has no digit'],
    ['correct horse 7', { minLength: 16, needsLettersAndDigits: true, history: 0 }, 'it has fewer than 16 characters'],
  ])('is not made of %j for a policy that asks for more', async (text, policy, reason) => {
    await expect(hashPassword(new Secret(text), { ...deps, policy })).rejects.toMatchObject({
      code: 'PASSWORD_UNFIT',
      message: expect.stringContaining(reason),
    });
  });

  it('is made of a shorter one where the policy allows that', async () => {
    const policy = { minLength: 8, needsLettersAndDigits: true, history: 0 };
    expect(await hashPassword(new Secret('eight 88'), { ...deps, policy })).toMatch(/^\$argon2id/);
  });

  it.each(['short', '', 'x'.repeat(1_025)])('is not made of %j', async (text) => {
    await expect(hashPassword(new Secret(text), deps)).rejects.toMatchObject({ code: 'PASSWORD_UNFIT' });
  });

  it.each([
    '',
    'hunter2',
    '$2b$10$abcdefghijklmnopqrstuv',
    '$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$YWJjZGVmZ2hpamtsbW5vcA',
    '$argon2id$v=16$m=19456,t=2,p=1$c29tZXNhbHQ$YWJjZGVmZ2hpamtsbW5vcA',
    '$argon2id$v=19$m=4,t=2,p=1$c29tZXNhbHQ$YWJjZGVmZ2hpamtsbW5vcA',
    '$argon2id$v=19$m=99999999,t=2,p=1$c29tZXNhbHQ$YWJjZGVmZ2hpamtsbW5vcA',
    '$argon2id$v=19$m=19456,t=2,p=1$c2E$YWJjZGVmZ2hpamtsbW5vcA',
    '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$YWJj',
  ])('is not %j, with which no password is right', async (text) => {
    expect(await verifyPassword(password, text)).toBe(false);
    expect(needsRehash(text)).toBe(true);
  });

  it('is due for another when it costs less than a new one', async () => {
    expect(needsRehash(await hashPassword(password, deps))).toBe(false);
    expect(needsRehash(REFERENCE)).toBe(false);
    expect(needsRehash('$argon2id$v=19$m=4096,t=3,p=1$c29tZXNhbHQ$YWJjZGVmZ2hpamtsbW5vcA')).toBe(true);
  });

  it('that stands for nobody is as costly to try, and right for nothing', async () => {
    const dummy = dummyHash(deps);
    expect(needsRehash(dummy)).toBe(false);
    expect(await verifyPassword(password, dummy)).toBe(false);
  });
});
