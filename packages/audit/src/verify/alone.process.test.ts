import { randomInt } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { createScope } from '@roundhouse/core';
import { startPeer } from '@roundhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bed, keyRing } from '../journal/journal.fixture.ts';
import type { AuditJournal } from '../journal/contract.ts';
import { entryOf } from '../record/entry.fixture.ts';
import { archiveOf, policyOf, retentionOf, UNDISTURBED } from '../retention/retention.fixture.ts';
import { makeSample, type Sample, TAMPERINGS } from './tampering.fixture.ts';
import type * as Verifier from './verify.ts';

/** As it is shipped: what the bin `roundhouse-verify` is. */
const BUILT = fileURLToPath(new URL('../../dist/verify/verify.js', import.meta.url));
/** Bits that are changed of a byte, one at a time: each time all of a journal is verified. */
const BITS_OF_A_BYTE = process.env['ROUNDHOUSE_LONG'] === '1' ? 8 : 1;
/** Another one in every run, and in the next byte the next. */
const FIRST_BIT = randomInt(8);
/** What stands behind a text in base64, whose last character has bits to spare: of that all are changed. */
const ENDS: ReadonlySet<number | undefined> = new Set([...Buffer.from('="\n'), undefined]);
const ADA = { type: 'principal', id: 'ada', authentication: 'token' } as const;
const strict = entryOf({ class: 'security' });

let bed: Bed;
let program: string;
let verifier: typeof Verifier;
let sample: Sample;
beforeAll(async () => {
  bed = await Bed.create();
  const alone = bed.beside('alone');
  await mkdir(alone);
  program = join(alone, 'verify.js');
  await copyFile(BUILT, program);
  // By Node itself: the test runner would translate what it imports.
  verifier = createRequire(import.meta.url)(program) as typeof Verifier;
  sample = await makeSample();
});
afterAll(async () => {
  await sample[Symbol.asyncDispose]();
  await bed[Symbol.asyncDispose]();
});

/** Files in memory, one of which may be another. */
class Copies implements Verifier.Files {
  readonly names: ReadonlySet<string>;
  readonly #bytes: ReadonlyMap<string, Buffer>;
  changed: readonly [name: string, bytes: Buffer] | undefined;

  private constructor(bytes: ReadonlyMap<string, Buffer>) {
    this.names = new Set(bytes.keys());
    this.#bytes = bytes;
  }

  static async of(directory: string): Promise<Copies> {
    const files = (await readdir(directory, { withFileTypes: true })).filter((each) => each.isFile());
    const read = files.map(async ({ name }) => [name, await readFile(join(directory, name))] as const);
    return new Copies(new Map(await Promise.all(read)));
  }

  bytes(name: string): Buffer {
    return this.#bytes.get(name) as Buffer;
  }

  readonly read = (name: string): Buffer =>
    Buffer.from(this.changed?.[0] === name ? this.changed[1] : this.bytes(name));
}

/** Bits (of the first byte 0 to 7) of which the verifier does not say in which file they are others. */
function missedBits(whole: Buffer, verify: (changed: Buffer) => Verifier.Report): readonly number[] {
  const missed: number[] = [];
  const changed = Buffer.from(whole);
  for (const [at, byte] of whole.entries()) {
    const bits = ENDS.has(whole[at + 1]) ? 8 : BITS_OF_A_BYTE;
    for (let n = 0; n < bits; n++) {
      const bit = (FIRST_BIT + at + n) & 7;
      changed[at] = byte ^ (1 << bit);
      const { verdict, fault } = verify(changed);
      if (verdict === 'intact' || verdict === 'pruned' || fault?.file === undefined) missed.push(at * 8 + bit);
    }
    changed[at] = byte;
  }
  return missed;
}

/** Two closed segments, of which the archive alone has the first. */
async function archivedJournal(own: Bed): Promise<AuditJournal> {
  using scope = createScope();
  // As few checkpoints as there can be: each is verified for each bit.
  const journal = await own.open({ ...UNDISTURBED, checkpoint: { intervalMs: 2_000_000_000 } }, { keyRing: keyRing() });
  await journal.append(strict);
  await journal.checkpoint();
  await journal.rotate();
  await own.clock.advance(3 * 86_400_000);
  const { steps } = await retentionOf(own, journal, { policy: policyOf('9d', 'remove', '2d') }).run(ADA, scope);
  expect(steps[0]).toMatchObject({ action: 'archive', outcome: 'done' });
  await journal.close();
  return journal;
}

describe('the verifier as it is shipped, alone in a directory', { timeout: 600_000 }, () => {
  it('names the file of a bit that is another in any byte of sealed segments, checkpoints, keys, and archives', async () => {
    await using own = await Bed.create();
    const journal = await archivedJournal(own);
    const { public_key: key } = journal.status();
    const files = await Copies.of(own.directory);
    const archive = await Copies.of(archiveOf(own, journal));
    const verify = (options: Verifier.VerifyOptions): Verifier.Report =>
      verifier.verifyFiles([...files.names], files.read, { key, ...options });
    expect(verify({ archive })).toMatchObject({ verdict: 'intact', segments: 2, archived: 1 });
    expect(verify({})).toMatchObject({ verdict: 'pruned', segments: 1, archived: 0 });

    const kept = ['00000001.leaf', '00000001.seg', 'checkpoints', 'keys', 'pruned'];
    expect([...files.names].filter((name) => !/\.key$|^lock$/.test(name)).toSorted()).toEqual(kept);
    const moved = ['00000000.key', '00000000.manifest.json', '00000000.seg.zst'];
    expect([...archive.names].toSorted()).toEqual(moved);
    for (const [copies, name] of [
      ...kept.map((each) => [files, each] as const),
      ...moved.map((each) => [archive, each] as const),
    ]) {
      const missed = missedBits(copies.bytes(name), (changed) => {
        copies.changed = [name, changed];
        // What was removed is looked at where nobody has it any more.
        return verify(name === 'pruned' ? {} : { archive });
      });
      copies.changed = undefined;
      expect(missed, name).toEqual([]);
    }
    expect(verify({ archive }).verdict).toBe('intact');
  });

  it('names the file of a bit that is another in any byte of segments that are not sealed, and their leaves', async () => {
    await using own = await Bed.create();
    const journal = await own.open();
    await journal.append(strict);
    await journal.rotate();
    await journal.inclusion(1);
    await journal.close();
    const { public_key: key } = journal.status();
    const files = await Copies.of(own.directory);
    for (const name of ['00000000.seg', '00000000.leaf', '00000001.seg', '00000001.leaf']) {
      const missed = missedBits(files.bytes(name), (changed) => {
        files.changed = [name, changed];
        return verifier.verifyFiles([...files.names], files.read, { key });
      });
      expect(missed, name).toEqual([]);
    }
  });

  it('names a bit that is another in any byte of the tree, and of proofs', async () => {
    await using own = await Bed.create();
    const journal = await own.open({}, { keyRing: keyRing() });
    const early = await journal.checkpoint();
    await Promise.all(Array.from({ length: 1_100 }, () => journal.append(strict)));
    const late = await journal.checkpoint();
    const proofs = [await journal.inclusion(1_050), await journal.consistency(early.size, late.size)];
    await journal.close();
    const { public_key: key } = journal.status();
    const files = await Copies.of(own.directory);
    const tree = missedBits(files.bytes('tree'), (changed) => {
      files.changed = ['tree', changed];
      return verifier.verifyFiles([...files.names], files.read, { key });
    });
    expect([files.bytes('tree').length, tree]).toEqual([32, []]);
    const checkpoints = [early.note, late.note];
    for (const proof of proofs) {
      const text = Buffer.from(JSON.stringify(proof));
      const verify = (changed: Buffer): Verifier.Report =>
        verifier.verifyProof(changed.toString(), files.bytes('keys'), { key, checkpoints });
      expect(verify(text).verdict).toBe('intact');
      expect(missedBits(text, verify), proof.kind).toEqual([]);
    }
  });

  it.each(TAMPERINGS)('says that $what, in process and by its exit code', async (tampering) => {
    const { verdict, fault, isSeenElsewhere } = tampering;
    const { key, final } = sample;
    const directory = await sample.copy();
    await tampering.change(directory, sample);
    const elsewhere = join(directory, 'elsewhere');
    await writeFile(elsewhere, final);
    const args = [directory, '--key', key, ...(isSeenElsewhere === true ? ['--checkpoint', elsewhere] : [])];
    let output = '';
    const code = verifier.main([...args, '--json'], (text) => {
      output += text;
    });
    expect(JSON.parse(output)).toMatchObject({ verdict, fault: { ...fault } });
    expect(code).toBe(verifier.EXIT_CODES[verdict]);
    // As a program too, of each kind of verdict one: a process takes its time.
    if (TAMPERINGS.find((each) => each.verdict === verdict) === tampering) {
      const ran = await run(...args);
      expect(ran.code).toBe(code);
      expect(ran.output).toMatch(new RegExp(`^${verdict}: `));
    }
  });

  it('takes a copy of the journal and of its archive, and nothing else', async () => {
    await using own = await Bed.create();
    const journal = await archivedJournal(own);
    const key = journal.status().public_key;
    const archive = archiveOf(own, journal);
    expect((await run(own.directory, '--key', key, '--archive', archive)).code).toBe(0);
    expect((await run(own.directory, '--key', key)).code).toBe(14);
    expect(
      (
        await run(
          own.directory,
          '--key',
          key.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
        )
      ).code,
    ).toBe(3);
    expect((await run()).code).toBe(2);
    expect((await run(own.beside('nothing'))).code).toBe(3);
    expect(await readFile(BUILT, 'utf8')).not.toMatch(/from '(?!node:)|import\(/);
  });
});

async function run(...args: string[]): Promise<{ code: number | null; output: string }> {
  const peer = await startPeer(process.execPath, ['--no-warnings', program, ...args], { cwd: join(program, '..') });
  const { code } = await peer.exited;
  return { code, output: peer.output };
}
