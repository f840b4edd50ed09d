import { link, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createScope, type Scope } from '@roundhouse/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditJournal } from '../journal/contract.ts';
import { Bed, keyRing, PATIENT } from '../journal/journal.fixture.ts';
import type { Actor, AuditRecord } from '../record/entry.ts';
import { verifyJournal } from '../verify/verify.ts';
import type { ArchiveManifest } from './archive.ts';
import type { ErasureCertificate } from './certificate.ts';
import type { LegalHold } from './hold.ts';
import type { Medium } from './medium.ts';
import { patternOf } from './overwrite.ts';
import { archiveOf, names, policyOf, restored, retentionOf, threeDays } from './retention.fixture.ts';
import type { RetentionReport } from './retention.ts';

const ADA: Actor = { type: 'principal', id: 'ada', authentication: 'token' };
const HOLD: LegalHold = { id: 'case-1', owner: 'legal', reason: 'a case', user: 'bob' };

let bed: Bed;
let scope: Scope;
beforeEach(async () => {
  bed = await Bed.create();
  scope = createScope();
});
afterEach(async () => {
  scope.end();
  await bed[Symbol.asyncDispose]();
});

async function recordsOf(journal: AuditJournal): Promise<readonly AuditRecord[]> {
  return await Array.fromAsync(journal.read({ erased: 'skip' }, scope));
}
const told = async (journal: AuditJournal): Promise<readonly string[]> =>
  (await recordsOf(journal)).map(({ action }) => action).filter((action) => action.startsWith('retention.'));
const said = ({ steps }: RetentionReport): readonly string[] =>
  steps.map(({ kind, segment, action, reason, outcome = '-' }) => `${kind} ${segment} ${action} ${reason} ${outcome}`);

describe('retention', PATIENT, () => {
  it('plans without doing anything, and tells nobody', async () => {
    const journal = await threeDays(bed);
    await using retention = retentionOf(bed, journal, { policy: policyOf('2d') });
    const before = await names(bed.directory);
    const { journal: id, isApplied, steps } = await retention.plan(scope);
    expect([id, isApplied]).toEqual([journal.status().journal, false]);
    expect(steps.map(({ action, records }) => [action, records])).toEqual([
      ['remove', 21],
      ['remove', 20],
      ['keep', 20],
      ['keep', undefined],
    ]);
    expect(await names(bed.directory)).toEqual(before);
    expect(await told(journal)).toEqual([]);
  });

  it('removes what is over, in order; the rest verifies, as pruned, and says what went', async () => {
    const journal = await threeDays(bed);
    await using retention = retentionOf(bed, journal, { policy: policyOf('2d') });
    const report = await retention.run(ADA, scope);
    expect(said(report).slice(0, 3)).toEqual([
      'segment 0 remove due done',
      'segment 1 remove due done',
      'segment 2 keep period -',
    ]);
    expect(await told(journal)).toEqual(['retention.planned', 'retention.pruned']);
    const pruned = (await recordsOf(journal)).find(({ code }) => code === 'RHA-0012');
    expect(pruned).toMatchObject({ actor: ADA, details: { first_segment: 0, last_segment: 1, next_seq: 41 } });
    await journal.close();
    expect(verifyJournal(bed.directory)).toMatchObject({ verdict: 'pruned', first_seq: 41 });
    expect(retention.status().lastRun).toMatchObject({ done: 2, failed: 0 });
  });

  it('keeps what is held, and all behind it, and says so', async () => {
    const journal = await threeDays(bed);
    await using retention = retentionOf(bed, journal, { policy: policyOf('1d'), holds: [HOLD] });
    const report = await retention.run(ADA, scope);
    expect(said(report).slice(0, 3)).toEqual([
      'segment 0 remove due done',
      'segment 1 keep held -',
      'segment 2 keep order -',
    ]);
    expect(report.holds).toEqual([{ ...HOLD, segments: [1], archives: [] }]);
    expect(await told(journal)).toEqual(['retention.held', 'retention.planned', 'retention.pruned']);
  });

  it('reads a segment once, and again for a hold that is new', async () => {
    const journal = await threeDays(bed);
    let reads = 0;
    const counted = new Proxy(journal, {
      get(target, name) {
        if (name === 'read') reads++;
        const value: unknown = Reflect.get(target, name);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const plan = async (holds: readonly LegalHold[]): Promise<number> => {
      reads = 0;
      await using retention = retentionOf(bed, counted, { policy: policyOf('9d'), holds });
      await retention.plan(scope);
      return reads;
    };
    expect([await plan([]), await plan([]), await plan([HOLD]), await plan([HOLD])]).toEqual([3, 0, 3, 0]);
    await writeFile(join(bed.beside('state'), 'facts.json'), '{"v":1');
    expect(await plan([HOLD])).toBe(3);
  });

  it.each([
    ['open', undefined],
    ['sealed', keyRing()],
  ] as const)('archives, checks and then removes: what is put back verifies, %s', async (_, ring) => {
    const journal = await threeDays(bed, ring);
    await using retention = retentionOf(bed, journal, { policy: policyOf('9d', 'remove', '2d') });
    expect(said(await retention.run(ADA, scope)).slice(0, 3)).toEqual([
      'segment 0 archive archive_due done',
      'segment 1 archive archive_due done',
      'segment 2 keep period -',
    ]);
    const archive = archiveOf(bed, journal);
    const manifest = JSON.parse(await readFile(join(archive, '00000001.manifest.json'), 'utf8')) as ArchiveManifest;
    expect(manifest).toMatchObject({ segment: 1, first_seq: 21, next_seq: 41, classes: { security: { records: 20 } } });
    expect(manifest.archive.bytes < manifest.original.bytes / 2).toBe(ring === undefined);
    expect((await names(archive)).includes('00000001.key')).toBe(ring !== undefined);
    expect(await told(journal)).toEqual([
      'retention.planned',
      'retention.archived',
      'retention.archived',
      'retention.pruned',
    ]);
    const key = journal.status().public_key;
    await journal.close();
    expect(verifyJournal(bed.directory, { key }).verdict).toBe('pruned');
    expect(verifyJournal(await restored(bed, journal), { key }).verdict).toBe('intact');
  });

  it('removes archives when their time is over, but none that a hold may be about', async () => {
    const journal = await threeDays(bed, keyRing());
    const archiving = { policy: policyOf('9d', 'erase', '2d') };
    await retentionOf(bed, journal, archiving).run(ADA, scope);
    await bed.clock.advance(20 * 86_400_000);
    const held = retentionOf(bed, journal, { ...archiving, holds: [{ ...HOLD, to: bed.clock.now() }] });
    expect(said(await held.plan(scope))).toContain('archive 0 keep held -');
    const report = await retentionOf(bed, journal, archiving).run(ADA, scope);
    expect(said(report)).toContain('archive 0 remove due done');
    expect(await names(archiveOf(bed, journal))).toEqual([]);
    expect(await names(join(bed.beside('state'), 'certificates'))).toContain('archive-00000000.json');
  });

  it.each(['zst', 'manifest', 'key'])('keeps the original when the archive is damaged: %s', async (part) => {
    const journal = await threeDays(bed, keyRing());
    // Segment 0 waits for nobody, segment 1 is archived and has to wait.
    const holds = [{ ...HOLD, user: 'ada' }];
    const policy = policyOf('9d', 'remove', '2d');
    await retentionOf(bed, journal, { policy, holds }).run(ADA, scope);
    const path = join(
      archiveOf(bed, journal),
      `00000001.${{ zst: 'seg.zst', manifest: 'manifest.json', key: 'key' }[part]}`,
    );
    const bytes = await readFile(path);
    const changed = part === 'manifest' ? Buffer.from(bytes.toString().replace(/"sha256":"./g, '"sha256":"x')) : bytes;
    if (part !== 'manifest') changed[bytes.length >> 1] = (changed[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(path, changed);
    const report = await retentionOf(bed, journal, { policy }).run(ADA, scope);
    expect(said(report)).toContain('segment 1 remove archived failed');
    expect(await told(journal)).toContain('retention.failed');
    expect(await names(bed.directory)).toContain('00000001.seg');
    expect(await names(bed.directory)).not.toContain('00000000.seg');
  });

  it('archives nothing of a segment that does not verify', async () => {
    const journal = await threeDays(bed);
    const path = join(bed.directory, '00000000.seg');
    const bytes = await readFile(path);
    bytes[bytes.length - 200] = (bytes[bytes.length - 200] ?? 0) ^ 1;
    await writeFile(path, bytes);
    const report = await retentionOf(bed, journal, { policy: policyOf('9d', 'remove', '2d') }).run(ADA, scope);
    expect(report.steps[0]?.outcome).not.toBe('done');
    expect(await names(bed.directory)).toContain('00000000.seg');
  });

  it('erases out of order, with a certificate; everything still verifies', async () => {
    const journal = await threeDays(bed, keyRing());
    let forgotten = 0;
    const forget = async (): Promise<void> => void forgotten++;
    const holds = [{ ...HOLD, user: 'ada' }];
    const options = { policy: policyOf('1d', 'erase'), holds };
    const report = await retentionOf(bed, journal, options, { forget }).run(ADA, scope);
    expect(said(report).slice(0, 3)).toEqual([
      'segment 0 keep held -',
      'segment 1 erase due done',
      'segment 2 erase due done',
    ]);
    expect(forgotten).toBe(2);
    const path = join(bed.beside('state'), 'certificates', 'segment-00000001.json');
    const certificate = JSON.parse(await readFile(path, 'utf8')) as ErasureCertificate;
    const record = (await recordsOf(journal)).find(({ code }) => code === 'RHA-0013');
    expect(certificate).toMatchObject({
      segment: 1,
      first_seq: 21,
      next_seq: 41,
      method: 'cryptographic erase',
      time_of: 'erased',
      record: record?.id,
    });
    expect(record?.details).toMatchObject({ key_id: certificate.key_id, root: certificate.root });
    expect((await recordsOf(journal)).some(({ actor }) => actor.id === 'bob')).toBe(false);
    expect(said(await retentionOf(bed, journal, options).plan(scope))).toContain('segment 1 keep order -');
    await journal.close();
    expect(verifyJournal(bed.directory).verdict).toBe('intact');
  });

  it('counts what is past its period and readable, held aside, and what is erased without a certificate', async () => {
    const journal = await threeDays(bed, keyRing());
    const strict = retentionOf(bed, journal, { policy: policyOf('1d', 'erase') });
    expect(strict.policy.classes.data?.mode).toBe('erase');
    expect(await strict.overdue(0, scope)).toBe(3);
    expect(await strict.overdue(10 * 86_400_000, scope)).toBe(0);
    const held = retentionOf(bed, journal, { policy: policyOf('1d', 'erase'), holds: [{ ...HOLD, user: 'ada' }] });
    expect(await held.overdue(0, scope)).toBe(2);
    await journal.erase(2);
    expect(await retentionOf(bed, journal, { policy: { classes: {} } }).overdue(0, scope)).toBe(1);
    await strict.run(ADA, scope);
    expect(await strict.overdue(0, scope)).toBe(0);
  });

  it('makes up for the certificate of an erasure that nobody told', async () => {
    const journal = await threeDays(bed, keyRing());
    await journal.erase(1);
    const report = await retentionOf(bed, journal, { policy: { classes: {} } }).run(ADA, scope);
    expect(said(report)).toContain('segment 1 erase certificate done');
    const path = join(bed.beside('state'), 'certificates', 'segment-00000001.json');
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ time_of: 'found' });
    expect(said(await retentionOf(bed, journal, { policy: { classes: {} } }).plan(scope))).toContain(
      'segment 1 keep kept_for_ever -',
    );
  });

  it('overwrites files before they go, where that is asked for, and says whether it had an effect', async () => {
    const journal = await threeDays(bed);
    await bed.clock.advance(86_400_000);
    const segment = join(bed.directory, '00000000.seg');
    // Another name of the same file: what becomes of its bytes is seen there.
    const witness = bed.beside('witness');
    await link(segment, witness);
    // A crash has left half of one.
    await writeFile(join(bed.directory, '00000009.seg.wiped'), 'what was there');
    const medium: Medium = {
      file_system: 'btrfs',
      device: '/dev/sda1',
      is_rotational: null,
      is_effective: false,
      reason: 'btrfs writes elsewhere, and keeps what was there',
    };
    const before = await readFile(witness);
    expect(before.includes('what ada did')).toBe(true);
    const options = { policy: policyOf('3d'), overwritePasses: 3 };
    const retention = retentionOf(bed, journal, options, { medium: async () => medium });
    expect(said(await retention.run(ADA, scope))).toContain('segment 0 remove due done');
    const after = await readFile(witness);
    expect([after.length, after.includes('what ada did'), after.equals(before)]).toEqual([before.length, false, false]);
    expect((await names(bed.directory)).filter((name) => name.endsWith('.wiped'))).toEqual([]);
    const record = (await recordsOf(journal)).find(({ action }) => action === 'retention.pruned');
    expect(record?.details).toMatchObject({
      overwritten: { method: expect.stringContaining('legacy') as string, passes: 3, medium },
    });
    await journal.close();
    expect(verifyJournal(bed.directory).verdict).toBe('pruned');
  });

  it.each([
    [1, ['random']],
    [3, [0x00, 0xff, 'random']],
    [7, [0x00, 0xff, 'random', 0x00, 0xff, 'random', 'random']],
  ] as const)('overwrites in %i passes with %j', (passes, patterns) => {
    expect(Array.from({ length: passes }, (_, pass) => patternOf(pass, passes))).toEqual(patterns);
  });

  it('holds what it is told to hold from then on, also in the middle of a run', async () => {
    const journal = await threeDays(bed);
    const retention = retentionOf(bed, journal, { policy: policyOf('1d') });
    // Told while the run that was planned without it is at its first step.
    const stop = journal.onAppended((records) => {
      if (records.some(({ action }) => action === 'retention.planned')) retention.hold([HOLD]);
    });
    expect(said(await retention.plan(scope))).toContain('segment 1 remove due -');
    const stopped = await retention.run(ADA, scope);
    expect(stopped.steps.filter(({ outcome }) => outcome === 'done')).toEqual([]);
    expect(stopped.steps.find(({ outcome }) => outcome === 'failed')?.failure).toContain('legal holds have changed');
    stop();
    const next = await retention.run(ADA, scope);
    expect(said(next)).toEqual(expect.arrayContaining(['segment 0 remove due done', 'segment 1 keep held -']));
    expect(next.holds).toMatchObject([{ id: 'case-1', segments: [1] }]);
    retention.hold([]);
    expect(said(await retention.plan(scope))).toContain('segment 1 remove due -');
    await journal.close();
  });

  it('runs once a day by itself, and ends when it is closed', async () => {
    const journal = await threeDays(bed);
    const retention = retentionOf(bed, journal, { policy: { classes: {} } });
    retention.start();
    await bed.clock.advance(300_000);
    await expect.poll(() => retention.status().lastRun?.at).toBe(bed.clock.now());
    await bed.clock.advance(86_400_000);
    await expect.poll(() => retention.status().lastRun?.at).toBe(bed.clock.now());
    await retention.close();
    await retention.close();
    await expect(retention.plan(scope)).rejects.toThrow();
    await journal.close();
    expect(bed.clock.pendingTimers).toBe(0);
  });
});
