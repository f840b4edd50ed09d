import { cp } from 'node:fs/promises';
import { createScope } from '@roundhouse/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AuditJournal } from '../journal/contract.ts';
import { Bed, elapse, keyRing } from '../journal/journal.fixture.ts';
import type { Actor } from '../record/entry.ts';
import { verifyJournal } from '../verify/verify.ts';
import { mortalFiles, policyOf, restored, retentionOf, threeDays, UNDISTURBED } from './retention.fixture.ts';

// In this thread: a new one takes ten times as long as what it has to do, hundreds of times.
vi.mock(import('./archiveThread.ts'), async () => {
  const { checkArchive } = await import('./archiveCheck.ts');
  return { checkInThread: async (check) => checkArchive(check) };
});

const ADA: Actor = { type: 'principal', id: 'ada', authentication: 'token' };

let written: Bed;
/** Written once, each time another copy of it is used. */
let journal: AuditJournal;
beforeAll(async () => {
  written = await Bed.create();
  journal = await threeDays(written, keyRing());
  await journal.close();
});
afterAll(() => written[Symbol.asyncDispose]());

async function copied(): Promise<Bed> {
  const bed = await Bed.create();
  await cp(written.directory, bed.directory, { recursive: true });
  await bed.clock.advance(written.clock.monotonic());
  return bed;
}

describe('retention that is killed', { timeout: 300_000 }, () => {
  it.each([
    ['archiving', policyOf('9d', 'remove', '2d')],
    ['erasing', policyOf('1d', 'erase')],
    ['removing', policyOf('1d')],
  ] as const)(
    'between any two changes of the disk while %s, loses nothing, verifies, and goes on',
    async (_, policy) => {
      using scope = createScope();
      let isDone = false;
      for (let changes = 0; !isDone; changes++) {
        await using bed = await copied();
        const key = journal.status().public_key;
        const files = mortalFiles();
        const dying = await bed.open(UNDISTURBED, { keyRing: keyRing(), files });
        files.arm(changes);
        await elapse(bed.clock, retentionOf(bed, dying, { policy }, { files }).run(ADA, scope)).catch(() => {});
        await dying.close();
        // The last checkpoint, which may be written as late as this, is a change too.
        isDone = files.left() > 0;
        const { verdict } = verifyJournal(bed.directory, { key });
        // A note or a record that was being written is not whole: the next opening cuts it off.
        expect(isDone ? ['pruned'] : ['intact', 'pruned', 'truncated'], `${changes}`).toContain(verdict);
        const again = await bed.open(UNDISTURBED, { keyRing: keyRing() });
        if (policy.archiveAfter !== undefined) {
          await again.checkpoint();
          expect(verifyJournal(await restored(bed, journal), { key }).fault, `${changes}`).toBeUndefined();
        }
        const { steps } = await retentionOf(bed, again, { policy }).run(ADA, scope);
        expect(steps.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
        await again.close();
        expect(verifyJournal(bed.directory, { key })).toMatchObject({ verdict: 'pruned' });
        if (policy.archiveAfter !== undefined) {
          expect(verifyJournal(await restored(bed, journal), { key }).verdict).toBe('intact');
        }
      }
    },
  );
});
