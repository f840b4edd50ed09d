import assert from 'node:assert/strict';
import type { Mailbox, StoredMail } from '../mailbox.ts';
import type { JsonObject } from '../store.ts';
import { type ComplianceCase, rejectsWith } from './bed.fixture.ts';

/** Written in pieces of these texts, and kept. */
async function deliver(
  mailbox: Mailbox,
  id: string,
  texts: readonly string[] = ['text'],
  summary: JsonObject = {},
): Promise<StoredMail> {
  for (const [piece, text] of texts.entries()) await mailbox.write(id, piece, Buffer.from(text));
  return mailbox.keep(id, summary);
}

async function textOf(mailbox: Mailbox, id: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  for (let piece = 0; ; piece++) {
    const bytes = await mailbox.read(id, piece);
    if (bytes === undefined) return Buffer.concat(pieces).toString();
    pieces.push(bytes);
  }
}

const ids = (page: readonly StoredMail[]): string[] => page.map(({ id }) => id);

export const mailboxCases: readonly ComplianceCase[] = [
  {
    title: 'a message is in the mailbox when it is kept, whole, and not before',
    run: async ({ store: { mailbox }, clock }) => {
      await mailbox.write('a', 0, Buffer.from('Subject: '));
      await mailbox.write('a', 1, Buffer.from('x\r\n\r\n'));
      assert.equal(await mailbox.isPending('a'), true);
      assert.deepEqual([await mailbox.get('a'), await mailbox.read('a', 0)], [undefined, undefined]);
      assert.deepEqual(await mailbox.list({ limit: 10 }), []);
      assert.deepEqual(await mailbox.figures(), { messages: 0, bytes: 0, oldestAt: null });
      const summary = { subject: 'x', to: ['ops@a.example'] };
      const kept = await mailbox.keep('a', summary);
      assert.deepEqual(kept, { id: 'a', number: kept.number, keptAt: clock.now(), bytes: 14, pieces: 2, summary });
      assert.deepEqual([await mailbox.get('a'), await mailbox.list({ limit: 10 })], [kept, [kept]]);
      assert.equal(await textOf(mailbox, 'a'), 'Subject: x\r\n\r\n');
      assert.equal(await mailbox.isPending('a'), false);
      assert.deepEqual(await mailbox.figures(), { messages: 1, bytes: 14, oldestAt: clock.now() });
    },
  },
  {
    title: 'bytes of a text come back as they were, whatever they are',
    run: async ({ store: { mailbox } }) => {
      const bytes = Uint8Array.from({ length: 1_048_576 }, (_, index) => index * 7);
      const given = Uint8Array.from(bytes);
      const writing = mailbox.write('a', 0, given);
      given.fill(0);
      await writing;
      await mailbox.keep('a', {});
      const read = await mailbox.read('a', 0);
      assert.ok(read !== undefined && Buffer.from(read).equals(bytes));
      assert.equal((await mailbox.get('a'))?.bytes, 1_048_576);
    },
  },
  {
    title: 'a piece that does not follow is refused, and one for what is kept; nothing of it is written',
    run: async ({ store: { mailbox } }) => {
      const piece = Buffer.from('x');
      await rejectsWith('MAIL_CONFLICT', mailbox.write('a', 1, piece));
      await mailbox.write('a', 0, piece);
      for (const wrong of [0, 2]) await rejectsWith('MAIL_CONFLICT', mailbox.write('a', wrong, piece));
      await mailbox.keep('a', {});
      for (const wrong of [0, 1]) await rejectsWith('MAIL_CONFLICT', mailbox.write('a', wrong, piece));
      assert.equal(await textOf(mailbox, 'a'), 'x');
    },
  },
  {
    title: 'of several that write the same piece at once one wins, and others are not held up',
    run: async ({ store: { mailbox } }) => {
      const outcomes = await Promise.allSettled([
        ...Array.from({ length: 4 }, (_, writer) => mailbox.write('a', 0, Buffer.from(`${writer}`))),
        mailbox.write('b', 0, Buffer.from('other')),
      ]);
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 2);
      assert.equal(outcomes.at(-1)?.status, 'fulfilled');
      assert.equal((await mailbox.keep('a', {})).bytes, 1);
    },
  },
  {
    title: 'what was not written cannot be kept, nor anything twice',
    run: async ({ store: { mailbox } }) => {
      await rejectsWith('MAIL_CONFLICT', mailbox.keep('a', {}));
      const kept = await deliver(mailbox, 'a', ['x'], { n: 1 });
      await rejectsWith('MAIL_CONFLICT', mailbox.keep('a', { n: 2 }));
      assert.deepEqual(await mailbox.get('a'), kept);
    },
  },
  {
    title: 'pages go by number, newest first; what is being written is in none',
    run: async ({ store: { mailbox } }) => {
      for (const id of ['c', 'a', 'd', 'b']) await deliver(mailbox, id);
      await mailbox.write('e', 0, Buffer.from('x'));
      const first = await mailbox.list({ limit: 3 });
      assert.deepEqual(ids(first), ['b', 'd', 'a']);
      assert.deepEqual(ids(await mailbox.list({ limit: 3, before: first.at(-1)?.number ?? 0 })), ['c']);
    },
  },
  {
    title: 'what is removed is gone with its text, kept or not, and leaves the others',
    run: async ({ store: { mailbox } }) => {
      await deliver(mailbox, 'a', ['x', 'y']);
      const b = await deliver(mailbox, 'b', ['z']);
      await mailbox.write('c', 0, Buffer.from('x'));
      for (const id of ['a', 'c']) assert.equal(await mailbox.remove(id), true);
      assert.equal(await mailbox.remove('a'), false);
      assert.deepEqual([await mailbox.get('a'), await mailbox.read('a', 0)], [undefined, undefined]);
      assert.equal(await mailbox.isPending('c'), false);
      assert.deepEqual(await mailbox.list({ limit: 10 }), [b]);
      assert.deepEqual([(await mailbox.figures()).messages, (await mailbox.figures()).bytes], [1, 1]);
      await deliver(mailbox, 'a', ['again']);
      assert.equal(await textOf(mailbox, 'a'), 'again');
    },
  },
  {
    title: 'a purge removes what was kept before a time, a sweep what was begun before and never kept',
    run: async ({ store: { mailbox }, advance, clock }) => {
      await deliver(mailbox, 'old');
      await mailbox.write('begun', 0, Buffer.from('x'));
      await advance(1_000);
      await deliver(mailbox, 'new');
      await mailbox.write('beginning', 0, Buffer.from('x'));
      const between = clock.now() - 500;
      assert.deepEqual([await mailbox.sweep(between), await mailbox.sweep(between)], [1, 0]);
      assert.deepEqual([await mailbox.isPending('begun'), await mailbox.isPending('beginning')], [false, true]);
      assert.deepEqual(ids(await mailbox.list({ limit: 10 })), ['new', 'old']);
      assert.deepEqual([await mailbox.purge(between), await mailbox.purge(between)], [1, 0]);
      assert.deepEqual(ids(await mailbox.list({ limit: 10 })), ['new']);
      assert.equal(await mailbox.isPending('beginning'), true);
      assert.equal((await mailbox.figures()).messages, 1);
    },
  },
  {
    title: 'a purge of thousands removes them all',
    run: async ({ store: { mailbox }, advance, clock }) => {
      for (let at = 0; at < 2_100; at += 300) {
        await Promise.all(Array.from({ length: 300 }, (_, index) => deliver(mailbox, `${at + index}`)));
      }
      await advance(1_000);
      assert.equal(await mailbox.purge(clock.now()), 2_100);
      assert.deepEqual(await mailbox.figures(), { messages: 0, bytes: 0, oldestAt: null });
    },
  },
  {
    title: 'pieces and pages have their limits',
    run: async ({ store: { mailbox } }) => {
      for (const bytes of [0, 1_048_577]) {
        await rejectsWith('ILLEGAL_ARGUMENT', mailbox.write('a', 0, Buffer.alloc(bytes)));
      }
      for (const piece of [-1, 0.5, 65_536])
        await rejectsWith('ILLEGAL_ARGUMENT', mailbox.write('a', piece, Buffer.of(1)));
      for (const limit of [0, 1_001]) await rejectsWith('ILLEGAL_ARGUMENT', mailbox.list({ limit }));
      await rejectsWith('ILLEGAL_ARGUMENT', mailbox.write('', 0, Buffer.of(1)));
      assert.equal(await mailbox.isPending('a'), false);
    },
  },
];
