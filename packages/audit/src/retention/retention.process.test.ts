import { createScope } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { Bed, elapse, keyRing } from '../journal/journal.fixture.ts';
import type { Actor } from '../record/entry.ts';
import { verifyJournal } from '../verify/verify.ts';
import { mortalFiles, policyOf, restored, retentionOf, threeDays, UNDISTURBED } from './retention.fixture.ts';

const ADA: Actor = { type: 'principal', id: 'ada', authentication: 'token' };

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
        await using bed = await Bed.create();
        const journal = await threeDays(bed, keyRing());
        const key = journal.status().public_key;
        await journal.close();
        const files = mortalFiles();
        const dying = await bed.open(UNDISTURBED, { keyRing: keyRing(), files });
        files.arm(changes);
        await elapse(bed.clock, retentionOf(bed, dying, { policy }, { files }).run(ADA, scope)).catch(() => {});
        isDone = files.left() > 0;
        await dying.close();
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
