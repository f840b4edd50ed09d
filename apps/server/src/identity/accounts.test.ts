import { randomBytes } from 'node:crypto';
import { Secret } from '@roundhouse/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Site } from '../compliance/site.fixture.ts';
import { basic, call } from '../wire.fixture.ts';
import { hashPassword } from './password.ts';

const POLICY = 'authentication: { passwords: {} }\n';
const [FIRST, SECOND] = ['the first password 1', 'the second password 2'];

const made = Promise.all(
  [FIRST, FIRST, SECOND].map((text) => hashPassword(new Secret(text), { randomBytes })),
) as Promise<[string, string, string]>;

let site: Site;
let url: string;

beforeEach(async () => {
  site = await Site.prepare();
});
afterEach(() => site[Symbol.asyncDispose]());

const joe = (hash: string): string => `principals: [{ id: joe, roles: [user], password_hash: "${hash}" }]\n`;

async function listen(...layers: readonly string[]): Promise<void> {
  await site.start(...layers);
  ({ url } = await site.server.start());
}

/** What is answered to a password of joe: the status, and the code where there is one. */
async function logOn(password: string): Promise<readonly unknown[]> {
  const { status, json } = await call(url, 'GET', '/api/v1/whoami', { authorization: basic('joe', password) });
  return [status, json?.['code'] ?? json?.['principal']];
}

const kept = async (): Promise<readonly string[]> =>
  (await site.store.list('password_history')).items.map(({ id }) => id);

describe('a server with a policy for passwords', () => {
  it('knows former ones of the configurations before, and of those while it runs', async () => {
    const [first, again, second] = await made;
    await listen(POLICY, joe(first));
    expect(await logOn(FIRST)).toEqual([200, 'joe']);
    await listen(POLICY, joe(again));
    expect(await logOn(FIRST)).toEqual([403, 'PASSWORD_REUSED']);
    expect(await logOn(SECOND)).toEqual([401, 'CREDENTIALS_INVALID']);
    const change = (hash: string) =>
      site.server.resources.applyFile({ principal: [{ id: 'joe', roles: ['user'], password_hash: hash }] }, 'test');
    await change(second);
    expect(await logOn(SECOND)).toEqual([200, 'joe']);
    await change(first);
    expect(await logOn(FIRST)).toEqual([403, 'PASSWORD_REUSED']);
  });

  it('forgets those of a principal that is removed, while it runs and at its start', async () => {
    const [first] = await made;
    await site.start(POLICY, joe(first));
    await expect.poll(kept).toEqual(['joe']);
    await site.server.resources.applyFile({}, 'test');
    await expect.poll(kept).toEqual([]);
    await site.start(POLICY, joe(first));
    await expect.poll(kept).toEqual(['joe']);
    // Removed while there is no policy, and nobody looks.
    await site.start('{}\n');
    expect(await kept()).toEqual(['joe']);
    await site.start(POLICY);
    await expect.poll(kept).toEqual([]);
  });
});

describe('a server without one', () => {
  it('takes any password, and keeps none', async () => {
    const [first, again] = await made;
    await listen(joe(first));
    expect(await logOn(FIRST)).toEqual([200, 'joe']);
    await listen(joe(again));
    expect(await logOn(FIRST)).toEqual([200, 'joe']);
    await listen('authentication: { passwords: { history: 0 } }\n', joe(first));
    expect(await logOn(FIRST)).toEqual([200, 'joe']);
    expect(await kept()).toEqual([]);
  });
});
