import { createHash, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiKeyId, createApiKey } from './apiKey.ts';

describe('an API key', () => {
  it('has its id and 256 random bits in it, and its record the hash alone', () => {
    const bytes = randomBytes(32);
    const { record, key } = createApiKey({ id: 'batch_7', principal: 'batch' }, { randomBytes: () => bytes });
    expect(key.reveal()).toBe(`rh_batch_7_${bytes.toString('base64url')}`);
    expect(record).toEqual({
      id: 'batch_7',
      principal: 'batch',
      hash: createHash('sha256').update(key.reveal()).digest('hex'),
    });
    expect(JSON.stringify({ record, key })).not.toContain(bytes.toString('base64url'));
  });

  it('tells its id, whatever underscores the id and the secret have', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
    fc.assert(
      fc.property(id, fc.uint8Array({ minLength: 32, maxLength: 32 }), (name, bytes) => {
        const { key } = createApiKey({ id: name, principal: 'p' }, { randomBytes: () => Buffer.from(bytes) });
        expect(apiKeyId(key.reveal())).toBe(name);
      }),
    );
  });

  it.each([
    '',
    'rh_',
    // The token of the first run has no id.
    `rh_${'a'.repeat(43)}`,
    `rh__${'a'.repeat(43)}`,
    `rh_id-${'a'.repeat(43)}`,
    `xx_id_${'a'.repeat(43)}`,
    `rh_${'i'.repeat(300)}_${'a'.repeat(43)}`,
  ])('is not %j', (token) => {
    expect(apiKeyId(token)).toBeUndefined();
  });
});
