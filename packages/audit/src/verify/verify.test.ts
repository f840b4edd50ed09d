import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Bed, keyRing, PATIENT } from '../journal/journal.fixture.ts';
import { openCheckpoint, parseCheckpoint, signCheckpoint } from '../proof/checkpoint.ts';
import { CompactRange } from '../proof/merkle.ts';
import { parseVerifierKey } from '../proof/note.ts';
import { noteEntry, splitNotes } from '../proof/noteFile.ts';
import { entryOf } from '../record/entry.fixture.ts';
import { chainOf, decodeFrame, FLAGS, type Frame, frameLeaf } from '../segment/frame.ts';
import { decodeHeader, encodeHeader } from '../segment/header.ts';
import { EXIT_CODES, main, verifyJournal } from './verify.ts';

/** A small journal of three segments, closed; each test changes a copy. */
let bed: Bed;
let key: string;
/** Kept elsewhere while the journal was written. */
let early: string;
let final: string;
let copies = 0;

beforeAll(async () => {
  bed = await Bed.create();
  const journal = await bed.open({ checkpoint: { records: 3 } });
  const add = (id: string): Promise<unknown> =>
    journal.append(entryOf({ class: 'security', resource: { kind: 'k', id }, details: {} }));
  for (const id of ['a', 'b']) await add(id);
  await journal.rotate();
  for (const id of ['c', 'd']) await add(id);
  early = (await journal.checkpoint()).note;
  await journal.evolveKey();
  await journal.rotate();
  for (const id of ['e', 'f']) await add(id);
  await journal.inclusion(3);
  await journal.close();
  key = journal.status().public_key;
  final = (await readNotes(bed.directory, 'checkpoints')).at(-1) as string;
});
afterAll(() => bed[Symbol.asyncDispose]());

async function copy(): Promise<string> {
  const directory = bed.beside(`copy-${copies++}`);
  await cp(bed.directory, directory, { recursive: true });
  return directory;
}

async function readNotes(directory: string, name: string): Promise<readonly string[]> {
  return splitNotes(await readFile(join(directory, name))).notes;
}

async function change(directory: string, name: string, changed: (bytes: Buffer) => Buffer): Promise<void> {
  await writeFile(join(directory, name), changed(await readFile(join(directory, name))));
}

interface Parts {
  readonly head: Buffer;
  readonly frames: Buffer[];
}

function split(bytes: Buffer): Parts {
  const { length } = decodeHeader(bytes) as { length: number };
  const frames: Buffer[] = [];
  for (let at = length; at < bytes.length; at += frames.at(-1)?.length ?? 0) {
    frames.push(Buffer.from((decodeFrame(bytes, at, at) as Frame).bytes));
  }
  return { head: bytes.subarray(0, length), frames };
}

/** Changes the frames of a segment; its index would give it away too, so it goes. */
async function changeFrames(directory: string, number: number, changed: (frames: Buffer[]) => Buffer[]): Promise<void> {
  const { head, frames } = split(await readFile(join(directory, `0000000${number}.seg`)));
  await writeFile(join(directory, `0000000${number}.seg`), Buffer.concat([head, ...changed(frames)]));
  await rm(join(directory, `0000000${number}.leaf`), { force: true });
}

/** Works all hashes of the journal out again after `alter`, as somebody would who has every right but the old keys. */
async function forge(
  directory: string,
  alter: (text: string) => string,
): Promise<{ size: number; root: Buffer; chain: Buffer }[]> {
  const range = new CompactRange();
  let chain: Buffer = Buffer.alloc(32);
  let recordChain = chain;
  const states = [{ size: 0, root: range.root(), chain }];
  for (const number of [0, 1, 2]) {
    const path = join(directory, `0000000${number}.seg`);
    const { head, frames } = split(await readFile(path));
    const header = encodeHeader({
      ...(decodeHeader(head) as NonNullable<ReturnType<typeof decodeHeader>>).header,
      previous_chain: chain.toString('base64'),
      record_chain: recordChain.toString('base64'),
      root: range.root().toString('base64'),
      range: range.roots.map((root) => root.toString('base64')),
    });
    chain = header.digest;
    const parts = [header.bytes];
    let records = 0;
    for (const bytes of frames) {
      const isFooter = bytes[12] === FLAGS.footer;
      const text = bytes.toString('utf8', 13, bytes.length - 32);
      const footer = { ...(JSON.parse(text) as object), records, root: range.root().toString('base64') };
      const body = Buffer.from(isFooter ? JSON.stringify(footer) : alter(text));
      const next = Buffer.concat([bytes.subarray(0, 13), body, Buffer.alloc(32)]);
      next.writeUInt32BE(body.length);
      const frame = decodeFrame(next, 0, 0) as Frame;
      chain = chainOf(chain, frame);
      chain.copy(next, next.length - 32);
      parts.push(next);
      if (isFooter) continue;
      records++;
      range.append(frameLeaf(frame));
      recordChain = chain;
      states.push({ size: range.size, root: range.root(), chain });
    }
    await writeFile(path, Buffer.concat(parts));
    await rm(join(directory, `0000000${number}.leaf`));
  }
  return states;
}

/** The private key that the host has now, as a thief finds it. */
async function stolenSigner(directory: string): Promise<Parameters<typeof signCheckpoint>[1]> {
  const seed = Buffer.from(await readFile(join(directory, 'private', 'epoch-1.key'), 'utf8'), 'base64');
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return { name: key.split('+')[0] as string, privateKey, publicKey: createPublicKey(privateKey) };
}

describe('the verifier', PATIENT, () => {
  it('finds nothing wrong where nothing is', () => {
    const report = verifyJournal(bed.directory, { key, checkpoints: [early, final] });
    expect(report).toMatchObject({ verdict: 'intact', segments: 3, size: 9, signed_size: 9, notes: [] });
  });

  it.each<[string, string, (frames: Buffer[]) => Buffer[]]>([
    ['dropped', 'disordered', ([first, , ...rest]) => [first as Buffer, ...rest]],
    ['dropped at the beginning', 'disordered', ([, ...rest]) => rest],
    ['twice', 'disordered', ([first, ...rest]) => [first as Buffer, first as Buffer, ...rest]],
    ['swapped', 'disordered', ([first, second, ...rest]) => [second as Buffer, first as Buffer, ...rest]],
    ['cut', 'truncated', (frames) => [...frames.slice(0, -1), (frames.at(-1) as Buffer).subarray(0, 20)]],
    ['cut off with all behind it', 'truncated', (frames) => frames.slice(0, 1)],
    ['behind the end', 'disordered', (frames) => [...frames, frames[0] as Buffer]],
  ])('names a record that is %s', async (_, verdict, changed) => {
    for (const segment of [0, 1, 2]) {
      const directory = await copy();
      await changeFrames(directory, segment, changed);
      expect(verifyJournal(directory, { key })).toMatchObject({
        verdict,
        fault: { file: expect.any(String) as string },
      });
    }
  });

  it('says where a record was altered', async () => {
    const directory = await copy();
    await change(directory, '00000001.seg', (bytes) => {
      bytes[bytes.indexOf('"id":"d"') + 6] = 'x'.charCodeAt(0);
      return bytes;
    });
    expect(verifyJournal(directory)).toMatchObject({ verdict: 'altered', fault: { file: '00000001.seg', seq: 4 } });
  });

  it('names segments that are missing, swapped or twice', async () => {
    const at = (directory: string, number: number): string => join(directory, `0000000${number}.seg`);
    const first = await copy();
    await rm(at(first, 0));
    expect(verifyJournal(first)).toMatchObject({ verdict: 'disordered' });
    const middle = await copy();
    await rm(at(middle, 1));
    expect(verifyJournal(middle)).toMatchObject({ verdict: 'disordered', fault: { file: '00000001.seg' } });
    const last = await copy();
    await rm(at(last, 2));
    expect(verifyJournal(last)).toMatchObject({ verdict: 'truncated' });
    const swapped = await copy();
    await rename(at(swapped, 1), at(swapped, 9));
    await rename(at(swapped, 2), at(swapped, 1));
    await rename(at(swapped, 9), at(swapped, 2));
    expect(verifyJournal(swapped)).toMatchObject({ verdict: 'disordered', fault: { file: '00000001.seg' } });
    const twice = await copy();
    await cp(at(twice, 2), at(twice, 3));
    expect(verifyJournal(twice)).toMatchObject({ verdict: 'disordered', fault: { file: '00000003.seg' } });
  });

  it('cannot be deceived with the present key about what was before it', async () => {
    const directory = await copy();
    const states = await forge(directory, (text) => text.replace('"id":"a"', '"id":"z"'));
    await rm(join(directory, 'tree'), { force: true });
    expect(verifyJournal(directory, { key })).toMatchObject({ verdict: 'altered' });
    // All checkpoints signed again, with the key that is there.
    const signer = await stolenSigner(directory);
    const facts = (await readNotes(directory, 'checkpoints'))
      .map((note) => parseCheckpoint(note))
      .filter((each) => each !== undefined);
    const resigned = facts.map((each) => signCheckpoint({ ...each, ...states[each.size], epoch: 1 }, signer));
    await writeFile(join(directory, 'checkpoints'), resigned.map(({ note }) => noteEntry(note)).join(''));
    expect(verifyJournal(directory, { key })).toMatchObject({ verdict: 'untrusted' });
    // Only those that it may sign: the old key has said what the tree was when this one began.
    const allowed = resigned.slice(-1).map(({ note }) => noteEntry(note));
    await writeFile(join(directory, 'checkpoints'), allowed.join(''));
    expect(verifyJournal(directory, { key })).toMatchObject({ verdict: 'altered', fault: { file: 'keys' } });
  });

  it('learns from a checkpoint kept elsewhere what a thief of the key did since', async () => {
    const directory = await copy();
    const states = await forge(directory, (text) => text.replace('"id":"e"', '"id":"z"'));
    await rm(join(directory, 'tree'), { force: true });
    const signer = await stolenSigner(directory);
    const notes = await readNotes(directory, 'checkpoints');
    const forged = notes.map((note) => {
      const old = parseCheckpoint(note);
      return old === undefined || old.epoch === 0 ? note : signCheckpoint({ ...old, ...states[old.size] }, signer).note;
    });
    await writeFile(join(directory, 'checkpoints'), forged.map(noteEntry).join(''));
    expect(verifyJournal(directory, { key }).verdict).toBe('intact');
    expect(verifyJournal(directory, { key, checkpoints: [final] })).toMatchObject({ verdict: 'altered' });
  });

  it('knows an old state that is played again, by its checkpoints or by one kept elsewhere', async () => {
    const replayed = await copy();
    await change(replayed, 'checkpoints', (bytes) => Buffer.concat([bytes, Buffer.from(noteEntry(early))]));
    expect(verifyJournal(replayed)).toMatchObject({ verdict: 'disordered', fault: { file: 'checkpoints' } });
    const old = await copy();
    await rm(join(old, '00000002.seg'));
    await rm(join(old, '00000002.leaf'), { force: true });
    const [firstKey] = await readNotes(old, 'keys');
    await writeFile(join(old, 'keys'), noteEntry(firstKey as string));
    await writeFile(join(old, 'checkpoints'), noteEntry(early));
    expect(verifyJournal(old, { key }).verdict).toBe('intact');
    expect(verifyJournal(old, { key, checkpoints: [final] })).toMatchObject({ verdict: 'untrusted' });
  });

  it('refuses another key, and a journal that somebody else began', async () => {
    await using other = await Bed.create();
    const journal = await other.open({}, { keyRing: keyRing() });
    const { public_key } = journal.status();
    await journal.close();
    expect(verifyJournal(bed.directory, { key: public_key })).toMatchObject({ verdict: 'untrusted' });
    expect(verifyJournal(other.directory, { key })).toMatchObject({ verdict: 'untrusted' });
    const mixed = await copy();
    await cp(join(other.directory, 'checkpoints'), join(mixed, 'checkpoints'));
    expect(verifyJournal(mixed)).toMatchObject({ verdict: 'untrusted' });
  });

  it('agrees with the signer about checkpoints', async () => {
    const { publicKey } = parseVerifierKey(key) ?? {};
    expect(publicKey === undefined ? undefined : openCheckpoint(early, publicKey)?.size).toBe(5);
    expect(publicKey === undefined ? 0 : openCheckpoint(final, publicKey)).toBeUndefined();
  });

  it('is a program with an exit code for each verdict', async () => {
    const out: string[] = [];
    const run = (...args: string[]): number => main(args, (text) => void out.push(text));
    expect(run(bed.directory, '--key', key)).toBe(EXIT_CODES.intact);
    expect(out.join('')).toMatch(/^intact: 9 records from 0 in 3 segments, 9 signed\n/);
    const directory = await copy();
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
