import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CanI } from '@roundhouse/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeApi, keyOf, Problem } from '../api.fixture.ts';
import { EXIT } from '../exit.ts';
import type { Input } from '../io.ts';

let api: FakeApi;

beforeEach(async () => {
  api = await FakeApi.start();
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

/** A terminal or a pipe; what is typed comes key by key. */
function inputOf(text: string, isTTY: boolean): Input & { readonly modes: boolean[] } {
  const modes: boolean[] = [];
  return {
    isTTY,
    modes,
    setRawMode: (on) => modes.push(on),
    async *[Symbol.asyncIterator]() {
      if (isTTY) yield* [...text].map((key) => Buffer.from(key));
      else yield text;
    },
  };
}

describe('whoami', () => {
  it('shows who the caller is taken for', async () => {
    const identity = { principal: 'joe', type: 'person', method: 'api_key', credential: 'batch7', roles: ['operator'] };
    api.replies.whoAmI = identity;
    expect((await api.cli(['whoami'])).stdout).toMatch(/^principal +joe\n/);
    expect(JSON.parse((await api.cli(['whoami', '--json'])).stdout)).toEqual(identity);
  });

  it.each([
    [401, 'CREDENTIALS_EXPIRED', EXIT.Unauthenticated],
    [403, 'PRINCIPAL_DISABLED', EXIT.Denied],
  ])('exits by the problem %d %s with %d', async (status, code, expected) => {
    api.replies.whoAmI = () => new Problem(status, code);
    expect((await api.cli(['whoami'])).code).toBe(expected);
  });
});

describe('can-i', () => {
  it('says yes and by which rule, and exits with 0', async () => {
    api.replies.canI = { allowed: true, reason: 'a rule allows it', role: 'operator', rule: 2 } satisfies CanI;
    const { code, stdout } = await api.cli(['can-i', 'Drain', 'endpoints', 'lpar1']);
    expect([code, stdout]).toEqual([EXIT.Ok, 'yes: a rule allows it (role operator, rule 2)\n']);
    expect(api.asked[0]?.query).toEqual({ verb: 'drain', kind: 'endpoint', id: 'lpar1' });
  });

  it('says no, and exits with 9', async () => {
    api.replies.canI = { allowed: false, reason: 'no rule allows it', role: null, rule: null } satisfies CanI;
    const { code, stdout, stderr } = await api.cli(['can-i', 'input', 'session']);
    expect([code, stdout, stderr]).toEqual([EXIT.Denied, 'no: no rule allows it\n', '']);
    expect((await api.cli(['can-i', 'take_over', 'session', '--json'])).code).toBe(EXIT.Denied);
  });

  it.each([
    [['get', 'sesion'], 'did you mean session?'],
    [['crate', 'key'], 'did you mean create?'],
  ])('refuses %j', async (argv, reason) => {
    const { code, stderr } = await api.cli(['can-i', ...argv]);
    expect([code, stderr]).toEqual([EXIT.Usage, expect.stringContaining(reason)]);
  });
});

describe('key commands', () => {
  it('write the new key alone to standard output', async () => {
    api.replies.createApiKey = { ...keyOf({ expires_at: '1970-04-01T00:00:00.000Z' }), key: 'rhk_secret' };
    const limits = ['--expires', '90d', '--role', 'a', 'b', '--address', '10.0.0.0/8'];
    const { code, stdout, stderr } = await api.cli(['key', 'create', 'batch7', '--principal', 'joe', ...limits]);
    expect([code, stdout]).toEqual([EXIT.Ok, 'rhk_secret\n']);
    expect(stderr).toMatch(/^This is the only time .+ it expires at 1970-04-01T00:00:00\.000Z\.\n$/);
    expect(api.asked[0]?.body).toEqual({
      id: 'batch7',
      principal: 'joe',
      expires_at: '1970-04-01T00:00:00.000Z',
      roles: ['a', 'b'],
      addresses: ['10.0.0.0/8'],
    });
  });

  it('list and revoke', async () => {
    api.replies.listApiKeys = { items: [keyOf()], next_cursor: null };
    expect((await api.cli(['key', 'list'])).stdout).toMatch(/^batch7 +joe +all +never +-$/m);
    expect((await api.cli(['key', 'revoke', 'batch7'])).stdout).toBe('revoked batch7\n');
    expect(api.asked.at(-1)).toMatchObject({ route: 'deleteApiKey', id: 'batch7' });
  });
});

describe('principal hash-password', () => {
  const PASSWORD = 'correct horse battery';
  const HASH = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}\n$/;

  it('asks twice on a terminal, without echo, and takes corrections', async () => {
    const stdin = inputOf(`wrong\u0015${PASSWORD}x\u007f\r${PASSWORD}\r`, true);
    const { code, stdout, stderr } = await api.cli(['principal', 'hash-password'], { stdin });
    expect([code, stderr, stdin.modes]).toEqual([EXIT.Ok, 'Password: \nAgain: \n', [true, false]]);
    expect(stdout).toMatch(HASH);
  });

  it('reads standard input otherwise', async () => {
    const { stdout } = await api.cli(['principal', 'hash-password', '--json'], {
      stdin: inputOf(`${PASSWORD}\n`, false),
    });
    expect(`${(JSON.parse(stdout) as { password_hash: string }).password_hash}\n`).toMatch(HASH);
  });

  it('asks for what the configuration asks for at the door', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'roundhouse-policy-'));
    const file = join(folder, 'roundhouse.yaml');
    const hash = (more: object) =>
      api.cli(['principal', 'hash-password', '--config', file], { stdin: inputOf(`${PASSWORD}\n`, false), ...more });
    await writeFile(file, 'authentication: { passwords: {} }\n');
    const refused = await hash({});
    expect([refused.code, refused.stdout]).toEqual([EXIT.Usage, '']);
    expect(refused.stderr).toMatch(/PASSWORD_UNFIT[^]*it has no digit|it has no digit[^]*PASSWORD_UNFIT/);
    await writeFile(file, 'authentication: { passwords: { letters_and_digits: false } }\n');
    expect((await hash({})).stdout).toMatch(HASH);
    await writeFile(file, 'authentication: { passwords: { min_length: 3 } }\n');
    const invalid = await hash({});
    expect([invalid.code, invalid.stderr]).toEqual([EXIT.ConfigInvalid, expect.stringContaining('min_length')]);
    await rm(folder, { recursive: true });
  });

  it.each([
    ['two that differ', `${PASSWORD}\r${PASSWORD}!\r`, EXIT.Usage, 'the two are not the same'],
    ['a short one', 'short\rshort\r', EXIT.Usage, 'PASSWORD_UNFIT'],
    ['Ctrl-C', 'abc\u0003', EXIT.Interrupted, 'INPUT_INTERRUPTED'],
    ['the end of the terminal', 'abc', EXIT.Interrupted, 'INPUT_INTERRUPTED'],
  ])('refuses %s, and leaves the terminal as it was', async (_title, typed, expected, message) => {
    const stdin = inputOf(typed, true);
    const { code, stdout, stderr } = await api.cli(['principal', 'hash-password'], { stdin });
    expect([code, stdout, stdin.modes]).toEqual([expected, '', [true, false]]);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain(PASSWORD);
  });
});
