import type { AuditEntry } from '@roundhouse/audit';
import type { Report } from '@roundhouse/audit/verify';
import { createScope, type Scope, silentLogger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Verification, type VerificationMemory } from './verification.ts';
import type { VerifyOutcome, VerifyTask } from './verifyNew.ts';

const HOUR_MS = 3_600_000;
const INTACT: Report = {
  verdict: 'intact',
  first_seq: 0,
  size: 9,
  signed_size: 8,
  segments: 2,
  archived: 0,
  notes: [],
};
const ALTERED: Report = {
  ...INTACT,
  verdict: 'altered',
  fault: { verdict: 'altered', what: 'changed', file: 'a', seq: 3 },
};
const SEEN = { files: { '00000000.seg': [7, 8] } } as const;

let clock: FakeClock;
let scope: Scope;
let kept: VerificationMemory | undefined;
let entries: AuditEntry[];
let tasks: VerifyTask[];
/** What comes of the next ones; the last stays. */
let outcomes: Array<Report | Error>;
let told = 0;
let signed = 0;

beforeEach(() => {
  clock = new FakeClock(Date.UTC(2026, 10, 22));
  scope = createScope({ clock });
  kept = undefined;
  [entries, tasks, outcomes, told, signed] = [[], [], [INTACT], 0, 0];
});
afterEach(() => {
  scope.end();
  expect(clock.pendingTimers).toBe(0);
});

function make(): Verification {
  return new Verification({
    journal: {
      append: async (entry: AuditEntry) => {
        entries.push(entry);
        return { id: '0', durable: true };
      },
      checkpoint: async () => {
        signed++;
        if (signed === 1) throw new Error('the disk is full');
      },
      status: () => ({ journal: 'J' }),
    } as never,
    directory: '/nowhere',
    verify: async (task): Promise<VerifyOutcome> => {
      tasks.push(task);
      const report = (outcomes.length > 1 ? outcomes.shift() : outcomes[0]) ?? INTACT;
      if (report instanceof Error) throw report;
      const isWhole = task.verified === undefined;
      return { report, isWhole, ...(report.fault === undefined && { verified: SEEN }) };
    },
    memory: {
      load: async () => kept,
      save: async (value) => void (kept = value),
    },
    clock,
    log: silentLogger,
    scope,
    onResult: () => told++,
  });
}

describe('the verification of the journal by its server', () => {
  it('begins two minutes after the start, goes on every six hours from where it was, and is on record', async () => {
    const verification = make();
    verification.start();
    expect(await verification.last()).toBeUndefined();
    await clock.advance(119_000);
    expect(tasks).toEqual([]);
    await clock.advance(1_000);
    expect(tasks).toEqual([{ directory: '/nowhere' }]);
    expect(await verification.last()).toMatchObject({
      verdict: 'intact',
      next_seq: 9,
      is_whole: true,
      at: clock.now(),
    });
    await clock.advance(6 * HOUR_MS);
    expect(tasks.at(-1)).toEqual({ directory: '/nowhere', verified: SEEN });
    expect(entries).toHaveLength(2);
    expect(entries[0]).toMatchObject({ code: 'RHA-5012', outcome: 'success', resource: { id: 'J' } });
    expect([told, signed]).toEqual([2, 2]);
  });

  it('remembers over a restart, and is due when it would have been', async () => {
    await make().run();
    const at = clock.now();
    await clock.advance(5 * HOUR_MS);
    const next = make();
    next.start();
    expect((await next.last())?.at).toBe(at);
    await clock.advance(HOUR_MS - 1);
    expect(tasks).toHaveLength(1);
    await clock.advance(1);
    expect(tasks).toHaveLength(2);
  });

  it('reads all of it once a week', async () => {
    const verification = make();
    verification.start();
    await clock.advance(8 * 24 * HOUR_MS);
    const whole = tasks.filter(({ verified }) => verified === undefined);
    expect(whole).toHaveLength(2);
    expect(tasks.length).toBeGreaterThan(28);
  });

  it('looks twice before it says that something is wrong, and says it as an alert', async () => {
    outcomes = [ALTERED, INTACT];
    const verification = make();
    const first = verification.run();
    await clock.advance(2_000);
    expect((await first).verdict).toBe('intact');
    expect(entries.map(({ code }) => code)).toEqual(['RHA-5012']);
    outcomes = [ALTERED];
    const second = verification.run();
    await clock.advance(2_000);
    expect(await second).toMatchObject({ verdict: 'altered', fault: 'a, record 3: changed' });
    expect(entries.at(-1)).toMatchObject({ code: 'RHA-5013', outcome: 'failure' });
    // What was not right is not gone on from.
    await clock.advance(1);
    outcomes = [INTACT];
    await verification.run();
    expect(tasks.at(-1)?.verified).toBeUndefined();
  });

  it('tries again after an hour when the files cannot be read, and leaves the last result as it was', async () => {
    outcomes = [new Error('EIO'), INTACT];
    const verification = make();
    verification.start();
    await clock.advance(120_000);
    expect(await verification.last()).toBeUndefined();
    expect(entries).toEqual([]);
    await clock.advance(HOUR_MS);
    expect((await verification.last())?.verdict).toBe('intact');
  });

  it('runs once for all who ask meanwhile', async () => {
    const verification = make();
    const [one, two] = await Promise.all([verification.run(), verification.run()]);
    expect(one).toBe(two);
    expect(tasks).toHaveLength(1);
    expect(verification.isRunning).toBe(false);
  });
});
