import { argon2Sync, randomBytes } from 'node:crypto';
import { createKeyRing, Secret, silentLogger } from '@roundhouse/core';
import { createMemoryStore, type Store } from '@roundhouse/store';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTroubledStore, type TroubledStore } from '../event/troubledStore.fixture.ts';
import type { Sealer } from '../resource/secretFields.ts';
import { hashPassword } from './password.ts';
import { PasswordHistory } from './passwordHistory.ts';
import { PasswordRules } from './passwordRules.ts';

const KIND = 'password_history';
const HISTORY = 2;
const PASSWORDS = ['first password 1', 'second password 2', 'third password 3', 'fourth password 4'];

const keyRing = createKeyRing(new Map([['test', Buffer.alloc(32, 7)]]), 'test');
const sealer: Sealer = {
  seal: (text, context) => keyRing.seal(text, context),
  open: (sealed, context) => keyRing.open(sealed, context).reveal(),
};
const made = Promise.all(PASSWORDS.map((text) => hashPassword(new Secret(text), { randomBytes })));

let store: Store;
let troubled: TroubledStore;
let history: PasswordHistory;
let faults: string[];
let hashes: readonly string[];

async function open(): Promise<PasswordHistory> {
  const log = { ...silentLogger, error: (message: string) => void faults.push(message) };
  const opened = new PasswordHistory(HISTORY, { store: troubled, sealer, log });
  await opened.load();
  return opened;
}

beforeEach(async () => {
  store = createMemoryStore({ clock: new FakeClock() });
  troubled = createTroubledStore(store);
  faults = [];
  hashes = await made;
  history = await open();
});
afterEach(() => store.close());

const hash = (index: number): string => hashes[index] as string;

describe('former passwords', () => {
  it('are those that were used, and known to the next process', async () => {
    history.note('ann', hash(0));
    history.note('ann', hash(1));
    history.noteUse('ann', hash(1));
    history.note('ann', hash(2));
    expect(history.before('ann', hash(2))).toEqual([hash(1), hash(0)]);
    await history.settled();
    const next = await open();
    expect(next.before('ann', hash(2))).toEqual([hash(1), hash(0)]);
    expect(next.isKnownGood('ann', hash(2))).toBe(false);
    next.note('ann', hash(1));
    expect([next.isKnownGood('ann', hash(1)), next.before('ann', hash(1))]).toEqual([true, [hash(0)]]);
    expect(next.before('joe', hash(0))).toEqual([]);
  });

  it('cannot be read where they are stored, nor given to somebody else', async () => {
    history.note('ann', hash(0));
    await history.settled();
    const { items } = await store.list(KIND);
    expect(items).toHaveLength(1);
    expect(JSON.stringify(items)).not.toContain('argon2');
    const [{ value }] = items as [(typeof items)[number]];
    await store.commit({ writes: [{ op: 'put', kind: KIND, id: 'joe', value, expect: 'any' }] });
    const next = await open();
    expect([next.isKnownGood('ann', hash(0)), next.isKnownGood('joe', hash(0))]).toEqual([true, false]);
    expect(faults).toEqual(['former passwords that are kept could not be read']);
  });

  it('are written once for what is noted at once, and not at all when nothing is new', async () => {
    for (const id of ['ann', 'joe', 'eve']) history.note(id, hash(0));
    await history.settled();
    const written = await store.revision();
    for (const id of ['ann', 'joe', 'eve']) history.note(id, hash(0));
    await history.settled();
    expect([troubled.calls, await store.revision()]).toEqual([['commit'], written]);
  });

  it('that the store did not take are written with the next', async () => {
    troubled.trouble.set('commit', 'before');
    history.note('ann', hash(0));
    await history.settled();
    expect(faults).toEqual(['former passwords could not be kept']);
    expect((await store.list(KIND)).items).toEqual([]);
    troubled.trouble.clear();
    history.note('joe', hash(1));
    await history.settled();
    expect((await store.list(KIND)).items.map(({ id }) => id)).toEqual(['ann', 'joe']);
  });

  it('noted while others are being written are written too', async () => {
    history.note('ann', hash(0));
    await Promise.resolve();
    history.note('joe', hash(0));
    await history.settled();
    history.note('eve', hash(0));
    await history.settled();
    expect((await store.list(KIND)).items.map(({ id }) => id)).toEqual(['ann', 'eve', 'joe']);
  });

  it('go with their principal', async () => {
    for (const id of ['ann', 'joe', 'eve']) history.note(id, hash(0));
    history.forget('ann');
    history.retain(['joe']);
    await history.settled();
    expect((await store.list(KIND)).items.map(({ id }) => id)).toEqual(['joe']);
    expect(history.isKnownGood('ann', hash(0))).toBe(false);
  });
});

describe('a password at the door', () => {
  const rules = () => new PasswordRules({ minLength: 12, needsLettersAndDigits: true, history: HISTORY }, history);
  const check = (each: PasswordRules, index: number, ofHash: string): Promise<unknown> =>
    each.check(new Secret(PASSWORDS[index] as string), 'ann', ofHash).then(
      () => 'taken',
      (refusal: { readonly error: { readonly code: string } }) => refusal.error.code,
    );
  /** As good as `index`, and another salt. */
  const again = (index: number): Promise<string> =>
    hashPassword(new Secret(PASSWORDS[index] as string), { randomBytes });

  it('is taken when it is new, and compared once', async () => {
    const door = rules();
    const compared = vi.spyOn(history, 'before');
    history.note('ann', hash(0));
    expect(await check(door, 0, hash(0))).toBe('taken');
    history.note('ann', hash(1));
    expect([await check(door, 1, hash(1)), await check(door, 1, hash(1))]).toEqual(['taken', 'taken']);
    expect(compared).toHaveBeenCalledTimes(1);
    expect(history.before('ann', hash(1))).toEqual([hash(0)]);
  });

  it('is refused when it is one of the last, whatever its hash, and compared once', async () => {
    const door = rules();
    const compared = vi.spyOn(history, 'before');
    history.note('ann', hash(0));
    const same = await again(0);
    history.note('ann', same);
    expect([await check(door, 0, same), await check(door, 0, same)]).toEqual(['PASSWORD_REUSED', 'PASSWORD_REUSED']);
    expect(compared).toHaveBeenCalledTimes(1);
    history.note('ann', hash(1));
    expect(await check(door, 1, hash(1))).toBe('taken');
    history.note('ann', same);
    expect(await check(rules(), 0, same)).toBe('PASSWORD_REUSED');
  });

  it('stays when its hash is made anew because the old one costs a guesser too little', async () => {
    const nonce = Buffer.from('somesalt');
    const cost = { memory: 4_096, passes: 1, parallelism: 1, tagLength: 32 };
    const tag = argon2Sync('argon2id', { message: PASSWORDS[0] as string, nonce, ...cost });
    const base64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
    const weak = `$argon2id$v=19$m=4096,t=1,p=1$${base64(nonce)}$${base64(tag)}`;
    history.note('ann', weak);
    expect(await check(rules(), 0, weak)).toBe('taken');
    history.note('ann', hash(0));
    expect(await check(rules(), 0, hash(0))).toBe('taken');
    const same = await again(0);
    history.note('ann', same);
    expect(await check(rules(), 0, same)).toBe('PASSWORD_REUSED');
    // Weaker again is no reason.
    history.note('ann', weak);
    expect(await check(rules(), 0, weak)).toBe('PASSWORD_REUSED');
  });

  it('is taken again when so many others lie between', async () => {
    for (const index of [0, 1, 2, 3]) {
      history.note('ann', hash(index));
      expect(await check(rules(), index, hash(index))).toBe('taken');
    }
    const [inside, beyond] = [await again(2), await again(0)];
    history.note('ann', inside);
    expect(await check(rules(), 2, inside)).toBe('PASSWORD_REUSED');
    history.note('ann', beyond);
    expect(await check(rules(), 0, beyond)).toBe('taken');
  });

  it('is refused by the policy first, which costs nothing', async () => {
    const compared = vi.spyOn(history, 'before');
    history.note('ann', hash(0));
    expect(
      await check(new PasswordRules({ minLength: 40, needsLettersAndDigits: true, history: 2 }, history), 0, hash(0)),
    ).toBe('PASSWORD_BELOW_POLICY');
    expect(compared).not.toHaveBeenCalled();
  });
});
