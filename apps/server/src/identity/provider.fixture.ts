import { randomBytes } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import { request } from 'undici';

/** What its tokens are for, unless another resource is named. */
export const AUDIENCE = 'https://roundhouse.example/api';
const CLIENT_SECRET = 'a-secret-of-the-client-7c1e';

/** An OpenID provider on loopback, with one client: `batch`, of the realm role `batch-operators`. */
interface RunningProvider extends AsyncDisposable {
  readonly issuer: string;
  /** Signs with another key from now on; the old one is no longer published. */
  rotate(): Promise<void>;
  /** An access token by client credentials (RFC 6749 §4.4) for a resource (RFC 8707). */
  token(resource?: string): Promise<string>;
}

export async function startProvider(): Promise<RunningProvider> {
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
