import type { AuthenticationOptions } from './options.ts';

/** What passwords that are checked here have to be like. */
export interface PasswordPolicy {
  /** Characters. */
  readonly minLength: number;
  readonly needsLettersAndDigits: boolean;
  /** Passwords before the present one that are not taken again; 0 for none. */
  readonly history: number;
}

/** PCI DSS 4.0.1, 8.3.6 and 8.3.7. */
const DEFAULTS: PasswordPolicy = { minLength: 12, needsLettersAndDigits: true, history: 4 };

/** That of a configuration; undefined where it has none, and every password is taken. */
export function passwordPolicyOf({ passwords }: AuthenticationOptions = {}): PasswordPolicy | undefined {
  if (passwords === undefined) return undefined;
  return {
    minLength: passwords.min_length ?? DEFAULTS.minLength,
    needsLettersAndDigits: passwords.letters_and_digits ?? DEFAULTS.needsLettersAndDigits,
    history: passwords.history ?? DEFAULTS.history,
  };
}

/**
 * Why a password does not meet the policy; undefined when it does. Former passwords are another question.
 *
 * A character is a code point of the composed form, which is what hashes are made of: an emoji is one, and so is an accented
 * letter in either spelling. Letters and digits are those of Unicode (L, Nd), since passwords come as UTF-8 and people
 * write in their own script; a guesser has no use of that.
 */
export function passwordFault(
  password: string,
  { minLength, needsLettersAndDigits }: Omit<PasswordPolicy, 'history'>,
): string | undefined {
  const composed = password.normalize('NFC');
  if ([...composed].length < minLength) return `it has fewer than ${minLength} characters`;
  if (!needsLettersAndDigits) return undefined;
  if (!/\p{L}/u.test(composed)) return 'it has no letter';
  return /\p{Nd}/u.test(composed) ? undefined : 'it has no digit';
}

/** One that a principal has, or had. */
export interface KeptHash {
  readonly hash: string;
  /** Whether somebody has got in with its password, or it was there before anybody looked. */
  readonly isUsed: boolean;
}

/**
 * What is kept of a principal, newest first, once it has `hash`; the same list when nothing is new. One that nobody has used
 * makes room for the next: a change that is taken back is none.
 */
export function withHash(kept: readonly KeptHash[], hash: string, history: number): readonly KeptHash[] {
  const [present] = kept;
  if (present === undefined) return [{ hash, isUsed: true }];
  if (present.hash === hash) return kept;
  const settled = present.isUsed ? kept : kept.slice(1);
  if (settled[0]?.hash === hash) return settled;
  // One more than is asked for: the present one may be taken back.
  return [{ hash, isUsed: false }, ...settled.slice(0, history + 1)];
}

/** The same, once somebody has got in with the password of `hash`. */
export function withUse(kept: readonly KeptHash[], hash: string): readonly KeptHash[] {
  const [present, ...former] = kept;
  if (present?.hash !== hash || present.isUsed) return kept;
  return [{ hash, isUsed: true }, ...former];
}

/** Hashes that the password of `hash` must not be right for, newest first. */
export function formerHashes(kept: readonly KeptHash[], hash: string, history: number): readonly string[] {
  const former = kept[0]?.hash === hash ? kept.slice(1) : kept;
  return former.slice(0, history).map((each) => each.hash);
}
