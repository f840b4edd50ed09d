import { randomBytes } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createScope, isRoundhouseError, systemClock } from '@roundhouse/core';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createAuthenticator } from './authenticator.ts';
import { MemoryDirectory } from './directory.ts';
import type { Identity } from './identity.ts';

const AUDIENCE = 'https://roundhouse.example/api';
const CLIENT_SECRET = 'a-secret-of-the-client-7c1e';

interface RunningProvider extends AsyncDisposable {
  readonly issuer: string;
  /** Signs with another key from now on; the old one is no longer published. */
  rotate(): Promise<void>;
  /** An access token by client credentials (RFC 6749 §4.4) for a resource (RFC 8707). */
  token(resource?: string): Promise<string>;
}

async function startProvider(): Promise<RunningProvider> {
  let listener: RequestListener = (_request, response) => void response.writeHead(503).end();
  const server = createServer((incoming, response) => listener(incoming, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const rotate = async (): Promise<void> => {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    const key = { ...(await exportJWK(privateKey)), use: 'sig', alg: 'RS256', kid: randomBytes(4).toString('hex') };
    listener = new Provider(issuer, {
      clients: [
        {
          client_id: 'batch',
          client_secret: CLIENT_SECRET,
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
        },
      ],
      jwks: { keys: [key] },
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_context: unknown, resource: string) => ({
            scope: 'use',
            audience: resource,
            accessTokenFormat: 'jwt',
            accessTokenTTL: 300,
          }),
        },
      },
      extraTokenClaims: () => ({ realm: { roles: ['batch-operators'] } }),
    }).callback();
  };
  await rotate();
  return {
    issuer,
    rotate,
    async token(resource = AUDIENCE) {
      const { body } = await request(`${issuer}/token`, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          authorization: `Basic ${Buffer.from(`batch:${CLIENT_SECRET}`).toString('base64')}`,
        },
        body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'use', resource }).toString(),
      });
      const { access_token: token } = (await body.json()) as { readonly access_token: string };
      return token;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

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
