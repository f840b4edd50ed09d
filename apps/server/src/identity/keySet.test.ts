import { createScope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { exportJWK, generateKeyPair, type JSONWebKeySet } from 'jose';
import { describe, expect, it } from 'vitest';
import { KeySet } from './keySet.ts';
import { Refusal } from './refusal.ts';

async function jwk(kid: string): Promise<JSONWebKeySet['keys'][number]> {
  const { publicKey } = await generateKeyPair('ES256');
  return { ...(await exportJWK(publicKey)), kid, alg: 'ES256' };
}

const [ONE, TWO] = await Promise.all([jwk('one'), jwk('two')]);

function setUp() {
  const clock = new FakeClock();
  const scope = createScope({ clock });
  const state = { keys: [ONE], isAway: false, asked: 0 };
  const told: string[] = [];
  const keys = new KeySet(
    { maxAgeMs: 600_000, maxStaleMs: 3_600_000, timeoutMs: 5_000 },
    {
      scope,
      onFailure: (reason) => told.push(reason),
      onRecovery: () => told.push('recovered'),
      load: (limit) => {
        state.asked++;
        return state.isAway ? limit.race(new Promise<never>(() => {})) : Promise.resolve({ keys: state.keys });
      },
    },
  );
  const find = async (kid: string): Promise<string> => {
    try {
      await keys.find({ alg: 'ES256', kid }, { payload: '', signature: '' }, scope);
      return 'found';
    } catch (error) {
      return error instanceof Refusal ? error.error.code : (error as { code: string }).code;
    }
  };
  return { clock, scope, state, told, find, keys };
}

describe('the keys of an issuer', () => {
  it('are asked for once, by however many', async () => {
    const { find, state } = setUp();
    expect(await Promise.all([find('one'), find('one'), find('one')])).toEqual(['found', 'found', 'found']);
    expect(await find('one')).toBe('found');
    expect(state.asked).toBe(1);
  });

  it('are asked for anew when a token names a new one, but not for each invented one', async () => {
    const { find, state, clock } = setUp();
    await find('one');
    state.keys = [TWO];
    expect(await find('two')).toBe('ERR_JWKS_NO_MATCHING_KEY');
    expect(state.asked).toBe(1);
    await clock.advance(30_000);
    expect(await find('two')).toBe('found');
    expect(await find('one')).toBe('ERR_JWKS_NO_MATCHING_KEY');
    for (let time = 0; time < 20; time++) await find(`invented-${time}`);
    expect(state.asked).toBe(2);
  });

  it('are asked for anew when they are old', async () => {
    const { find, state, clock } = setUp();
    await find('one');
    state.keys = [TWO];
    await clock.advance(600_001);
    expect(await find('one')).toBe('ERR_JWKS_NO_MATCHING_KEY');
    expect(await find('two')).toBe('found');
    expect(state.asked).toBe(2);
  });

  it('are used while the issuer is away, for a bounded time, and it is not asked at every turn', async () => {
    const { find, state, clock, told } = setUp();
    await find('one');
    state.isAway = true;
    await clock.advance(600_001);
    const asked = find('one');
    await clock.advance(5_000);
    expect(await asked).toBe('found');
    expect(await find('one')).toBe('found');
    expect(state.asked).toBe(2);
    expect(told).toEqual(['The question for the keys of an issuer did not finish within 5000 ms']);
    await clock.advance(3_600_000);
    const late = find('one');
    await clock.advance(5_000);
    expect(await late).toBe('IDENTITY_PROVIDER_UNAVAILABLE');
    expect(await find('one')).toBe('IDENTITY_PROVIDER_UNAVAILABLE');
    state.isAway = false;
    await clock.advance(5_000);
    expect(await find('one')).toBe('found');
    expect(told.at(-1)).toBe('recovered');
    expect(clock.pendingTimers).toBe(0);
  });

  it('that are none are no keys', async () => {
    const { state, find, told } = setUp();
    state.keys = 'nonsense' as never;
    expect(await find('one')).toBe('IDENTITY_PROVIDER_UNAVAILABLE');
    expect(told).toHaveLength(1);
  });

  it('come for the others when one who waits for them goes away', async () => {
    const { keys, scope, state, find, clock } = setUp();
    state.isAway = true;
    const gone = scope.child();
    const left = keys.find({ alg: 'ES256', kid: 'one' }, { payload: '', signature: '' }, gone);
    const stays = find('one');
    gone.end();
    await expect(left).rejects.toMatchObject({ code: 'CANCELLED' });
    await clock.advance(5_000);
    expect(await stays).toBe('IDENTITY_PROVIDER_UNAVAILABLE');
    expect(clock.pendingTimers).toBe(0);
  });
});
