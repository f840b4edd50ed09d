/** What the tests use of `oidc-provider`, which brings no types. */
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http';

  interface ClientMetadata {
    readonly client_id: string;
    readonly client_secret: string;
    readonly grant_types: readonly string[];
    readonly redirect_uris: readonly string[];
    readonly response_types: readonly string[];
  }

  interface ProviderConfiguration {
    readonly clients: readonly ClientMetadata[];
    readonly jwks: { readonly keys: readonly object[] };
    readonly features: object;
    readonly extraTokenClaims?: (context: unknown, token: { readonly clientId: string }) => object;
  }

  export default class Provider {
    constructor(issuer: string, configuration: ProviderConfiguration);
    callback(): RequestListener;
  }
}
