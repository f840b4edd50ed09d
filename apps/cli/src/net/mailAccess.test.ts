import { describe, expect, it } from 'vitest';
import { passwordOf, placeOf } from './mailAccess.ts';

const io = (env: Record<string, string> = {}, lines: readonly string[] = [], isTTY = false) => ({
  version: '1',
  env,
  stdout: { write: () => true },
  stderr: { write: () => true },
  stdin: {
    isTTY,
    async *[Symbol.asyncIterator]() {
      yield* lines;
    },
  },
});
const FLAGS = { timeoutMs: 1_000 };

describe('the URL of a mail server', () => {
  it.each([
    ['imaps://anna@mail.example/Lists/a%20b', ['imap', 'mail.example', undefined, 'implicit', 'anna', 'Lists/a b']],
    ['imap://mail.example:1143', ['imap', 'mail.example', 1143, 'required', undefined, '']],
    ['pop3s://anna%40example.com@[::1]', ['pop3', '::1', undefined, 'implicit', 'anna@example.com', '']],
    ['pop3://h:80/', ['pop3', 'h', 80, 'required', undefined, '']],
  ])('is read: %s', (url, expected) => {
    const { scheme, host, port, security, user, path } = placeOf(url, ['imap', 'pop3'], {});
    expect([scheme, host, port, security, user, path]).toEqual(expected);
  });

  it('has what the options say, which are stronger', () => {
    const place = placeOf('imap://anna@h', ['imap'], { user: 'bert', security: 'off' });
    expect(place).toMatchObject({ user: 'bert', security: 'off' });
  });

  it.each([
    ['http://h', {}, 'imaps://, imap://'],
    ['constructor://h', {}, 'imaps://'],
    ['imap://', {}, 'imap://HOST:PORT'],
    ['imaps://anna:sesame@h', {}, 'ROUNDHOUSE_MAIL_PASSWORD'],
    ['imaps://h', { security: 'off' }, '--security'],
    ['imap://h', { security: 'of' }, 'did you mean off?'],
    ['imap://a%zz@h', {}, '%'],
  ])('is refused: %s, and no password is shown', (url, flags, reason) => {
    expect(() => placeOf(url, ['imap'], flags)).toThrow(
      expect.objectContaining({ code: 'ARGUMENT_INVALID', message: expect.stringContaining(reason) }),
    );
    expect(() => placeOf(url, ['imap'], flags)).not.toThrow(/sesame/);
  });
});

describe('the password', () => {
  it('comes from a file, else from the environment, else it is asked for', async () => {
    const env = { ROUNDHOUSE_MAIL_PASSWORD: 'of the environment' };
    expect((await passwordOf({ ...FLAGS, passwordFile: '-' }, io(env, ['of a file\n']))).reveal()).toBe('of a file');
    expect((await passwordOf(FLAGS, io(env))).reveal()).toBe('of the environment');
    expect((await passwordOf(FLAGS, io({}, ['typed\r'], true))).reveal()).toBe('typed');
  });

  it.each([
    ['there is nobody to ask', {}, false, false],
    ['the body is read from where it would be asked', {}, true, true],
    ['the body is read from where it stands', { passwordFile: '-' }, false, true],
  ])('is missing when %s', async (_why, flags, isTTY, isInputTaken) => {
    await expect(passwordOf({ ...FLAGS, ...flags }, io({}, [], isTTY), isInputTaken)).rejects.toMatchObject({
      code: 'ARGUMENT_INVALID',
    });
  });
});
