import { describe, expect, it } from 'vitest';
import { acceptanceOf } from './acceptance.ts';

describe('whose mail is taken', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['10.1.2.3', false],
    ['::ffff:10.1.2.3', false],
    ['fe80::1', false],
    ['nonsense', false],
  ])('without a word that of this machine alone: %s, %s', (address, isTaken) => {
    expect(acceptanceOf({ accept: ['a.example'] }).takesFrom(address)).toBe(isTaken);
  });

  it.each([
    ['10.1.2.3', true],
    ['::ffff:10.1.2.3', true],
    ['10.2.0.1', false],
    ['2001:db8::7', true],
    ['127.0.0.1', false],
  ])('that of the networks that are named: %s, %s', (address, isTaken) => {
    const rules = { accept: ['a.example'], allowFrom: ['10.1.0.0/16', '2001:db8::7'] };
    expect(acceptanceOf(rules).takesFrom(address)).toBe(isTaken);
  });

  it.each([
    ['ops@alerts.example', true],
    ['OPS@Alerts.Example', true],
    ['anna@example.com', true],
    ['bert@example.com', false],
    ['ops@sub.alerts.example', false],
    ['"a@alerts.example"@elsewhere.test', false],
    ['', false],
  ])('for domains and for single addresses: %s, %s', (recipient, isTaken) => {
    expect(acceptanceOf({ accept: ['alerts.EXAMPLE', 'Anna@example.com'] }).takesFor(recipient)).toBe(isTaken);
  });
});
