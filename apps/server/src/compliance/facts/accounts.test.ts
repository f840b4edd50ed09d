import type { ResourceKindName } from '@roundhouse/api';
import { createScope } from '@roundhouse/core';
import { createMemoryStore, type Store } from '@roundhouse/store';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BUILT_IN_ROLES } from '../../policy/builtIn.ts';
import { createPolicy } from '../../policy/policy.ts';
import type { Kept } from '../../resource/change.ts';
import type { AuthenticationOptions } from '../../identity/options.ts';
import { Usage } from '../usage.ts';
import { accountFacts } from './accounts.ts';

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 5, 1);

let now = START;
class Calendar extends FakeClock {
  override now(): number {
    return now;
  }
}

let store: Store;
let usage: Usage;
let kept: Map<string, Kept>;
const clock = new Calendar();

beforeEach(() => {
  now = START;
  kept = new Map();
  store = createMemoryStore({ clock });
  usage = new Usage(store, clock);
  for (const role of BUILT_IN_ROLES) put('role', role);
});
afterEach(() => store.close());

function put(kind: ResourceKindName, input: object, createdAt = now): void {
  const { id } = input as { id: string };
  kept.set(`${kind}/${id}`, {
    input: input as Kept['input'],
    version: 1,
    origin: 'api',
    createdAt,
    updatedAt: createdAt,
  });
}

async function facts(authentication?: AuthenticationOptions, isDurable = true) {
  using scope = createScope({ clock });
  const resources = {
    ids: (kind: ResourceKindName) =>
      [...kept.keys()].flatMap((key) => (key.startsWith(`${kind}/`) ? [key.slice(kind.length + 1)] : [])),
    find: (kind: ResourceKindName, id: string) => kept.get(`${kind}/${id}`),
  };
  const policy = () => createPolicy(BUILT_IN_ROLES);
  return await accountFacts({ resources, authentication, policy, usage, store: { isDurable }, clock }).gather(scope);
}

describe('facts about accounts', () => {
  it.each([
    ['operator', true],
    ['Admin', true],
    ['tester3', true],
    ['shared-till', true],
    ['night_team', true],
    ['jane.doe', false],
    ['operette', false],
    ['teamsters', false],
  ])('take %s for a generic name: %s', async (id, isGeneric) => {
    put('principal', { id, roles: [] });
    expect((await facts())['principals.generic']).toEqual(isGeneric ? [id] : []);
    put('principal', { id, roles: [], type: 'service' });
    expect((await facts())['principals.generic']).toEqual([]);
    put('principal', { id, roles: [], disabled: true });
    expect((await facts())['principals.generic']).toEqual([]);
  });

  const unusedOf = async (id: string) =>
    ((await facts())['principals.accounts'] as ReadonlyArray<{ id: string; unused_days?: number }>).find(
      (account) => account.id === id,
    )?.unused_days;

  it('tell how long an account can have been unused, as soon as that is certain', async () => {
    put('principal', { id: 'old', roles: [] }, START - 400 * DAY_MS);
    put('principal', { id: 'young', roles: [] }, START - 10 * DAY_MS);
    expect([await unusedOf('old'), await unusedOf('young')]).toEqual([undefined, 10]);
    now += 50 * DAY_MS;
    put('principal', { id: 'new', roles: [] });
    expect([await unusedOf('old'), await unusedOf('young'), await unusedOf('new')]).toEqual([undefined, 60, 0]);
    now += 100 * DAY_MS;
    // 150 days were looked for the old one; the new one is 100 days old.
    expect([await unusedOf('old'), await unusedOf('new')]).toEqual([150, 100]);
    usage.note('old');
    now += DAY_MS;
    expect(await unusedOf('old')).toBe(1);
  });

  it('remember uses over a restart', async () => {
    put('principal', { id: 'jane', roles: [] }, START - 400 * DAY_MS);
    usage.note('jane');
    usage.note('root');
    await facts();
    now += 3 * DAY_MS;
    usage = new Usage(store, clock);
    expect(await unusedOf('jane')).toBe(3);
    expect((await facts())['principals.root_quiet_hours']).toBe(72);
    expect(usage.since).toBe(START);
  });

  it('count as an administrator whoever may do everything, by any role and without a condition', async () => {
    const all = { verbs: ['*'], kinds: ['*'] };
    put('role', { id: 'mighty', rules: [{ verbs: ['get'], kinds: ['session'] }, all] });
    put('role', { id: 'own', rules: [{ ...all, own: true }] });
    put('role', { id: 'denied', rules: [{ ...all, effect: 'deny' }] });
    for (const role of ['mighty', 'own', 'denied', 'admin', 'operator'])
      put('principal', { id: `p-${role}`, roles: [role] });
    expect((await facts())['policy.wildcard_admins']).toEqual(['p-mighty', 'p-admin']);
  });

  it('leave out keys that have expired, and keys of those who are disabled', async () => {
    put('principal', { id: 'jane', roles: [] });
    put('principal', { id: 'joe', roles: [], disabled: true });
    put('api_key', { id: 'live', principal: 'jane' }, START - 5 * DAY_MS);
    put('api_key', { id: 'over', principal: 'jane', expires_at: new Date(START).toISOString() });
    put('api_key', { id: 'joes', principal: 'joe' });
    expect((await facts())['keys.items']).toEqual([{ id: 'live', principal: 'jane', age_days: 5 }]);
  });

  it('name accounts of vendors only where somebody could log in with a password', async () => {
    put('principal', { id: 'admin', roles: [] });
    expect((await facts())['defaults.accounts']).toEqual([]);
    put('principal', { id: 'admin', roles: [], password_hash: '$argon2id$…' });
    expect((await facts())['defaults.accounts']).toEqual(['admin']);
  });

  it('see that whoever has no role may do nothing', async () => {
    expect((await facts())['policy.is_default_deny']).toBe(true);
  });

  it('say of passwords what is asked for at the door, and of former ones what lasts', async () => {
    const about = async (...asked: Parameters<typeof facts>) => {
      const found = await facts(...asked);
      return [found['password.min_length'], found['password.needs_letters_and_digits'], found['password.history']];
    };
    expect(await about()).toEqual([1, false, 0]);
    expect(await about({ passwords: {} })).toEqual([12, true, 4]);
    expect(await about({ passwords: { min_length: 9, letters_and_digits: false, history: 2 } })).toEqual([9, false, 2]);
    expect(await about({ passwords: {} }, false)).toEqual([12, true, 0]);
  });
});
