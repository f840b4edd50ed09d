/** An account of the demonstration bank. */
export interface Account {
  /** Eight digits. */
  readonly number: string;
  readonly holder: string;
  readonly kind: 'CHECKING' | 'SAVINGS' | 'LOAN';
  readonly balanceCents: number;
  /** Whole currency units. */
  readonly creditLimit: number;
  readonly phone: string;
}

type AccountChange = Pick<Account, 'creditLimit' | 'phone'>;

export interface Bank {
  /** Ascending by number. */
  readonly accounts: readonly Account[];
  find(number: string): Account | undefined;
  /** Undefined when there is no such account. */
  change(number: string, change: AccountChange): Account | undefined;
}

export const ACCOUNT_COUNT = 120;
const FIRST_ACCOUNT = 10_001_000;
const NUMBER_STEP = 7;

const GIVEN_NAMES = ['ADA', 'BORIS', 'CLARA', 'DAVID', 'EDITH', 'FELIX', 'GRACE', 'HUGO', 'IRENE', 'JONAS', 'KAREN'];
const FAMILY_NAMES = ['ABBOTT', 'BAKER', 'COOPER', 'DYER', 'FLETCHER', 'GARDNER', 'HOOPER', 'MASON', 'PORTER', 'SMITH'];
const KINDS = ['CHECKING', 'SAVINGS', 'LOAN'] as const;

/** The same accounts on every start: a change lasts as long as the host runs. */
export function createBank(): Bank {
  const byNumber = new Map<string, Account>();
  const next = sequence(3270);
  for (let index = 0; index < ACCOUNT_COUNT; index++) {
    const number = String(FIRST_ACCOUNT + index * NUMBER_STEP);
    byNumber.set(number, {
      number,
      holder: `${pick(FAMILY_NAMES, next())}, ${pick(GIVEN_NAMES, next())}`,
      kind: pick(KINDS, next()),
      balanceCents: (next() % 2_000_000) - 150_000,
      creditLimit: (next() % 40) * 250,
      phone: `555${String(next() % 10_000_000).padStart(7, '0')}`,
    });
  }
  return {
    get accounts() {
      return [...byNumber.values()];
    },
    find: (number) => byNumber.get(number),
    change(number, change) {
      const account = byNumber.get(number);
      if (account === undefined) return undefined;
      const changed = { ...account, ...change };
      byNumber.set(number, changed);
      return changed;
    },
  };
}

/** `12,345.67`, negative amounts with the sign behind, as bank listings have it. */
export function formatCents(cents: number): string {
  const units = Math.floor(Math.abs(cents) / 100);
  const rest = String(Math.abs(cents) % 100).padStart(2, '0');
  return `${formatUnits(units)}.${rest}${cents < 0 ? '-' : ' '}`;
}

export function formatUnits(units: number): string {
  return String(units).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Linear congruential sequence of 31-bit numbers (Numerical Recipes, constants of §7.1). */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 1;
  };
}

/** The high bits of the sequence vary best. */
function pick<T>(values: readonly T[], number: number): T {
  return values[(number >>> 8) % values.length] as T;
}
