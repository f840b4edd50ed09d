import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { createKeyRing, createScope, Secret, silentLogger, systemClock } from '@roundhouse/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditJournal } from '../journal/contract.ts';
import { openJournal } from '../journal/open.ts';
import { entryOf } from '../record/entry.fixture.ts';
import { writeArchive } from '../retention/archive.ts';
import { nodeRetentionFiles } from '../retention/files.ts';
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

/** The archive of a segment, unpacked, beside its manifest. */
async function writeArchiveOf(segment: number): Promise<void> {
  const [summary] = journal.segments().filter((each) => each.segment === segment);
  const [source, directory] = [{ segment: summary?.path ?? '', dataKey: '' }, join(root, 'archive')];
  const { journal: id } = journal.status();
  const range = { first_seq: 0, next_seq: summary?.records ?? 0, root: '', from: '', to: '', classes: {} };
  await writeArchive(
    source,
    directory,
    { journal: id, segment, archived: '', ...range, seal: null },
    nodeRetentionFiles,
  );
  const packed = await readFile(join(directory, '00000000.seg.zst'));
  await writeFile(join(directory, '00000000.seg'), zstdDecompressSync(packed));
}

/** All that is on the disk, by its path below the folder of the test. */
async function allFiles(): Promise<ReadonlyMap<string, Buffer>> {
  const entries = (await readdir(root, { recursive: true, withFileTypes: true })).filter((each) => each.isFile());
  const paths = entries.map(({ parentPath, name }) => join(parentPath, name));
  return new Map(await Promise.all(paths.map(async (path) => [relative(root, path), await readFile(path)] as const)));
}

async function indexBytes(): Promise<Buffer> {
  const names = await readdir(join(root, 'index'));
  return Buffer.concat(await Promise.all(names.map((name) => readFile(join(root, 'index', name)))));
}

describe('the index of a journal', () => {
  it('has neither secrets nor what is personal, nor has any file or export: plain, in hex or base64', async () => {
    const hidden = [
      'hunter2hunter2',
      'sekrettoken',
      '4111111111111111',
      '4111-1111-1111',
      'grace.hopper',
      '219-09-9999',
    ];
    // Not sealed: what is in the segments can be read.
    await index.close();
    await journal.close();
    await rm(root, { recursive: true });
    const open = { clock: systemClock, log: silentLogger };
    journal = await openJournal({ directory: join(root, 'journal') }, open);
    index = openIndex({ directory: join(root, 'index') }, { ...open, journal });
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
    await journal.rotate();
    await journal.checkpoint();
    await writeArchiveOf(0);
    expect(await seqs({ text: 'visibleword' })).toHaveLength(1);
    for (const word of ['hunter2hunter2', 'sekrettoken', '4111111111111111', '"4111 1111"', 'grace', '"219 09"']) {
      expect(await seqs({ text: word })).toEqual([]);
    }
    for (const [name, query, format] of [
      ['all.jsonl', {}, 'jsonl'],
      ['some.jsonl', { user: 'ada' }, 'jsonl'],
      ['all.csv', {}, 'csv'],
    ] as const) {
      await writeFile(join(root, name), await textOf(query, format));
    }
    const files = await allFiles();
    const having = (word: string): readonly string[] =>
      [...files].filter(([, bytes]) => bytes.includes(word)).map(([name]) => name);
    // What may be seen is found in all of them, so that what must not be would be found too.
    const seen = having('visibleword');
    const readable = ['all.csv', 'all.jsonl', 'archive/00000000.seg', 'journal/00000000.seg', 'some.jsonl'];
    expect(seen).toEqual(expect.arrayContaining(readable));
    expect(seen.some((name) => name.startsWith('index/'))).toBe(true);
    for (const word of [...hidden, '4111 1111 1111 1111', 'grace', 'hopper']) {
      for (const form of ['utf8', 'hex', 'base64', 'base64url'] as const) {
        const text = form === 'utf8' ? word : Buffer.from(word).toString(form).replace(/=+$/, '').slice(0, -1);
        expect([word, form, having(text)]).toEqual([word, form, []]);
      }
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
