import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope, silentLogger } from '@roundhouse/core';
import { createMemoryStore, type Store } from '@roundhouse/store';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type EventJournal, openEventJournal } from '../event/journal.ts';
import type { JournalEvent } from '../event/record.ts';
import { pendingPlaces, placeInStore } from './mailbox.ts';
import { type MailNotice, Outbox } from './outbox.ts';
import { MailTeller } from './teller.ts';

const SUMMARY = {
  from: 'a@b.example',
  to: ['ops@a.example'],
  header_from: null,
  subject: null,
  message_id: null,
  bytes: 1,
  address: '127.0.0.1',
  tls: false,
  file: null,
};
const notice = (name: string, pending: string | null = null): MailNotice => ({ name, summary: SUMMARY, pending });

let folder: string;
let clock: FakeClock;
let store: Store;
let journal: EventJournal;
let outbox: Outbox;
let told: string[];
const tellers: MailTeller[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundhouse-teller-'));
  clock = new FakeClock();
  store = createMemoryStore({ clock });
  journal = await openEventJournal({}, { store, clock, random: () => 0.5, log: silentLogger });
  outbox = await Outbox.open(join(folder, 'outbox'));
  told = [];
  journal.watch(({ subject }: JournalEvent) => void told.push(subject));
});
afterEach(async () => {
  for (const each of tellers.splice(0)) await each.close(createScope({ clock, timeoutMs: 0 }));
  await journal.close();
  await store.close();
  await rm(folder, { recursive: true });
});

function tellerOver(of: Pick<EventJournal, 'commit'> = journal): MailTeller {
  const teller = new MailTeller({
    outbox,
    places: pendingPlaces(store),
    journal: of,
    store,
    clock,
    random: () => 0.5,
    log: silentLogger,
  });
  tellers.push(teller);
  return teller;
}

const files = (): Promise<string[]> => readdir(join(folder, 'outbox'));

describe('what is told of mail', () => {
  it('is told in order, and then forgotten', async () => {
    const teller = tellerOver();
    for (const name of ['1', '2', '3']) {
      await outbox.add(notice(name));
      teller.tell(notice(name));
    }
    await vi.waitFor(async () => expect([told, await files()]).toEqual([['1', '2', '3'], []]));
    expect(teller.waiting).toBe(0);
  });

  it('is not held up by a notice that the disk has spoilt, which is laid aside', async () => {
    await outbox.add(notice('2'));
    await writeFile(join(folder, 'outbox', '1.json'), '{"name":"1","summ');
    await tellerOver().recover();
    await vi.waitFor(async () => expect([told, await files()]).toEqual([['2'], ['1.json.spoilt']]));
  });

  it('waits for a journal that takes nothing, and is told once when it does', async () => {
    let isDown = true;
    const troubled = {
      commit: vi.fn(async (...given: Parameters<EventJournal['commit']>) => {
        const done = await (isDown && troubled.commit.mock.calls.length < 3
          ? Promise.reject(new Error('down'))
          : journal.commit(...given));
        // It was written, and who asked does not hear of it.
        if (isDown) throw new Error('cut');
        return done;
      }),
    };
    const teller = tellerOver(troubled);
    await outbox.add(notice('1'));
    teller.tell(notice('1'));
    await vi.waitFor(async () => {
      await clock.advance(60_000);
      expect(troubled.commit.mock.calls.length).toBeGreaterThanOrEqual(3);
    });
    isDown = false;
    await vi.waitFor(async () => {
      await clock.advance(60_000);
      expect(await files()).toEqual([]);
    });
    expect(told).toEqual(['1']);
  });

  it('is taken up by the next life, what was told already apart', async () => {
    for (const name of ['1', '2']) await outbox.add(notice(name));
    const value = { notices: ['1'] };
    await store.commit({ writes: [{ op: 'put', kind: 'mail_told', id: 'last', value, expect: 'any' }] });
    await tellerOver().recover();
    await vi.waitFor(async () => expect([told, await files()]).toEqual([['2'], []]));
  });

  it('is told once when what was told already stands behind what was not', async () => {
    for (const name of ['1', '2']) await outbox.add(notice(name));
    const value = { notices: ['2'] };
    await store.commit({ writes: [{ op: 'put', kind: 'mail_told', id: 'last', value, expect: 'any' }] });
    await tellerOver().recover();
    await vi.waitFor(async () => expect([told, await files()]).toEqual([['1'], []]));
  });

  it('is nothing of a message that was not in the mailbox yet, which goes', async () => {
    const pending = join(folder, 'pending');
    await writeFile(pending, 'text');
    await outbox.add(notice('1', pending));
    await outbox.add(notice('2', join(folder, 'taken')));
    await writeFile(join(folder, 'outbox', '3.json.new'), '{');
    await tellerOver().recover();
    await vi.waitFor(async () => expect([told, await files()]).toEqual([['2'], []]));
    await expect(stat(pending)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('is left to the next life when there is no time', async () => {
    const teller = tellerOver({ commit: () => new Promise(() => {}) });
    await outbox.add(notice('1'));
    teller.tell(notice('1'));
    const closing = teller.close(createScope({ clock, timeoutMs: 100 }));
    await clock.advance(100);
    await closing;
    expect([await files(), clock.pendingTimers]).toEqual([['1.json'], expect.any(Number)]);
    await tellerOver().recover();
    await vi.waitFor(() => expect(told).toEqual(['1']));
  });

  it('is nothing of a message that the store did not take before the end of the last life', async () => {
    for (const id of ['cut', 'kept']) {
      await store.mailbox.write(id, 0, Buffer.from('text'));
      await outbox.add(notice(id, placeInStore(id)));
    }
    await store.mailbox.keep('kept', {});
    await tellerOver().recover();
    await vi.waitFor(async () => expect([told, await files()]).toEqual([['kept'], []]));
    expect([await store.mailbox.isPending('cut'), (await store.mailbox.figures()).messages]).toEqual([false, 1]);
  });
});
