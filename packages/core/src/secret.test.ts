import { format, inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret } from './secret.ts';

describe('a secret', () => {
  it('is shown as a mask by everything that prints, and revealed on request alone', () => {
    const secret = new Secret('hunter2');
    const shown = [
      String(secret),
      ''.concat(secret as unknown as string),
      JSON.stringify({ secret }),
      inspect({ secret }),
      inspect(secret, { showHidden: true }),
      format('%s %o %j', secret, secret, secret),
      Object.entries(secret).join(),
    ];
    for (const text of shown) expect(text).not.toContain('hunter2');
    expect(secret.reveal()).toBe('hunter2');
  });
});
