import { mkdtemp, readFile, rm, stat, utimes, writeFile, appendFile, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditEntry, type AuditJournal, openJournal } from '@roundhouse/audit';
import { silentLogger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Verified, type VerifyOutcome, verifyNew } from './verifyNew.ts';

const ENTRY: AuditEntry = {
  class: 'security',
  action: 'thing.done',
  code: 'RHA-1001',
  phase: 'fact',
  outcome: 'success',
  actor: { type: 'system', id: 'test', authentication: 'none' },
};

let folder = '';
let journal: AuditJournal;
let reads = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'verify-new-'));
  journal = await openJournal({ directory: folder }, { clock: new FakeClock(), log: silentLogger });
  reads = 0;
});
afterEach(async () => {
  await journal.close();
  await rm(folder, { recursive: true, force: true });
});

/** Some records, a segment of their own. */
async function segment(records = 3): Promise<void> {
  for (let n = 0; n < records; n++) await journal.append(ENTRY);
  await journal.checkpoint();
  await journal.rotate();
}

function verify(verified?: Verified): VerifyOutcome {
  reads = 0;
  return verifyNew({ directory: folder, ...(verified !== undefined && { verified }) }, () => reads++);
}

const fileOf = (number: number): string => join(folder, `${String(number).padStart(8, '0')}.seg`);

/** Changes one bit of a record in the middle. */
async function flip(file: string): Promise<void> {
  const bytes = await readFile(file);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(file, bytes);
}

describe('verifying what is new', () => {
  it('reads all of the journal at first, and then what came since', async () => {
    for (let n = 0; n < 3; n++) await segment();
    const first = verify();
    expect([first.report.verdict, first.isWhole, reads]).toEqual(['intact', true, 4]);
    // The open segment, which nothing that is signed stands behind yet, and the last that is closed.
    const second = verify(first.verified);
    expect([second.report.verdict, second.isWhole]).toEqual(['pruned', false]);
    expect(reads).toBeLessThan(3);
    await segment();
    const third = verify(second.verified);
    expect([third.report.verdict, third.report.size, third.isWhole]).toEqual(['pruned', 12 + 1, false]);
    expect(reads).toBeLessThan(4);
  });

  it('agrees with the verification of all of it, however the journal was cut into segments', async () => {
    let verified: Verified | undefined;
    for (const records of [1, 0, 5, 2, 0, 0, 7, 1]) {
      for (let n = 0; n < records; n++) await journal.append(ENTRY);
      if (records % 2 === 1) await journal.checkpoint();
      if (records !== 2) await journal.rotate();
      const { report, verified: next } = verify(verified);
      const whole = verify();
      expect(report.fault).toBeUndefined();
      expect([report.size, report.signed_size]).toEqual([whole.report.size, whole.report.signed_size]);
      verified = next;
    }
  });

  it('finds a change in what was verified before, and in what was not', async () => {
    for (let n = 0; n < 3; n++) await segment();
    const { verified } = verify();
    await flip(fileOf(0));
    const old = verify(verified);
    expect([old.report.verdict, old.isWhole, old.verified]).toEqual(['altered', true, undefined]);
    await flip(fileOf(0));
    await segment();
    await flip(fileOf(3));
    expect(verify(verified).report.verdict).toBe('altered');
  });

  it('finds a change that hides behind length and time when all is read', async () => {
    for (let n = 0; n < 3; n++) await segment();
    const { verified } = verify();
    const { atime, mtime } = await stat(fileOf(0));
    await utimes(fileOf(0), atime, mtime);
    const again = verify().verified ?? verified;
    await flip(fileOf(0));
    await utimes(fileOf(0), atime, mtime);
    expect(verify(again).report.fault).toBeUndefined();
    expect(verify().report.verdict).toBe('altered');
  });

  it.each([1, 2])('finds that segment %i is gone', async (number) => {
    for (let n = 0; n < 4; n++) await segment();
    const { verified } = verify();
    await unlink(fileOf(number));
    expect(verify(verified).report.verdict).toBe('disordered');
  });

  it('finds that the end was cut off', async () => {
    for (let n = 0; n < 2; n++) await segment();
    const { verified } = verify();
    await segment();
    await unlink(fileOf(3));
    await unlink(fileOf(2));
    expect(verify(verified).report.verdict).toBe('truncated');
  });

  it('goes on behind what was removed by rule', async () => {
    for (let n = 0; n < 4; n++) await segment();
    const { verified } = verify();
    await journal.prune(1);
    const { report, isWhole } = verify(verified);
    expect([report.verdict, isWhole]).toEqual(['pruned', false]);
    expect(verify().report.verdict).toBe('pruned');
  });

  it('takes a record that is being written for what it is', async () => {
    await segment();
    await journal.append(ENTRY);
    await appendFile(fileOf(1), Buffer.from([0, 0, 1, 0, 0, 0]));
    expect(verify().report.fault).toBeUndefined();
    const bytes = await readFile(fileOf(0));
    await writeFile(fileOf(0), bytes.subarray(0, bytes.length - 3));
    expect(verify().report).toMatchObject({ verdict: 'truncated', fault: { file: '00000000.seg' } });
  });
});
