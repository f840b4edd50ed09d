import { createScope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { complianceError } from '../errors.ts';
import { FACT_NAMES, FACTS } from './catalogue.ts';
import { type FactProvider, gatherFacts, UnknownFact } from './gather.ts';

const provider = (name: string, names: FactProvider['names'], gather: FactProvider['gather']): FactProvider => ({
  name,
  names,
  gather,
});

describe('gathering facts', () => {
  it('asks all at the same time, and a slow one no longer than its deadline', async () => {
    const clock = new FakeClock();
    using scope = createScope({ clock });
    const failures: string[] = [];
    const sheet = gatherFacts(
      [
        provider('quick', ['lockout.max_failures'], () => Promise.resolve({ 'lockout.max_failures': 10 })),
        provider('slow', ['clock.offset_ms'], (deadline) =>
          deadline.sleep(60_000).then(() => ({ 'clock.offset_ms': 1 })),
        ),
      ],
      { clock, timeoutMs: 1_000, onFailure: (name) => failures.push(name) },
      scope,
    );
    await clock.advance(1_000);
    const { 'lockout.max_failures': quick, 'clock.offset_ms': slow } = await sheet;
    expect(quick).toMatchObject({ state: 'known', value: 10 });
    expect(slow).toMatchObject({ state: 'unknown', code: 'DEADLINE_EXCEEDED' });
    expect(failures).toEqual(['slow']);
    expect(clock.pendingTimers).toBe(0);
  });

  it.each([
    [complianceError('COMPLIANCE_PROFILE_UNKNOWN', { details: { profile: 'x' } }), 'COMPLIANCE_PROFILE_UNKNOWN'],
    [new Error('EACCES'), 'FACT_SOURCE_FAILED'],
  ])('makes the facts of one that fails unknown, with its code', async (error, code) => {
    using scope = createScope({ clock: new FakeClock() });
    const failing = provider('bad', ['runtime.version', 'runtime.is_patched'], () => Promise.reject(error));
    const sheet = await gatherFacts([failing], { clock: scope.clock }, scope);
    expect(sheet['runtime.version']).toMatchObject({ state: 'unknown', code });
    expect(sheet['runtime.is_patched']).toMatchObject({ state: 'unknown', code });
  });

  it.each([
    [{ 'lockout.max_failures': '10' }, 'lockout.max_failures'],
    [{ 'lockout.max_failures': Number.NaN }, 'lockout.max_failures'],
    [{ 'principals.generic': 'a' }, 'principals.generic'],
    [{ 'principals.generic': Array.from({ length: 10_001 }, () => 'a') }, 'principals.generic'],
    [{ 'keys.items': [{ id: 'a', age_days: 'old' }] }, 'keys.items'],
    [{ 'keys.items': [{ secret: 'x' }] }, 'keys.items'],
    [{ 'runtime.version': 'x'.repeat(4_097) }, 'runtime.version'],
    [{ 'runtime.version': '\ud800' }, 'runtime.version'],
  ] as const)('does not believe what is not of its type', async (facts, name) => {
    using scope = createScope({ clock: new FakeClock() });
    const wrong = provider('wrong', [name], () => Promise.resolve(facts as never));
    const sheet = await gatherFacts([wrong], { clock: scope.clock }, scope);
    expect(sheet[name]).toMatchObject({ state: 'unknown', code: 'FACT_INVALID' });
  });

  it('keeps the reason of what is not known, takes what another knows, and has every fact', async () => {
    using scope = createScope({ clock: new FakeClock() });
    const seam = provider('seam', ['clock.offset_ms', 'clock.is_synchronised'], () =>
      Promise.resolve({
        'clock.offset_ms': new UnknownFact('NOT_SUPPORTED', 'no log'),
        'clock.is_synchronised': new UnknownFact('NOT_SUPPORTED', 'no log'),
      }),
    );
    const other = provider('other', ['clock.is_synchronised'], () =>
      Promise.resolve({ 'clock.is_synchronised': true }),
    );
    for (const providers of [
      [seam, other],
      [other, seam],
    ]) {
      const sheet = await gatherFacts(providers, { clock: scope.clock }, scope);
      expect(Object.keys(sheet)).toEqual([...FACT_NAMES]);
      expect(sheet['clock.is_synchronised']).toMatchObject({ state: 'known', value: true });
      expect(sheet['clock.offset_ms']).toMatchObject({ state: 'unknown', code: 'NOT_SUPPORTED', reason: 'no log' });
    }
  });

  it('ends with its scope', async () => {
    const clock = new FakeClock();
    const scope = createScope({ clock });
    const endless = provider('endless', ['clock.offset_ms'], (deadline) => deadline.sleep(1e9).then(() => ({})));
    const sheet = gatherFacts([endless], { clock }, scope);
    scope.end();
    await expect(sheet).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('the facts', () => {
  it.each(Object.entries(FACTS))('%s says what it means', (name, { meaning, source }) => {
    expect(name).toMatch(/^[a-z_]+\.[a-z_]+$/);
    expect(meaning).toMatch(/^[A-Z].*[^.]$/);
    expect(source).toMatch(/./);
  });
});
