import { describe, expect, it } from 'vitest';
import { ACCOUNT_COUNT, createBank, formatCents, formatUnits } from './bank.ts';

describe('the bank', () => {
  it('has the same accounts on every start', () => {
    expect(createBank().accounts).toEqual(createBank().accounts);
    expect(createBank().accounts).toHaveLength(ACCOUNT_COUNT);
    expect(createBank().find('10001007')).toEqual({
      number: '10001007',
      holder: 'ABBOTT, GRACE',
      kind: 'SAVINGS',
      balanceCents: 1_245_528,
      creditLimit: 7_750,
      phone: '5557540897',
    });
  });

  it('keeps a change to itself and leaves the order of the list', () => {
    const bank = createBank();
    const before = bank.accounts.map(({ number }) => number);
    bank.change('10001007', { creditLimit: 1, phone: '1234567890' });
    expect(bank.find('10001007')).toMatchObject({ creditLimit: 1, phone: '1234567890', holder: 'ABBOTT, GRACE' });
    expect(bank.accounts.map(({ number }) => number)).toEqual(before);
    expect(createBank().find('10001007')?.creditLimit).toBe(7_750);
  });

  it('does not know other accounts', () => {
    const bank = createBank();
    expect(bank.find('10001001')).toBeUndefined();
    expect(bank.change('', { creditLimit: 1, phone: '' })).toBeUndefined();
  });
});

it.each([
  [0, '0.00 '],
  [5, '0.05 '],
  [-123_456, '1,234.56-'],
  [123_456_789, '1,234,567.89 '],
])('formats %i cents as %s', (cents, text) => {
  expect(formatCents(cents)).toBe(text);
});

it('groups units by thousands', () => {
  expect([0, 999, 1_000, 1_234_567].map(formatUnits)).toEqual(['0', '999', '1,000', '1,234,567']);
});
