import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { createScope, type Scope, systemClock } from '@roundhouse/core';
import { expect, it } from 'vitest';
import { openIndex } from '../index/open.ts';
import { Bed, keyRing } from '../journal/journal.fixture.ts';
import type { AuditJournal } from '../journal/contract.ts';
import { entryOf } from '../record/entry.fixture.ts';
import { verifyJournal } from '../verify/verify.ts';
import { archiveOf, names, policyOf, restored, retentionOf } from './retention.fixture.ts';

const WRITERS = 100;
const RECORDS = 60;
const TWO_DAYS = 2 * 86_400_000;
const ADA = { type: 'principal', id: 'ada', authentication: 'token' } as const;
const CLASSES = ['security', 'access', 'system'] as const;
const real = { clock: systemClock } as const;
/** For whom all that is written is old enough to be archived. */
const later = { ...systemClock, now: () => systemClock.now() + TWO_DAYS };

/** Does something again and again until the storm is over; gives how often it was done by then. */
async function whileIt(storm: { readonly isOver: boolean }, act: () => Promise<unknown>): Promise<number> {
  let times = 0;
  while (!storm.isOver) {
    await act();
    if (!storm.isOver) times++;
  }
  return times;
}

it('a storm of writers, rotation, archiving and search at once leaves an order that verifies', async () => {
  await using bed = await Bed.create();
  using scope = createScope();
  const journal = await bed.open({ rotation: { maxBytes: 65_536 } }, { ...real, keyRing: keyRing() });
  const key = journal.status().public_key;
  await using index = openIndex({ directory: bed.beside('index') }, { journal, ...real, log: bed.log });
  const retention = retentionOf(
    bed,
    journal,
    { policy: policyOf('9d', 'remove', '1d') },
    { clock: later, forget: () => index.sync() },
  );
  const keepAlive = setInterval(() => {}, 1_000);
  const storm = { isOver: false };
  let found = 0;
  let archived = 0;
  const working = Promise.all([
    whileIt(storm, () => journal.rotate()),
    whileIt(storm, async () => {
      found += (await index.query({ text: 'stormword', limit: 50 }, scope)).records.length;
    }),
    whileIt(storm, async () => {
      const { steps } = await retention.run(ADA, scope);
      expect(steps.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
      archived += steps.filter(({ action, outcome }) => action === 'archive' && outcome === 'done').length;
    }),
  ]);
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(journal, writer)));
  storm.isOver = true;
  const times = await working;
  // Each was truly under way while the writers were.
  expect(times.every((each) => each > 0)).toBe(true);
  expect([found > 0, archived > 0]).toEqual([true, true]);
  expect((await index.query({ text: '"writer 99 record 59"' }, scope)).behind).toBe(0);
  await retention.close();
  await journal.close();
  clearInterval(keepAlive);

  expect(verifyJournal(bed.directory, { key })).toMatchObject({ verdict: 'pruned' });
  const copy = await restored(bed, journal);
  const { verdict, size, fault } = verifyJournal(copy, { key });
  expect([verdict, fault]).toEqual(['intact', undefined]);
  for (const name of await names(archiveOf(bed, journal))) {
    if (name.endsWith('.key')) await cp(join(archiveOf(bed, journal), name), join(copy, name));
  }
  await checkOrder(await bed.open({ directory: copy }, { ...real, keyRing: keyRing() }), size, scope);
}, 300_000);

async function write(journal: AuditJournal, writer: number): Promise<void> {
  for (let index = 0; index < RECORDS; index++) {
    const said = `stormword writer ${writer} record ${index}`;
    await journal.append(entryOf({ class: CLASSES[index % 3] ?? 'access', details: { writer, index, said } }));
  }
}

/** Every number once, and what each writer wrote in the order in which it wrote. */
async function checkOrder(journal: AuditJournal, size: number, scope: Scope): Promise<void> {
  const last = new Map<unknown, number>();
  let next = 0;
  for await (const { seq, action, details } of journal.read({ to: size }, scope)) {
    expect(seq).toBe(next++);
    if (action !== 'session.create') continue;
    const { writer, index } = details as { writer: number; index: number };
    expect(index).toBe((last.get(writer) ?? -1) + 1);
    last.set(writer, index);
  }
  expect([next, last.size, [...last.values()].every((index) => index === RECORDS - 1)]).toEqual([size, WRITERS, true]);
}
