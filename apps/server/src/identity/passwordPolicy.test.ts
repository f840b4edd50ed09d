import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formerHashes, type KeptHash, passwordFault, passwordPolicyOf, withHash, withUse } from './passwordPolicy.ts';

const PCI = { minLength: 12, needsLettersAndDigits: true };

describe('the policy', () => {
  it('is none unless the configuration has one, and that of PCI DSS where it says no more', () => {
    expect(passwordPolicyOf({})).toBeUndefined();
    expect(passwordPolicyOf({ passwords: {} })).toEqual({ ...PCI, history: 4 });
    expect(passwordPolicyOf({ passwords: { min_length: 16, letters_and_digits: false, history: 0 } })).toEqual({
      minLength: 16,
      needsLettersAndDigits: false,
      history: 0,
    });
  });
});

describe('a password', () => {
  it.each([
    ['abcdefghijk1', undefined],
    ['abcdefghij1', 'it has fewer than 12 characters'],
    ['', 'it has fewer than 12 characters'],
    ['abcdefghijkl', 'it has no digit'],
    ['123456789012', 'it has no letter'],
    ['!!!!!!!!!!a1', undefined],
    // Letters and digits of other scripts: Greek, Arabic-Indic, Devanagari.
    ['κωδικόςκωδι٣', undefined],
    ['१२३४५६७८९०१क', undefined],
    // A superscript, a fraction and a Roman numeral are numbers (No, Nl) and no digits.
    ['abcdefghij²½Ⅷ', 'it has no digit'],
  ])('%j: %s', (password, fault) => {
    expect(passwordFault(password, PCI)).toBe(fault);
  });

  it.each([
    ['emoji, of two units each', '🐎'.repeat(6) + 'abcd1', true],
    ['emoji that are enough', '🐎'.repeat(10) + 'a1', false],
    ['accents in two code points', 'e\u0301'.repeat(6) + 'abcd1', true],
    ['accents in one code point', '\u00e9'.repeat(6) + 'abcd1', true],
    ['accents that are enough', 'e\u0301'.repeat(11) + '1', false],
  ])('has its characters counted as people do: %s', (_, password, isTooShort) => {
    expect(passwordFault(password, PCI) !== undefined).toBe(isTooShort);
  });

  it('may be of any kind where only the length is asked for', () => {
    expect(passwordFault('!'.repeat(12), { ...PCI, needsLettersAndDigits: false })).toBeUndefined();
  });
});

/** What is kept after these hashes came, one after another; a name with `!` is used. */
function keptAfter(names: readonly string[], history = 4): readonly KeptHash[] {
  return names.reduce<readonly KeptHash[]>((kept, name) => {
    const hash = name.replace('!', '');
    const next = withHash(kept, hash, history);
    return name.endsWith('!') ? withUse(next, hash) : next;
  }, []);
}
const shown = (kept: readonly KeptHash[]): string =>
  kept.map(({ hash, isUsed }) => `${hash}${isUsed ? '!' : ''}`).join(' ');

describe('what is kept of a principal', () => {
  it.each([
    ['the first, which was there before', ['a'], 'a!'],
    ['the next, until somebody uses it', ['a', 'b'], 'b a!'],
    ['both, once that is so', ['a', 'b!'], 'b! a!'],
    ['nothing of a change that is taken back', ['a', 'b', 'a'], 'a!'],
    ['nothing of one that nobody has used', ['a', 'b', 'c!'], 'c! a!'],
    ['one that comes back, as another', ['a', 'b!', 'a'], 'a b! a!'],
    [
      'those that count, and the one that would if the present one went',
      ['a', 'b!', 'c!', 'd!', 'e!', 'f!', 'g!'],
      'g! f! e! d! c! b!',
    ],
    ['all that count when the present one goes', ['a', 'b!', 'c!', 'd!', 'e!', 'f', 'e'], 'e! d! c! b! a!'],
  ])('is %s', (_, names, expected) => {
    expect(shown(keptAfter(names))).toBe(expected);
  });

  it('is the same list when there is nothing new', () => {
    const kept = keptAfter(['a', 'b!']);
    expect(withHash(kept, 'b', 4)).toBe(kept);
    expect(withUse(kept, 'b')).toBe(kept);
    expect(withUse(kept, 'a')).toBe(kept);
  });

  it('names the former ones, not the present one, unless that was one of them', () => {
    expect(formerHashes(keptAfter(['a', 'b!', 'c']), 'c', 4)).toEqual(['b', 'a']);
    expect(formerHashes(keptAfter(['a', 'b!', 'a']), 'a', 4)).toEqual(['b', 'a']);
    expect(formerHashes(keptAfter(['a', 'b!', 'c!']), 'c', 1)).toEqual(['b']);
    expect(formerHashes([], 'a', 4)).toEqual([]);
  });

  it('is bounded, begins with the present one, and has every one of the last that were used', () => {
    const names = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.boolean()), { maxLength: 30 });
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 6 }), (steps, history) => {
        let kept: readonly KeptHash[] = [];
        const used: string[] = [];
        for (const [hash, isUsed] of steps) {
          kept = withHash(kept, hash, history);
          if (kept.length === 1 && used.length === 0) used.push(hash);
          if (isUsed) {
            kept = withUse(kept, hash);
            if (used.at(-1) !== hash) used.push(hash);
          }
          expect(kept.length).toBeLessThanOrEqual(history + 2);
          expect(kept[0]?.hash).toBe(hash);
          const past = kept[0]?.isUsed === true ? used.slice(0, -1) : used;
          expect(formerHashes(kept, hash, history)).toEqual(past.toReversed().slice(0, history));
        }
      }),
    );
  });
});
