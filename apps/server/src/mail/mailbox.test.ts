import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope, silentLogger, systemClock } from '@roundhouse/core';
import { openMaildir } from '@roundhouse/protocols/smtp';
import { createMemoryStore, openStore, type Store } from '@roundhouse/store';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Mailbox, pendingPlaces } from './mailbox.ts';
import { maildirMailbox } from './maildirMailbox.ts';
import { storeMailbox } from './storeMailbox.ts';
import type { MailSummary } from './summary.ts';

const SUMMARY: MailSummary = {
  from: 'zos1@b.example',
  to: ['ops@a.example'],
  header_from: null,
  subject: 'hello',
  message_id: null,
  bytes: 1,
  address: '127.0.0.1',
  tls: false,
  file: null,
};

async function* inParts(...parts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

async function* cutOff(...parts: readonly string[]): AsyncGenerator<Uint8Array> {
  yield* inParts(...parts);
  throw new Error('the client has left');
}

/** A mailbox, and what is in it as somebody else sees it, lines with CRLF. */
interface Bed {
  readonly mailbox: Mailbox;
  readonly texts: () => Promise<readonly string[]>;
  /** What is there in all, pending messages too. */
  readonly traces: () => Promise<number>;
}

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundhouse-mailbox-'));
  const deps = { clock: systemClock, log: silentLogger };
  store = await openStore(`sqlite:${join(folder, 'store.db')}`, deps, createScope());
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

async function inMaildir(): Promise<Bed> {
  const directory = join(folder, 'box');
  const maildir = await openMaildir({ directory, hostname: 'mx.example', processId: 1 }, systemClock);
  const files = async (name: string): Promise<string[]> =>
    (await readdir(join(directory, name))).map((file) => join(directory, name, file));
  return {
    mailbox: maildirMailbox(maildir),
    texts: async () => {
      const texts = await Promise.all((await files('new')).map((path) => readFile(path, 'utf8')));
      return texts.map((text) => text.replaceAll('\n', '\r\n'));
    },
    traces: async () => (await files('new')).length + (await files('tmp')).length,
  };
}

async function inStore(): Promise<Bed> {
  const names: string[] = [];
  const mailbox = storeMailbox(store, systemClock);
  return {
    mailbox: {
      ...mailbox,
      write: (name, text, scope) => {
        names.push(name);
        return mailbox.write(name, text, scope);
      },
    },
    texts: async () =>
      Promise.all((await store.mailbox.list({ limit: 100 })).map(async ({ id, pieces }) => textOf(id, pieces))),
    traces: async () => {
      const pending = await Promise.all(names.map((name) => store.mailbox.isPending(name)));
      return (await store.mailbox.figures()).messages + pending.filter(Boolean).length;
    },
  };
}

async function textOf(id: string, pieces: number): Promise<string> {
  const all = Array.from({ length: pieces }, (_, piece) => store.mailbox.read(id, piece));
  return Buffer.concat((await Promise.all(all)).map((bytes) => bytes ?? Buffer.from('MISSING'))).toString();
}

describe.each<[what: string, make: () => Promise<Bed>]>([
  ['a Maildir', inMaildir],
  ['the store', inStore],
])('a mailbox in %s', (_what, make) => {
  let bed: Bed;
  beforeEach(async () => {
    bed = await make();
  });

  it('has a message when it is committed, whole, and not before', async () => {
    const { mailbox, texts } = bed;
    const long = `${'x'.repeat(70)}\r\n`.repeat(10_000);
    const pending = await mailbox.write('m1', inParts('Subject: a\r\n', '\r\nb', 'c\r\n', long), createScope());
    expect([await texts(), (await mailbox.figures()).messages]).toEqual([[], 0]);
    await pending.commit(SUMMARY);
    expect(await texts()).toEqual([`Subject: a\r\n\r\nbc\r\n${long}`]);
    const { messages, bytes } = await mailbox.figures();
    expect(messages).toBe(1);
    expect(bytes).toBeGreaterThan(700_000);
    await pending.discard();
    expect((await mailbox.figures()).messages).toBe(1);
  });

  it('has nothing of a message that is discarded, once or twice', async () => {
    const pending = await bed.mailbox.write('m1', inParts('text\r\n'), createScope());
    await pending.discard();
    await pending.discard();
    expect(await bed.traces()).toBe(0);
  });

  it('has nothing of a text that breaks off, early or late', async () => {
    const late = `${'x'.repeat(70)}\r\n`.repeat(10_000);
    for (const [index, parts] of [[], ['a'], [late, 'b']].entries()) {
      await expect(bed.mailbox.write(`m${index}`, cutOff(...parts), createScope())).rejects.toThrow('has left');
    }
    expect(await bed.traces()).toBe(0);
  });

  it('has nothing of a message whose scope ends', async () => {
    const scope = createScope();
    async function* text(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('a\r\n');
      scope.end();
      yield Buffer.from('b\r\n');
    }
    await expect(bed.mailbox.write('m1', text(), scope)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await bed.traces()).toBe(0);
  });

  it('tells the next life what is pending, and lets it discard that', async () => {
    const [first, second] = [
      await bed.mailbox.write('m1', inParts('a\r\n'), createScope()),
      await bed.mailbox.write('m2', inParts('b\r\n'), createScope()),
    ];
    await first.commit(SUMMARY);
    const places = pendingPlaces(store);
    expect([await places.isPending(first.place), await places.isPending(second.place)]).toEqual([false, true]);
    for (const { place } of [first, second, second]) await places.discard(place);
    expect([await places.isPending(second.place), await bed.texts(), await bed.traces()]).toEqual([
      false,
      ['a\r\n'],
      1,
    ]);
  });

  it('keeps many that come at once apart', async () => {
    const wanted = Array.from({ length: 20 }, (_, index) => `${index}\r\n`);
    await Promise.all(
      wanted.map(async (text, index) => {
        const pending = await bed.mailbox.write(`m${index}`, inParts(...text), createScope());
        await pending.commit(SUMMARY);
      }),
    );
    expect((await bed.texts()).toSorted()).toEqual(wanted.toSorted());
  });

  it('leaves what is pending since just now to whoever writes it', async () => {
    const pending = await bed.mailbox.write('m1', inParts('a\r\n'), createScope());
    await bed.mailbox.sweep();
    await pending.commit(SUMMARY);
    expect(await bed.texts()).toEqual(['a\r\n']);
  });
});

describe('a mailbox in the store', () => {
  it('has with each message what was told of it', async () => {
    const pending = await storeMailbox(store, systemClock).write('m1', inParts('a\r\n'), createScope());
    await pending.commit(SUMMARY);
    expect((await store.mailbox.get('m1'))?.summary).toEqual(SUMMARY);
  });

  it('is swept of what was begun a week ago and never kept', async () => {
    const clock = new FakeClock();
    const memory = createMemoryStore({ clock });
    const mailbox = storeMailbox(memory, clock);
    await mailbox.write('m1', inParts('a\r\n'), createScope());
    await clock.advance(6 * 86_400_000);
    await mailbox.sweep();
    expect(await memory.mailbox.isPending('m1')).toBe(true);
    await clock.advance(2 * 86_400_000);
    await mailbox.sweep();
    expect(await memory.mailbox.isPending('m1')).toBe(false);
    await memory.close();
  });

  it('has nothing of a message whose commit seemed to fail, and then is discarded', async () => {
    const { mailbox } = store;
    const forgetful: Store['mailbox'] = {
      ...mailbox,
      keep: async (id, summary) => {
        await mailbox.keep(id, summary);
        throw new Error('the answer was lost');
      },
    };
    const pending = await storeMailbox({ mailbox: forgetful }, systemClock).write('m1', inParts('a'), createScope());
    await expect(pending.commit(SUMMARY)).rejects.toThrow('was lost');
    await pending.discard();
    expect(await mailbox.get('m1')).toBeUndefined();
  });
});
