import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeyRing, createScope, Secret, silentLogger, systemClock } from '@roundhouse/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditJournal } from '../journal/contract.ts';
import { openJournal } from '../journal/open.ts';
import { entryOf } from '../record/entry.fixture.ts';
import type { AuditQuery, ExportFormat, SearchIndex } from './contract.ts';
import { openIndex } from './open.ts';

const deps = {
  clock: systemClock,
  log: silentLogger,
  keyRing: createKeyRing(new Map([['k1', Buffer.alloc(32, 7)]]), 'k1'),
};
const scope = createScope();

let root: string;
let journal: AuditJournal;
let index: SearchIndex;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'audit-journal-index-'));
  journal = await openJournal({ directory: join(root, 'journal') }, deps);
  index = openIndex({ directory: join(root, 'index') }, { ...deps, journal });
});
afterEach(async () => {
  await index.close();
  await journal.close();
  await rm(root, { recursive: true, force: true });
});

const seqs = async (query: AuditQuery): Promise<readonly number[]> =>
  (await index.query(query, scope)).records.map(({ seq }) => seq);

async function textOf(query: AuditQuery, format: ExportFormat): Promise<string> {
  let text = '';
  for await (const piece of index.export(query, format, scope)) text += piece;
  return text;
}

async function indexBytes(): Promise<Buffer> {
  const names = await readdir(join(root, 'index'));
  return Buffer.concat(await Promise.all(names.map((name) => readFile(join(root, 'index', name)))));
}

describe('the index of a journal', () => {
  it('has neither secrets nor what is personal, and its exports have neither', async () => {
    const hidden = [
      'hunter2hunter2',
      'sekrettoken',
      '4111111111111111',
      '4111-1111-1111',
      'grace.hopper',
      '219-09-9999',
    ];
    await journal.append(
      entryOf({
        details: {
          password: 'hunter2hunter2',
          inner: { api_token: new Secret('sekrettoken'), authorization: 'Bearer sekrettoken' },
          secret: new Secret('hunter2hunter2'),
          card: 'paid with 4111 1111 1111 1111 today',
          other: '4111-1111-1111-1111',
          person: 'ssn 219-09-9999',
          visible: 'visibleword',
        },
        reason: 'card 4111111111111111 refused',
        personal: { mail: 'grace.hopper@example.org' },
        subject: 'person-1',
      }),
    );
    expect(await seqs({ text: 'visibleword' })).toHaveLength(1);
    for (const word of ['hunter2hunter2', 'sekrettoken', '4111111111111111', '"4111 1111"', 'grace', '"219 09"']) {
      expect(await seqs({ text: word })).toEqual([]);
    }
    const bytes = await indexBytes();
    const exports = [await textOf({}, 'jsonl'), await textOf({ user: 'ada' }, 'jsonl'), await textOf({}, 'csv')];
    expect(bytes.includes('visibleword')).toBe(true);
    for (const text of exports) expect(text).toContain('visibleword');
    for (const word of [...hidden, '4111 1111 1111 1111']) {
      expect(bytes.includes(word)).toBe(false);
      for (const text of exports) expect(text).not.toContain(word);
    }
  });

  it('gives out each record byte for byte as it is kept', async () => {
    await journal.append(entryOf({ details: { z: 1, ä: [1e21, 'x'] } }));
    const proof = await journal.inclusion(1);
    expect((await textOf({}, 'jsonl')).split('\n')[1]).toBe(proof.text);
    expect((await textOf({ text: 'x' }, 'jsonl')).trimEnd()).toBe(proof.text);
  });

  it('forgets what is erased and what is pruned, also from the disk, and exports the rest', async () => {
    await journal.append(entryOf({ details: { said: 'firstword' } }));
    await journal.rotate();
    await journal.append(entryOf({ details: { said: 'secondword' } }));
    await journal.rotate();
    await journal.append(entryOf({ details: { said: 'thirdword' } }));
    const found = async (): Promise<readonly number[]> =>
      (await Promise.all(['firstword', 'secondword', 'thirdword'].map((text) => seqs({ text })))).map(
        (each) => each.length,
      );
    expect(await found()).toEqual([1, 1, 1]);
    await journal.erase(1);
    await index.sync();
    expect(await found()).toEqual([1, 0, 1]);
    await journal.prune(0);
    await index.sync();
    expect(await found()).toEqual([0, 0, 1]);
    const bytes = await indexBytes();
    expect(['firstword', 'secondword', 'thirdword'].map((word) => bytes.includes(word))).toEqual([false, false, true]);
    for (const text of [await textOf({}, 'jsonl'), await textOf({ class: 'access' }, 'jsonl')]) {
      expect(text.match(/\w+word/g)).toEqual(['thirdword']);
    }
  });

  it('is made of a journal that was there before it', async () => {
    await index.close();
    await journal.close();
    journal = await openJournal({ directory: join(root, 'journal') }, deps);
    await rm(join(root, 'index'), { recursive: true, force: true });
    index = openIndex({ directory: join(root, 'index') }, { ...deps, journal });
    expect(await seqs({ action: 'journal' })).toEqual([2, 1, 0]);
  });
});
