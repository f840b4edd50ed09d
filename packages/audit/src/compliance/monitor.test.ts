import { createScope, type Scope } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FACT_NAMES, type Facts } from './fact/catalogue.ts';
import type { GatheredFacts } from './fact/gather.ts';
import { PASSING } from './fact/passing.fixture.ts';
import { PROFILES } from './catalogue/profiles.ts';
import { RULES } from './catalogue/rules.ts';
import { ComplianceMonitor, type KnownStatuses, type MonitorSettings } from './monitor.ts';

const HOUR_MS = 3_600_000;
const SETTINGS: MonitorSettings = {
  rules: RULES.filter(({ id }) => id === 'RH-C16' || id === 'RH-C12'),
  profiles: PROFILES,
  waivers: [],
  profile: 'all',
  intervalMs: HOUR_MS,
};

let clock: FakeClock;
let scope: Scope;
let facts: GatheredFacts;
let asked: number;
let kept: KnownStatuses;
let told: string[];
let failures: string[];
let memoryFails: boolean;

function monitor(settings: Partial<MonitorSettings> = {}): ComplianceMonitor {
  return new ComplianceMonitor(
    { ...SETTINGS, ...settings },
    {
      clock,
      scope,
      providers: [
        {
          name: 'test',
          names: FACT_NAMES,
          gather: () => {
            asked++;
            return Promise.resolve(facts);
          },
        },
      ],
      onTransition: ({ result, from, fact }) => told.push(`${result.rule.id} ${from} ${result.status} ${fact}`),
      memory: {
        load: () => (memoryFails ? Promise.reject(new Error('away')) : Promise.resolve(kept)),
        save(known) {
          kept = known;
          return Promise.resolve();
        },
      },
      onFailure: (what) => failures.push(what),
    },
  );
}

const failing: Partial<Facts> = { 'lockout.max_failures': 99 };

beforeEach(() => {
  clock = new FakeClock();
  scope = createScope({ clock });
  facts = PASSING;
  asked = 0;
  kept = {};
  told = [];
  failures = [];
  memoryFails = false;
});
afterEach(() => {
  scope.end();
  expect(clock.pendingTimers).toBe(0);
});

describe('the monitor', () => {
  it('evaluates when a start has settled, then on schedule', async () => {
    monitor().start();
    await clock.advance(29_999);
    expect(asked).toBe(0);
    await clock.advance(1);
    expect(asked).toBe(1);
    await clock.advance(3 * HOUR_MS);
    expect(asked).toBe(4);
  });

  it('evaluates once soon after changes that follow each other', async () => {
    const watched = monitor();
    watched.start();
    await clock.advance(60_000);
    for (let change = 0; change < 10; change++) {
      watched.changed();
      await clock.advance(400);
    }
    await clock.advance(5_000);
    expect(asked).toBe(2);
  });

  it('leaves a start alone, whatever changes', async () => {
    const watched = monitor();
    watched.start();
    watched.changed();
    await clock.advance(29_000);
    expect(asked).toBe(0);
  });

  it('tells when a violation begins and ends, and once', async () => {
    const watched = monitor();
    await watched.assess();
    facts = { ...PASSING, ...failing };
    await watched.assess();
    await watched.assess();
    facts = PASSING;
    await watched.assess();
    expect(told).toEqual([
      'RH-C12 null pass null',
      'RH-C16 null pass null',
      'RH-C16 pass fail violated',
      'RH-C16 fail pass restored',
    ]);
  });

  it('does not take what is not known for the end of a violation', async () => {
    const watched = monitor();
    facts = { ...PASSING, ...failing };
    await watched.assess();
    facts = {};
    await watched.assess();
    facts = { ...PASSING, ...failing };
    await watched.assess();
    facts = PASSING;
    await watched.assess();
    expect(told.filter((line) => line.startsWith('RH-C16'))).toEqual([
      'RH-C16 null fail violated',
      'RH-C16 fail unknown null',
      'RH-C16 unknown fail null',
      'RH-C16 fail pass restored',
    ]);
  });

  it('tells a violation again when its waiver runs out', async () => {
    const expiresAt = clock.now() + 2 * HOUR_MS;
    const watched = monitor({ waivers: [{ rule: 'RH-C16', owner: 'o', reason: 'r', expiresAt }] });
    facts = { ...PASSING, ...failing };
    watched.start();
    await clock.advance(4 * HOUR_MS);
    expect(told.filter((line) => line.startsWith('RH-C16'))).toEqual([
      'RH-C16 null waived null',
      'RH-C16 waived fail violated',
    ]);
  });

  it('does not tell again after a restart', async () => {
    facts = { ...PASSING, ...failing };
    await monitor().assess();
    told = [];
    await monitor().assess();
    expect(told).toEqual([]);
  });

  it('waits with transitions until it is known what was known before', async () => {
    const watched = monitor();
    facts = { ...PASSING, ...failing };
    memoryFails = true;
    expect((await watched.assess()).summary.fail).toBe(1);
    expect([told, failures]).toEqual([[], ['what was known before']]);
    memoryFails = false;
    await watched.assess();
    expect(told).toContain('RH-C16 null fail violated');
  });

  it('gathers once for those who ask at the same time, and judges each profile', async () => {
    const watched = monitor();
    const [all, pci] = await Promise.all([watched.assess(), watched.assess('pci_dss_4')]);
    expect([asked, all.profile.id, pci.profile.id]).toEqual([1, 'all', 'pci_dss_4']);
  });

  it('names the nearest profile when there is no such one', async () => {
    await expect(monitor().assess('pci_dss')).rejects.toMatchObject({
      code: 'COMPLIANCE_PROFILE_UNKNOWN',
      hint: expect.stringContaining('Did you mean pci_dss_4?'),
    });
  });

  it('looks anew when its settings are others', async () => {
    const watched = monitor();
    watched.start();
    await clock.advance(60_000);
    watched.configure({ ...SETTINGS, rules: RULES });
    await clock.advance(5_000);
    expect(watched.latest?.results).toHaveLength(32);
  });
});
