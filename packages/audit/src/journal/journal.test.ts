import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createScope } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { entryOf } from '../record/entry.fixture.ts';
import type { AuditRecord } from '../record/entry.ts';
import { verifyJournal, verifyProof } from '../verify/verify.ts';
import type { AuditJournal, RecordRange } from './contract.ts';
import { Bed, elapse, faultyFiles, keyRing, PATIENT, until } from './journal.fixture.ts';

const strict = (id = 's'): Parameters<AuditJournal['append']>[0] =>
  entryOf({ class: 'security', resource: { kind: 'session', id } });

async function all(journal: AuditJournal, range: RecordRange = {}): Promise<AuditRecord[]> {
  using scope = createScope();
  return await Array.fromAsync(journal.read(range, scope));
}
const ids = (records: readonly AuditRecord[]): string[] => records.flatMap(({ resource }) => resource?.id ?? []);

describe('a journal', PATIENT, () => {
  it.each([
    ['open', undefined],
    ['sealed', keyRing()],
  ] as const)('reads back what it kept, in order, %s', async (_, ring) => {
    await using bed = await Bed.create();
    const deps = ring === undefined ? {} : { keyRing: ring };
    const journal = await bed.open({}, deps);
    const receipts = await Promise.all(['a', 'b', 'c'].map((id) => journal.append(strict(id))));
    expect(receipts.map(({ seq, durable }) => [seq, durable])).toEqual([1, 2, 3].map((seq) => [seq, true]));
    await journal.close();
    const again = await bed.open({}, deps);
    const records = await all(again);
    expect(records.map(({ action }) => action)).toEqual([
      'journal.opened',
      ...Array.from({ length: 3 }, () => 'session.create'),
      'journal.closed',
      'journal.opened',
    ]);
    expect(ids(await all(again, { from: 2, to: 4 }))).toEqual(['b', 'c']);
    await again.close();
    expect(verifyJournal(bed.directory, { key: again.status().public_key })).toMatchObject({
      verdict: 'intact',
      size: 7,
    });
    const text = (await bed.read('00000000.seg')).toString('latin1');
    expect(text.includes('session.create')).toBe(ring === undefined);
    expect(bed.clock.pendingTimers).toBe(0);
  });

  it('has one writer', async () => {
    await using bed = await Bed.create();
    await bed.open();
    await expect(bed.open()).rejects.toMatchObject({ code: 'AUDIT_LOCKED', details: { pid: process.pid } });
  });

  it('tells group records when their group is durable, async ones at once, and both in order', async () => {
    await using bed = await Bed.create();
    const journal = await bed.open();
    const seen: number[] = [];
    journal.onAppended((records) => seen.push(...records.map(({ seq }) => seq)));
    const group = journal.append(entryOf({ class: 'access' }));
    expect(await journal.append(entryOf({ class: 'data' }))).toMatchObject({ durable: false });
    expect(await elapse(bed.clock, group)).toMatchObject({ seq: 1, durable: true });
    await until(bed.clock, () => seen.length === 2);
    expect(seen).toEqual([1, 2]);
  });

  it('rotates by size, age and command, and verifies over all of them', async () => {
    await using bed = await Bed.create();
    const journal = await bed.open({ rotation: { maxBytes: 4_096, maxAgeMs: 60_000 } });
    for (let index = 0; index < 30; index++) await journal.append(strict(`${index}`));
    const bySize = journal.segments().length;
    expect(bySize).toBeGreaterThan(2);
    await bed.clock.advance(60_000);
    await journal.append(strict('after'));
    await journal.rotate();
    expect(journal.segments()).toHaveLength(bySize + 2);
    expect(ids(await all(journal))).toEqual([...Array.from({ length: 30 }, (_, index) => `${index}`), 'after']);
    await journal.close();
    expect(verifyJournal(bed.directory).verdict).toBe('intact');
  });

  it('proves each record, and that it only grew, to whoever has the public keys', async () => {
    await using bed = await Bed.create();
    const journal = await bed.open(
      { rotation: { maxBytes: 8_192 }, checkpoint: { records: 10_000_000 } },
      { keyRing: keyRing() },
    );
    for (let index = 0; index < 20; index++) await journal.append(strict(`${index}`));
    const early = await journal.checkpoint();
    await Promise.all(Array.from({ length: 2_100 }, (_, index) => journal.append(strict(`${index}`))));
    const late = await journal.checkpoint();
    const keys = await bed.read('keys');
    const key = journal.status().public_key;
    for (const seq of [0, 5, 20, 1_023, 1_024, 2_050, late.size - 1]) {
      const proof = await journal.inclusion(seq);
      expect(verifyProof(JSON.stringify(proof), keys, { key }).verdict).toBe('intact');
      const forged = { ...proof, text: proof.text?.replace('"v":1', '"v":2') };
      expect(verifyProof(JSON.stringify(forged), keys, { key }).verdict).toBe('altered');
      const moved = { ...proof, seq: proof.seq ^ 1 };
      expect(verifyProof(JSON.stringify(moved), keys, { key }).verdict).not.toBe('intact');
    }
    const proof = await journal.consistency(early.size, late.size);
    const checkpoints = [early.note, late.note];
    expect(verifyProof(JSON.stringify(proof), keys, { key, checkpoints }).verdict).toBe('intact');
    expect(verifyProof(JSON.stringify(proof), keys, { key, checkpoints: [late.note] }).verdict).toBe('untrusted');
    await expect(journal.inclusion(late.size)).rejects.toMatchObject({ code: 'AUDIT_RANGE_INVALID' });
  });

  it('makes its indexes anew when they are gone or wrong', async () => {
    await using bed = await Bed.create();
    const first = await bed.open();
    await Promise.all(Array.from({ length: 1_100 }, (_, index) => first.append(strict(`${index}`))));
    await first.inclusion(3);
    await first.close();
    await writeFile(join(bed.directory, 'tree'), Buffer.alloc(32, 1));
    const leaf = await bed.read('00000000.leaf');
    leaf[20] = (leaf[20] as number) ^ 1;
    await writeFile(join(bed.directory, '00000000.leaf'), leaf);
    const journal = await bed.open();
    const proof = await journal.inclusion(3);
    expect(verifyProof(JSON.stringify(proof), await bed.read('keys')).verdict).toBe('intact');
    await journal.close();
    expect(verifyJournal(bed.directory).verdict).toBe('intact');
  });

  it('forgets pruned segments, verifies without them, and still proves the rest', async () => {
    await using bed = await Bed.create();
    const journal = await bed.open({ rotation: { maxBytes: 4_096 } }, { keyRing: keyRing() });
    for (let index = 0; index < 40; index++) await journal.append(strict(`${index}`));
    await expect(journal.prune(99)).rejects.toMatchObject({ code: 'AUDIT_RANGE_INVALID' });
    await journal.prune(1);
    const { first_seq, next_seq } = journal.status();
    await expect(all(journal, { from: 0 })).rejects.toMatchObject({ code: 'AUDIT_PRUNED' });
    expect(await all(journal)).toHaveLength(next_seq - first_seq);
    await expect(journal.inclusion(0)).rejects.toMatchObject({ code: 'AUDIT_PRUNED' });
    const keys = await bed.read('keys');
    for (let seq = first_seq; seq < next_seq; seq++) {
      expect(verifyProof(JSON.stringify(await journal.inclusion(seq)), keys).verdict).toBe('intact');
    }
    await journal.close();
    expect(verifyJournal(bed.directory)).toMatchObject({ verdict: 'pruned', first_seq });
    await writeFile(join(bed.directory, 'pruned'), '');
    expect(verifyJournal(bed.directory)).toMatchObject({ verdict: 'disordered' });
  });

  it('verifies however far a crash has let it get with pruning', async () => {
    await using bed = await Bed.create();
    const { files } = faultyFiles();
    let removals = 0;
    const crashing: typeof files = {
      ...files,
      async remove(path) {
        if (path.endsWith('.seg') && removals++ === 1) throw new Error('killed');
        await files.remove(path);
      },
    };
    const first = await bed.open({ rotation: { maxBytes: 4_096 } });
    for (let index = 0; index < 40; index++) await first.append(strict(`${index}`));
    await first.close();
    const journal = await bed.open({}, { files: crashing });
    removals = 0;
    await expect(journal.prune(2)).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    await journal.close();
    expect(journal.segments()[0]?.segment).toBe(3);
    expect((await readdir(bed.directory)).filter((name) => name.endsWith('.seg'))[0]).toBe('00000001.seg');
    expect(verifyJournal(bed.directory).verdict).toBe('pruned');
  });

  it('takes nothing and writes nothing when it is closed', async () => {
    await using bed = await Bed.create();
    const journal = await bed.open();
    await journal.close();
    const names = await readdir(bed.directory);
    for (const call of [
      () => journal.append(strict()),
      () => journal.rotate(),
      () => journal.evolveKey(),
      () => journal.checkpoint(),
      () => journal.prune(0),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'AUDIT_CLOSED' });
    }
    journal.record(strict());
    expect(journal.status()).toMatchObject({ state: 'closed', lost: 1 });
    expect(await readdir(bed.directory)).toEqual(names);
  });

  it('erases a segment by its key: nothing of it can be read, all of it verifies', async () => {
    await using bed = await Bed.create();
    const journal = await bed.open({}, { keyRing: keyRing() });
    await journal.append(strict('gone'));
    await journal.rotate();
    await journal.append(strict('kept'));
    expect(journal.segments().map((each) => each.is_erased)).toEqual([false, false]);
    await journal.erase(0);
    expect(journal.segments().map((each) => each.is_erased)).toEqual([true, false]);
    await expect(all(journal)).rejects.toMatchObject({ code: 'AUDIT_ERASED' });
    expect(ids(await all(journal, { erased: 'skip' }))).toEqual(['kept']);
    const proof = await journal.inclusion(1);
    expect(proof.text).toBeUndefined();
    await journal.close();
    const again = await bed.open({}, { keyRing: keyRing() });
    expect(again.segments().map((each) => each.is_erased)).toEqual([true, false, false]);
    await again.close();
    expect(verifyJournal(bed.directory).verdict).toBe('intact');
  });

  it('keeps what is about a person apart, and destroys it without touching a record', async () => {
    await using bed = await Bed.create();
    const journal = await bed.open({}, { keyRing: keyRing() });
    await journal.append({ ...strict(), subject: 'p-1', personal: { full_name: 'Ada Lovelace' } });
    const [, record] = await all(journal);
    expect(record?.personal?.['full_name']).toMatch(/^sha256:[\w-]{43}$/);
    expect(JSON.stringify(record)).not.toContain('Lovelace');
    await journal.eraseSubject('p-1', entryOf({ class: 'admin' }));
    expect((await all(journal)).at(-1)).toMatchObject({ action: 'subject.erased', subject: 'p-1' });
    expect((await readdir(join(bed.directory, 'subjects'))).filter((name) => name.endsWith('.key'))).toEqual([]);
    await journal.close();
    expect(verifyJournal(bed.directory).verdict).toBe('intact');
    for (const name of await readdir(bed.directory)) {
      if (/\.(seg|leaf)$/.test(name)) expect((await bed.read(name)).includes('Lovelace')).toBe(false);
    }
  });

  it('follows with what is appended later, and ends with the journal', async () => {
    await using bed = await Bed.create();
    const journal = await bed.open();
    using scope = createScope();
    const followed = Array.fromAsync(journal.follow(0, scope));
    for (const id of ['a', 'b']) await journal.append(strict(id));
    await journal.close();
    expect(ids(await followed)).toEqual(['a', 'b']);
  });

  it('evolves its key by command, by age and at each opening, and keeps one private key', async () => {
    await using bed = await Bed.create();
    const journal = await bed.open({ keyLifetimeMs: 60_000, checkpoint: { intervalMs: 1_000 } });
    await journal.append(strict());
    await journal.evolveKey();
    expect(journal.status().epoch).toBe(1);
    await bed.clock.advance(60_000);
    await journal.append(strict());
    await until(bed.clock, () => journal.status().epoch === 2);
    await journal.close();
    const again = await bed.open();
    expect(again.status()).toMatchObject({ epoch: 3, public_key: journal.status().public_key });
    expect(await readdir(join(bed.directory, 'private'))).toEqual(['epoch-3.key']);
    await again.close();
    expect(verifyJournal(bed.directory).verdict).toBe('intact');
  });

  it('cannot go on without its private key, and says so', async () => {
    await using bed = await Bed.create();
    await (await bed.open()).close();
    await writeFile(join(bed.directory, 'private', 'epoch-0.key'), 'nothing');
    await expect(bed.open()).rejects.toMatchObject({ code: 'AUDIT_KEY_LOST' });
    await writeFile(join(bed.directory, 'keys'), '');
    await expect(bed.open()).rejects.toMatchObject({ code: 'AUDIT_KEY_LOST' });
  });
});

describe('recovery', PATIENT, () => {
  it('cuts off a torn tail, keeps it beside, and says so in a record', async () => {
    await using bed = await Bed.create();
    const first = await bed.open();
    await first.append(strict('a'));
    await first.close();
    const segment = await bed.read('00000000.seg');
    // The footer and the last record go with it; what is signed must not.
    await writeFile(join(bed.directory, 'checkpoints'), '');
    await writeFile(join(bed.directory, '00000000.seg'), segment.subarray(0, segment.length - 200));
    const journal = await bed.open();
    const records = await all(journal);
    expect(records.map(({ action }) => action)).toEqual([
      'journal.opened',
      'session.create',
      'journal.opened',
      'journal.recovered',
    ]);
    expect(records.at(-1)?.details).toMatchObject({ segment: 0 });
    expect((await readdir(bed.directory)).filter((name) => name.includes('.torn-'))).toHaveLength(1);
    expect(journal.status().damage).toBeUndefined();
    await journal.close();
    expect(verifyJournal(bed.directory).verdict).toBe('intact');
  });

  it('tells damage in the middle, repairs nothing, and goes on', async () => {
    await using bed = await Bed.create();
    const first = await bed.open();
    for (const id of ['a', 'b', 'c']) await first.append(strict(id));
    await first.close();
    const segment = await bed.read('00000000.seg');
    const at = segment.indexOf('"id":"b"') + 6;
    segment[at] = 'x'.charCodeAt(0);
    await writeFile(join(bed.directory, '00000000.seg'), segment);
    const journal = await bed.open();
    expect(journal.status().damage).toMatchObject({ segment: 0, reason: 'its chain is broken' });
    expect((await all(journal)).at(-1)).toMatchObject({ action: 'journal.damaged', seq: 6 });
    expect(await bed.read('00000000.seg')).toEqual(segment);
    expect(bed.lines.map(({ message }) => message)).toContain('the audit journal is damaged');
    await journal.close();
    expect(verifyJournal(bed.directory)).toMatchObject({ verdict: 'altered', fault: { file: '00000000.seg', seq: 2 } });
  });

  it('notices that signed records are gone', async () => {
    await using bed = await Bed.create();
    const first = await bed.open();
    await first.append(strict('a'));
    await first.close();
    const segment = await bed.read('00000000.seg');
    await writeFile(join(bed.directory, '00000000.seg'), segment.subarray(0, segment.length - 400));
    const journal = await bed.open();
    expect(journal.status().damage?.reason).toContain('are signed');
  });
});

describe('a disk that fails', PATIENT, () => {
  const cases = [
    ['is full', 'write', 'ENOSPC'],
    ['is read-only', 'create', 'EROFS'],
    ['fails to sync', 'sync', 'EIO'],
  ] as const;

  it.each(cases)('%s: each class has what it asks for, and nothing acknowledged is lost', async (_, fault, code) => {
    await using bed = await Bed.create();
    const { files, faults } = faultyFiles();
    const classes = { system: { whenUnavailable: 'block' } } as const;
    const journal = await bed.open({ classes }, { files, keyRing: keyRing() });
    await journal.append(strict('before'));
    faults[fault] = code;
    // A file that is open goes on being written until the next has to be created.
    if (fault === 'create') faults.write = code;
    const refused = journal.append(strict('refused'));
    await expect(refused).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE', retryable: true });
    expect(journal.status()).toMatchObject({ state: 'unavailable', reason: `${code}: injected` });
    await expect(journal.append(entryOf({ class: 'access' }))).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    expect(await journal.append(entryOf({ class: 'data', resource: { kind: 'k', id: 'degraded' } }))).toMatchObject({
      durable: false,
      degraded: true,
    });
    const blocked = journal.append(entryOf({ class: 'system', resource: { kind: 'k', id: 'blocked' } }));
    await bed.clock.advance(20_000);
    faults.write = faults.sync = faults.create = undefined;
    expect(await elapse(bed.clock, blocked)).toMatchObject({ durable: true });
    expect(journal.status()).toMatchObject({ state: 'writing', refused: 2 });
    await journal.append(strict('after'));
    const records = await all(journal);
    expect(ids(records)).toEqual(['before', 'degraded', 'blocked', 'after']);
    expect(records.find(({ action }) => action === 'journal.resumed')?.details).toMatchObject({
      refused: 2,
      degraded: 1,
    });
    await journal.close();
    expect(verifyJournal(bed.directory).verdict).toBe('intact');
    expect(bed.clock.pendingTimers).toBe(0);
  });

  it('goes on in a new segment after one fault, and acknowledges each record once', async () => {
    await using bed = await Bed.create();
    const { files, faults } = faultyFiles();
    const once: typeof files = {
      ...files,
      async truncate(path, length) {
        faults.sync = undefined;
        await files.truncate(path, length);
      },
    };
    const journal = await bed.open({}, { files: once });
    await journal.append(strict('a'));
    faults.sync = 'EIO';
    expect(await journal.append(strict('b'))).toMatchObject({ seq: 2, durable: true });
    expect(journal.segments()).toHaveLength(2);
    await journal.close();
    expect(verifyJournal(bed.directory).verdict).toBe('intact');
  });

  it('counts what the buffer has no room for, and tells it in a record', async () => {
    await using bed = await Bed.create();
    const journal = await bed.open({ buffer: { records: 5, waiting: 1 } });
    for (let index = 0; index < 8; index++) journal.record(entryOf({ class: 'data' }));
    await expect(journal.append(strict())).rejects.toMatchObject({ code: 'AUDIT_BUSY' });
    expect(journal.status().lost).toBe(3);
    await until(bed.clock, () => journal.status().buffered === 0);
    const lost = (await all(journal)).find(({ action }) => action === 'journal.lost');
    expect(lost?.details).toMatchObject({ count: 3 });
  });

  it('leaves no trace of a caller that stops waiting for room', async () => {
    await using bed = await Bed.create();
    const classes = { system: { whenUnavailable: 'block' } } as const;
    const journal = await bed.open({ classes, buffer: { records: 1, waiting: 1 } });
    journal.record(entryOf({ class: 'data' }));
    const scope = createScope({ clock: bed.clock });
    const waiting = journal.append(entryOf({ class: 'system' }), scope);
    expect(journal.status().waiting).toBe(1);
    scope.end();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(journal.status().waiting).toBe(0);
  });

  it('does not open where it cannot write, and says why', async () => {
    await using bed = await Bed.create();
    const { files, faults } = faultyFiles();
    faults.create = 'EROFS';
    await expect(bed.open({}, { files })).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    await (await bed.open()).close();
    expect((await readFile(join(bed.directory, 'lock'), 'utf8')).trim()).toBe(`${process.pid}`);
  });
});
