import { execFileSync, spawnSync } from 'node:child_process';
import { appendFile, mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope } from '@roundhouse/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bed } from '../journal/journal.fixture.ts';
import { nodeFiles } from '../nodeFiles.ts';
import { entryOf } from '../record/entry.fixture.ts';
import { verifyJournal } from '../verify/verify.ts';
import { type ChangeAttributes, openLockedFiles } from './attributes.ts';
import { attributeState } from './protection.ts';
import { mortalFiles, policyOf, retentionOf, UNDISTURBED } from './retention.fixture.ts';

const ADA = { type: 'principal', id: 'ada', authentication: 'token' } as const;

/** Whether this process may, on this file system: root without the capability may not. */
async function canLock(): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), 'attributes-'));
  const path = join(directory, 'file');
  await writeFile(path, '');
  const isSet = spawnSync('chattr', ['+i', path]).status === 0;
  if (isSet) execFileSync('chattr', ['-i', path]);
  await rm(directory, { recursive: true });
  return isSet;
}
const isAble = await canLock();

let bed: Bed;
beforeEach(async () => {
  bed = await Bed.create();
});
afterEach(async () => {
  spawnSync('chattr', ['-R', '-ai', bed.directory]);
  await bed[Symbol.asyncDispose]();
});
const segment = (number: number): string => join(bed.directory, `0000000${number}.seg`);

describe.runIf(isAble)('locked segments', { timeout: 60_000 }, () => {
  it('cannot be changed, the open one only be added to, and the journal goes on and removes them', async () => {
    using scope = createScope();
    const files = await openLockedFiles(nodeFiles, bed.directory, bed.log);
    const journal = await bed.open(UNDISTURBED, { files });
    await journal.append(entryOf({ class: 'security' }));
    await journal.rotate();
    await journal.append(entryOf({ class: 'security' }));
    await expect(appendFile(segment(0), 'x')).rejects.toMatchObject({ code: 'EPERM' });
    await expect(unlink(segment(0))).rejects.toMatchObject({ code: 'EPERM' });
    await expect(writeFile(segment(1), 'x')).rejects.toMatchObject({ code: 'EPERM' });
    await expect(unlink(segment(1))).rejects.toMatchObject({ code: 'EPERM' });
    expect(await attributeState(true, journal.segments())).toMatchObject({ state: 'in_force', locked: 2 });
    spawnSync('chattr', ['-i', segment(0)]);
    expect(await attributeState(true, journal.segments())).toMatchObject({ state: 'partly', locked: 1 });
    await bed.clock.advance(3 * 86_400_000);
    const { steps } = await retentionOf(bed, journal, { policy: policyOf('2d') }).run(ADA, scope);
    expect(steps[0]).toMatchObject({ action: 'remove', outcome: 'done' });
    await journal.close();
    await expect(unlink(segment(1))).rejects.toMatchObject({ code: 'EPERM' });
    expect(verifyJournal(bed.directory).verdict).toBe('pruned');
  });

  it('are cut after a fault, and locked again', async () => {
    const disk = mortalFiles();
    const journal = await bed.open(UNDISTURBED, { files: await openLockedFiles(disk, bed.directory, bed.log) });
    await journal.append(entryOf({ class: 'security' }));
    disk.arm(0);
    await expect(journal.append(entryOf({ class: 'security' }))).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    disk.arm(1_000);
    await expect.poll(async () => (await bed.clock.advance(200), journal.status().state)).toBe('writing');
    await expect(appendFile(segment(0), 'x')).rejects.toMatchObject({ code: 'EPERM' });
    await journal.close();
    expect(verifyJournal(bed.directory).verdict).toBe('intact');
  });

  it('that a crash has left open are locked at the next opening', async () => {
    const journal = await bed.open(UNDISTURBED);
    await journal.append(entryOf({ class: 'security' }));
    await journal.close();
    await openLockedFiles(nodeFiles, bed.directory, bed.log);
    await expect(appendFile(segment(0), 'x')).rejects.toMatchObject({ code: 'EPERM' });
  });
});

describe('segments that cannot be locked', () => {
  it('are written all the same, and that is said once', async () => {
    const refuse: ChangeAttributes = () => Promise.reject(new Error('Operation not supported'));
    const files = await openLockedFiles(nodeFiles, bed.directory, bed.log, refuse);
    const journal = await bed.open(UNDISTURBED, { files });
    await journal.append(entryOf({ class: 'security' }));
    await journal.rotate();
    await journal.close();
    expect(bed.lines.filter(({ message }) => message.includes('chattr'))).toHaveLength(1);
    expect(verifyJournal(bed.directory).verdict).toBe('intact');
  });
});
