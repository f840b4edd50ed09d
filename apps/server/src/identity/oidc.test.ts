import { randomBytes } from 'node:crypto';
import { createScope, isRoundhouseError, systemClock } from '@roundhouse/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAuthenticator } from './authenticator.ts';
import { MemoryDirectory } from './directory.ts';
import type { Identity } from './identity.ts';
import { AUDIENCE, startProvider } from './provider.fixture.ts';

describe('an OpenID provider', () => {
  beforeEach(() => {
    // The provider tells the console that its store is for tests.
    vi.spyOn(console, 'info').mockImplementation(() => {});
    vi.spyOn(console, 'warn').mockImplementation(() => {});
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('vouches for a client by an access token, and again after it has changed its keys', async () => {
    await using provider = await startProvider();
    using scope = createScope();
    // Ahead of the wall clock on request: a new key is looked for after half a minute.
    let ahead = 0;
    const clock = { ...systemClock, monotonic: () => systemClock.monotonic() + ahead };
    await using authenticator = createAuthenticator(
      {
        rootTokens: [],
        issuers: [
          {
            issuer: provider.issuer,
            audience: AUDIENCE,
            type: 'service',
            roles: { claim: 'realm.roles', map: { 'batch-operators': ['operator'] } },
          },
        ],
      },
      { directory: new MemoryDirectory(), clock, randomBytes },
    );
    const ask = async (token: string): Promise<Identity | string> => {
      try {
        const credentials = { authorization: `Bearer ${token}`, address: '192.0.2.1', isSecure: true };
        return await authenticator.authenticate(credentials, scope);
      } catch (error) {
        if (!isRoundhouseError(error)) throw error;
        return error.code;
      }
    };
    const first = await provider.token();
    const identity = { principal: 'batch', type: 'service', method: 'jwt', roles: ['operator'] };
    expect(await ask(first)).toMatchObject({ ...identity, credential: expect.stringMatching(/^.{10,}$/) });
    expect(await ask(await provider.token('https://other.example/api'))).toBe('CREDENTIALS_INVALID');
    await provider.rotate();
    ahead = 30_000;
    expect(await ask(await provider.token())).toMatchObject(identity);
    expect(await ask(first)).toBe('CREDENTIALS_INVALID');
  });
});
