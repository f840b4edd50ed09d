import type { FactProvider } from '@roundhouse/audit/compliance';

/** One that is made here has 46 characters. */
const SHORT = 24;
/** Words of examples, in any spelling. */
const EXAMPLE = /change[-_.]?me|example|password|secret|letmein|default|demo|test/i;

/** Of the token of root, which is never part of a fact itself. */
export function tokenFacts(token: string): FactProvider {
  return {
    name: 'token',
    names: ['defaults.has_example_token'],
    gather: () => Promise.resolve({ 'defaults.has_example_token': token.length < SHORT || EXAMPLE.test(token) }),
  };
}
