import type { FactProvider } from '@roundhouse/audit/compliance';
import { type ConfigDocument, plainSecrets } from '@roundhouse/config';

export interface SecretFactsSources {
  /** The configuration in force. */
  readonly document: () => ConfigDocument;
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** Places of secrets that can be used as they are; hashes are no such ones. */
const SECRETS = [
  'authentication.issuers[].secret',
  'authentication.ldap.bind_password',
  'endpoints[].tls.key',
  'endpoints[].start_tls.key',
  'workers[].secrets[].value',
  'webhooks[].secret',
];
/** Variables of this product that hold a credential. */
const CREDENTIALS = ['ROUNDHOUSE_TOKEN'];

/** Secrets that stand where they can be read. */
export function secretFacts({ document, variables }: SecretFactsSources): FactProvider {
  return {
    name: 'secrets',
    names: ['secrets.plain_in_configuration', 'secrets.plain_in_environment'],
    gather: () =>
      Promise.resolve({
        'secrets.plain_in_configuration': plainSecrets(document(), SECRETS),
        'secrets.plain_in_environment': CREDENTIALS.filter((name) => Boolean(variables[name])),
      }),
  };
}
