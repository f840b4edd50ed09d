import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRoundhouseError } from './error.ts';
import { createKeyRing } from './seal.ts';
import { Secret } from './secret.ts';

const OLD = randomBytes(32);
const NEW = randomBytes(32);
const oldRing = createKeyRing(new Map([['k1', OLD]]), 'k1');
const bothRing = createKeyRing(
  new Map<string, Secret | Uint8Array>([
    ['k1', OLD],
    ['k2', new Secret(NEW.toString('base64'))],
  ]),
  'k2',
);

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (isRoundhouseError(error)) return error.code;
    throw error;
  }
  return 'none';
}

describe('a sealed secret', () => {
  it('opens to what was sealed, in its place alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), fc.string(), (text, context, other) => {
        const sealed = oldRing.seal(text, context);
        expect(oldRing.open(sealed, context).reveal()).toBe(text.toWellFormed());
        if (other !== context) expect(codeOf(() => oldRing.open(sealed, other))).toBe('SEAL_BROKEN');
      }),
      { numRuns: 200 },
    );
  });

  it('is another text each time, without the secret in it', () => {
    const sealed = oldRing.seal(new Secret('hunter2hunter2'), 'here');
    expect(sealed).toMatch(/^seal1\.k1\.[\w-]{80}\.[\w-]+$/);
    expect(sealed).not.toBe(oldRing.seal('hunter2hunter2', 'here'));
    expect(Buffer.from(sealed.split('.')[3] ?? '', 'base64url').toString('latin1')).not.toContain('hunter2');
  });

  it('does not open when a single bit of its text is another', () => {
    const sealed = Buffer.from(bothRing.seal('hunter2', 'here'), 'latin1');
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
      const code = codeOf(() => bothRing.open(changed.toString('latin1'), 'here'));
      expect(['SEAL_BROKEN', 'SEAL_KEY_UNKNOWN'], `bit ${bit}`).toContain(code);
    }
  });

  it('does not open when a single bit of the bytes behind the text is another', () => {
    const [version, id, wrapped = '', ciphertext = ''] = oldRing.seal('hunter2', 'here').split('.');
    for (const part of [wrapped, ciphertext]) {
      for (let bit = 0; bit < Buffer.from(part, 'base64url').length * 8; bit++) {
        const bytes = Buffer.from(part, 'base64url');
        bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
        const changed = bytes.toString('base64url');
        const text = [version, id, part === wrapped ? changed : wrapped, part === wrapped ? ciphertext : changed];
        expect(codeOf(() => oldRing.open(text.join('.'), 'here'))).toBe('SEAL_BROKEN');
      }
    }
  });

  it('does not open with the ciphertext of another', () => {
    const [one, other] = [oldRing.seal('one', 'here').split('.'), oldRing.seal('other', 'here').split('.')];
    expect(codeOf(() => oldRing.open([...one.slice(0, 3), other[3]].join('.'), 'here'))).toBe('SEAL_BROKEN');
  });

  it.each(['', 'seal1', 'seal1.k1..', 'seal1.k1.AAAA.AAAA', 'seal2.k1.AAAA.AAAA', 'hunter2', 'seal1.k1.AA=.AA'])(
    'is not %j',
    (text) => {
      expect(codeOf(() => oldRing.open(text, 'here'))).toBe('SEAL_BROKEN');
    },
  );
});

describe('a ring of keys', () => {
  it('seals with the current key and opens with each', () => {
    const old = oldRing.seal('hunter2', 'here');
    expect(bothRing.open(old, 'here').reveal()).toBe('hunter2');
    expect(bothRing.seal('hunter2', 'here').split('.')[1]).toBe('k2');
  });

  it('seals anew without knowing the place, and the old key is needed no more', () => {
    const rotated = bothRing.rotate(oldRing.seal('hunter2', 'here'));
    const newRing = createKeyRing(new Map([['k2', NEW]]), 'k2');
    expect(newRing.open(rotated, 'here').reveal()).toBe('hunter2');
    expect(codeOf(() => newRing.open(rotated, 'there'))).toBe('SEAL_BROKEN');
    expect(bothRing.rotate(rotated)).toBe(rotated);
  });

  it('says which key is missing, and tells a key of the same name from the one', () => {
    const sealed = oldRing.seal('hunter2', 'here');
    const newRing = createKeyRing(new Map([['k2', NEW]]), 'k2');
    for (const use of [() => newRing.open(sealed, 'here'), () => newRing.rotate(sealed)]) {
      expect(use).toThrow(expect.objectContaining({ code: 'SEAL_KEY_UNKNOWN', details: { key: 'k1' } }));
    }
    const impostor = createKeyRing(new Map([['k1', NEW]]), 'k1');
    expect(codeOf(() => impostor.open(sealed, 'here'))).toBe('SEAL_BROKEN');
  });

  it('keeps a copy of its keys', () => {
    const key = randomBytes(32);
    const ring = createKeyRing(new Map([['k', key]]), 'k');
    const sealed = ring.seal('hunter2', 'here');
    key.fill(0);
    expect(ring.open(sealed, 'here').reveal()).toBe('hunter2');
  });

  it.each([
    ['short bytes', 'k', new Uint8Array(31)],
    ['long bytes', 'k', new Uint8Array(33)],
    ['a passphrase', 'k', new Secret('correct horse battery staple')],
    ['base64 of 31 bytes', 'k', new Secret(Buffer.alloc(31).toString('base64'))],
    ['an id with a dot', 'a.b', new Uint8Array(32)],
  ])('refuses %s, without showing the key', (_what, id, key) => {
    try {
      createKeyRing(new Map([[id, key]]), id);
    } catch (error) {
      expect(error).toMatchObject({ code: 'SEAL_KEY_INVALID' });
      expect(JSON.stringify(error)).not.toContain('horse');
      return;
    }
    expect.unreachable();
  });

  it('refuses a current key that it does not have', () => {
    expect(codeOf(() => createKeyRing(new Map([['k1', OLD]]), 'k2'))).toBe('SEAL_KEY_UNKNOWN');
  });
});
