import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bed, keyRing, PATIENT } from '../journal/journal.fixture.ts';
import { openCheckpoint } from '../proof/checkpoint.ts';
import { parseVerifierKey } from '../proof/note.ts';
import { makeSample, type Sample, TAMPERINGS } from './tampering.fixture.ts';
import { EXIT_CODES, main, verifyJournal } from './verify.ts';

let sample: Sample;
beforeAll(async () => {
  sample = await makeSample();
});
afterAll(() => sample[Symbol.asyncDispose]());

describe('the verifier', PATIENT, () => {
  it('finds nothing wrong where nothing is', () => {
    const { bed, key, early, final } = sample;
    const report = verifyJournal(bed.directory, { key, checkpoints: [early, final] });
    expect(report).toMatchObject({ verdict: 'intact', segments: 3, archived: 0, size: 9, signed_size: 9, notes: [] });
  });

  it.each(TAMPERINGS)('says that $what', async ({ verdict, fault, isSeenElsewhere, change }) => {
    const { key, final } = sample;
    const directory = await sample.copy();
    await change(directory, sample);
    if (isSeenElsewhere === true) expect(verifyJournal(directory, { key }).verdict).toBe('intact');
    const checkpoints = isSeenElsewhere === true ? [final] : [];
    expect(verifyJournal(directory, { key, checkpoints })).toMatchObject({
      verdict,
      fault: { file: expect.any(String) as string, ...fault },
    });
  });

  it('refuses another key, and a journal that somebody else began', async () => {
    await using other = await Bed.create();
    const journal = await other.open({}, { keyRing: keyRing() });
    const { public_key } = journal.status();
    await journal.close();
    const { bed, key } = sample;
    expect(verifyJournal(bed.directory, { key: public_key })).toMatchObject({ verdict: 'untrusted' });
    expect(verifyJournal(other.directory, { key })).toMatchObject({ verdict: 'untrusted' });
    const mixed = await sample.copy();
    await cp(join(other.directory, 'checkpoints'), join(mixed, 'checkpoints'));
    expect(verifyJournal(mixed)).toMatchObject({ verdict: 'untrusted' });
  });

  it('agrees with the signer about checkpoints', async () => {
    const { key, early, final } = sample;
    const { publicKey } = parseVerifierKey(key) ?? {};
    expect(publicKey === undefined ? undefined : openCheckpoint(early, publicKey)?.size).toBe(5);
    expect(publicKey === undefined ? 0 : openCheckpoint(final, publicKey)).toBeUndefined();
  });

  it('is a program with an exit code for each verdict', async () => {
    const { bed, key } = sample;
    const out: string[] = [];
    const run = (...args: string[]): number => main(args, (text) => void out.push(text));
    expect(run(bed.directory, '--key', key)).toBe(EXIT_CODES.intact);
    expect(out.join('')).toMatch(/^intact: 9 records from 0 in 3 segments, 9 signed\n/);
    const directory = await sample.copy();
    await rm(join(directory, '00000002.seg'));
    expect(run(directory, '--json')).toBe(10);
    expect(JSON.parse(out.at(-1) ?? '')).toMatchObject({ verdict: 'truncated' });
    expect(run()).toBe(2);
    expect(run('--unknown')).toBe(2);
    expect(run(bed.beside('nothing'))).toBe(3);
    const empty = bed.beside('empty');
    await mkdir(empty);
    expect(run(empty)).toBe(13);
  });
});
