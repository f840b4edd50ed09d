import { silentLogger } from '@roundhouse/core';
import { createMemoryStore, type Store } from '@roundhouse/store';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EventJournal, openEventJournal } from '../event/journal.ts';
import { makeEvent } from '../event/record.ts';
import { type Alerts, type AlertsDependencies, type AlertsOptions, startAlerts } from './alerts.ts';
import { Masking } from '../masking/masking.ts';
import { type Letter, letterOf } from './letter.ts';

let clock: FakeClock;
let store: Store;
let journal: EventJournal;
let letters: Letter[];
let alerts: Alerts | undefined;
/** What the mail server says; undefined: it takes the letter. */
let refusal: Error | undefined;

beforeEach(async () => {
  clock = new FakeClock();
  store = createMemoryStore({ clock });
  journal = await openEventJournal({}, { store, clock, random: () => 0.5, log: silentLogger });
  letters = [];
  refusal = undefined;
});
afterEach(async () => {
  await alerts?.close();
  await journal.close();
});

async function start(
  options: Partial<AlertsOptions> = {},
  more: Pick<AlertsDependencies, 'shown'> = {},
): Promise<void> {
  alerts = startAlerts(
    { source: 'mvs-gate', ...options },
    {
      journal,
      store,
      clock,
      random: () => 0.5,
      log: silentLogger,
      ...more,
      send: async (letter) => {
        if (refusal !== undefined) throw refusal;
        letters.push(letter);
      },
    },
  );
  await clock.advance(0);
}

async function publish(type: string, subject: string, data: Record<string, unknown> = {}): Promise<void> {
  journal.publish(type, subject, data);
  await journal.settled();
  await clock.advance(0);
}

describe('alerts by mail', () => {
  it('send a letter a moment after an error, and none for what is none', async () => {
    await start();
    await publish('endpoint.health_changed', 'east');
    await clock.advance(10_000);
    expect(letters).toEqual([]);
    await publish('worker.failed', 'billing', { instance: 0 });
    await clock.advance(1_999);
    expect(letters).toEqual([]);
    await clock.advance(1);
    expect(letters.map(({ subject }) => subject)).toEqual(['[mvs-gate] worker.failed billing']);
  });

  it('tell of an event what may be shown of it', async () => {
    const masking = new Masking({ channels: ['webhooks'] });
    await start({}, { shown: (event) => masking.event(event) });
    await publish('worker.failed', '4111111111111111', { message: 'paid by 4111111111111111' });
    await clock.advance(2_000);
    expect(letters.map(({ subject }) => subject)).toEqual(['[mvs-gate] worker.failed ************1111']);
    expect(letters[0]?.text).toContain('paid by ************1111');
    expect(letters[0]?.text).not.toContain('4111111111111111');
  });

  it('put what comes within the interval into one letter', async () => {
    await start({ intervalMs: 60_000 });
    await publish('worker.failed', 'first');
    await clock.advance(2_000);
    for (const name of ['second', 'third', 'fourth']) await publish('worker.failed', name);
    await clock.advance(57_999);
    expect(letters).toHaveLength(1);
    await clock.advance(2_001);
    expect(letters.map(({ subject }) => subject)).toEqual([
      '[mvs-gate] worker.failed first',
      '[mvs-gate] worker.failed second and 2 more',
    ]);
  });

  it('send what is asked for', async () => {
    await start({ events: ['session.*', 'configuration.reloaded'] });
    await publish('worker.failed', 'billing');
    await publish('session.suspended', 'ses_1');
    await clock.advance(2_000);
    expect(letters.map(({ subject }) => subject)).toEqual(['[mvs-gate] session.suspended ses_1']);
  });

  it('try again until the letter is taken, and say so meanwhile', async () => {
    await start();
    refusal = new Error('greylisted');
    await publish('worker.failed', 'billing');
    await clock.advance(3_000);
    expect(alerts?.status()).toMatchObject({ sent: 0, error: 'INTERNAL' });
    expect(alerts?.status().failures).toBeGreaterThan(0);
    refusal = undefined;
    await clock.advance(300_000);
    expect(letters).toHaveLength(1);
    expect(alerts?.status()).toEqual({ sent: 1, failures: 0, error: null });
  });

  it('go on behind the last letter after a restart, with what happened meanwhile', async () => {
    await start();
    await publish('worker.failed', 'before');
    await clock.advance(2_000);
    await alerts?.close();
    await publish('worker.failed', 'meanwhile');
    await start();
    await clock.advance(2_000);
    expect(letters.map(({ subject }) => subject)).toEqual([
      '[mvs-gate] worker.failed before',
      '[mvs-gate] worker.failed meanwhile',
    ]);
  });

  it('tell nothing of the past at their first start', async () => {
    await publish('worker.failed', 'long ago');
    await start();
    await clock.advance(120_000);
    expect(letters).toEqual([]);
  });

  it('bound a letter, and say how many events it leaves out', async () => {
    await start();
    for (let index = 0; index < 1_200; index += 1) journal.publish('worker.failed', `w${index}`);
    await journal.settled();
    await clock.advance(2_000);
    expect(letters).toHaveLength(1);
    expect(letters[0]?.subject).toBe('[mvs-gate] worker.failed w0 and 1199 more');
    expect(letters[0]?.text).toContain('1150 more events are left out');
    expect(letters[0]?.text.match(/^\S+ {2}ERROR/gm)).toHaveLength(50);
  });

  it('leave nothing behind when they are closed, at whatever moment', async () => {
    for (const after of [0, 1_000, 2_000, 30_000]) {
      await start();
      await publish('worker.failed', 'billing');
      await clock.advance(after);
      await alerts?.close();
      await alerts?.close();
    }
    await journal.close();
    await clock.advance(0);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a letter', () => {
  it('says what happened, in words that play no tricks', () => {
    const draft = {
      type: 'worker.failed',
      subject: 'bad\r\nBcc: all@example',
      data: { reason: 'x\u202ey', instance: 2 },
    };
    const letter = letterOf([makeEvent(draft, { sequence: 7, at: 0, source: '/test' })], {
      source: 'gate',
      omitted: 0,
    });
    expect(letter.subject).toBe('[gate] worker.failed bad  Bcc: all@example');
    expect(letter.text).toBe(
      [
        '1970-01-01T00:00:00.000Z  ERROR  worker.failed  bad  Bcc: all@example',
        '  An instance of a worker was given up.',
        '  reason: x y',
        '  instance: 2',
        '  event: 7',
        '',
      ].join('\n'),
    );
  });

  it('has the most serious event in its subject', () => {
    const event = (type: string, sequence: number) =>
      makeEvent({ type, subject: 's' }, { sequence, at: 0, source: '/test' });
    const events = [event('session.created', 1), event('worker.failed', 2), event('limit.near', 3)];
    expect(letterOf(events, { source: 'gate', omitted: 0 }).subject).toBe('[gate] worker.failed s and 2 more');
  });
});
