import type { FactProvider } from '@roundhouse/audit/compliance';

/** One that is made here has 46 characters. */
const SHORT = 24;
/** Words of examples, in any spelling. */
const EXAMPLE = /change[-_.]?me|example|password|secret|letmein|default|demo|test/i;

/** Of the token of root, and of how secrets are kept; neither is ever part of a fact. */
export function tokenFacts(token: string): FactProvider {
  return {
    name: 'token',
    names: ['defaults.has_example_token', 'secrets.is_sealed_at_rest'],
    gather: () =>
      Promise.resolve({
        'defaults.has_example_token': token.length < SHORT || EXAMPLE.test(token),
        // The server has no other way to keep one: every secret field passes the key ring before the store.
        'secrets.is_sealed_at_rest': true,
      }),
  };
}
